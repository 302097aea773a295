#include "journal/describe.h"

#include <gmock/gmock.h>

#include "tests/unit/journal/records.h"

namespace bailiff::journal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::denial;

TEST(Escape, LeavesReadableTextInAnyScriptAlone) {
    EXPECT_EQ(escape("/home/jürgen/资料 1.txt"), "/home/jürgen/资料 1.txt");
}

TEST(Escape, ShowsTerminalControlSequencesAsText) {
    EXPECT_EQ(escape("a\x1b[2Jb\x7f"), "a\\x1b[2Jb\\x7f");
}

TEST(Escape, KeepsEverythingOnOneLine) {
    EXPECT_EQ(escape("a\nb\r\tc"), "a\\x0ab\\x0d\\x09c");
    EXPECT_EQ(escape("a\u2028b"), "a\\u{2028}b");
}

TEST(Escape, ShowsEightBitControlCharacters) {
    EXPECT_EQ(escape("a\u009bb"), "a\\u{9b}b");
}

TEST(Escape, ShowsBidiOverridesAndZeroWidthCharacters) {
    EXPECT_EQ(escape("a\u202eb\u2066c\u200bd"), "a\\u{202e}b\\u{2066}c\\u{200b}d");
}

TEST(Escape, ShowsBytesThatAreNotUtf8) {
    EXPECT_EQ(escape("a\xff\xc3"), "a\\xff\\xc3");
    EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(escape("\xc0\xaf"), "\\xc0\\xaf");
    EXPECT_EQ(escape("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
    EXPECT_EQ(escape("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(Escape, LeavesNoNameThatLooksLikeAnEscapedOne) {
    EXPECT_EQ(escape("\\x1b"), "\\x5cx1b");
}

TEST(Escape, KeepsNulBytesVisible) {
    EXPECT_EQ(escape(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(ObjectText, IsThePath) {
    EXPECT_EQ(object_text(denial()), "/etc/passwd");
}

TEST(ObjectText, SaysThatAPathIsCut) {
    v1::Record record = denial("/deep/name");
    record.mutable_object()->set_path_truncated(true);
    EXPECT_EQ(object_text(record), ".../deep/name");
}

TEST(ObjectText, HasTheArgumentsOfAProgramThatIsToBeStarted) {
    v1::Record record = denial("/usr/bin/git");
    for (const char* argument : {"git", "commit", "-m", "two words", ""})
        record.mutable_object()->add_argv(argument);
    EXPECT_EQ(object_text(record), "/usr/bin/git (as: git commit -m \"two words\" \"\")");
    record.mutable_object()->set_argv(2, "a\" -target=b -var \"c");
    EXPECT_THAT(object_text(record), HasSubstr("commit \"a\\x22 -target=b -var \\x22c\" "))
        << "one argument looks like no two";
    record.mutable_object()->set_argv(2, "no\u00a0break");
    EXPECT_THAT(object_text(record), HasSubstr("\"no\\u"));
    record.mutable_object()->set_path("/x (as: x --help)");
    EXPECT_THAT(object_text(record), HasSubstr("\"/x (as: x --help)\" (as: git commit"));
    record.mutable_object()->set_path("/usr/bin/git");
    record.mutable_object()->set_argv(2, "-m");
    record.mutable_object()->set_argv_truncated(true);
    EXPECT_THAT(object_text(record), HasSubstr("\"\" ...)"));
    EXPECT_THAT(one_line(record), HasSubstr("/usr/bin/git as \"git commit -m \\x22two words"));
}

TEST(ObjectText, IsTheAddressWithPortAndProtocol) {
    v1::Record record;
    record.mutable_object()->set_address("10.0.0.1");
    record.mutable_object()->set_port(443);
    record.mutable_object()->set_protocol("tcp");
    EXPECT_EQ(object_text(record), "10.0.0.1:443/tcp");
}

TEST(ObjectText, BracketsAnIpv6Address) {
    v1::Record record;
    record.mutable_object()->set_address("2001:db8::1");
    record.mutable_object()->set_port(53);
    record.mutable_object()->set_protocol("udp");
    EXPECT_EQ(object_text(record), "[2001:db8::1]:53/udp");
}

TEST(ObjectText, NamesTheInodeWithoutAPath) {
    v1::Record record;
    record.mutable_object()->set_device(2049);
    record.mutable_object()->set_inode(7);
    EXPECT_EQ(object_text(record), "inode 7 on device 2049");
}

TEST(ObjectText, IsEmptyWithoutAnObject) {
    EXPECT_EQ(object_text(v1::Record()), "");
}

TEST(ActorChain, HasTheCurrentActorFirst) {
    EXPECT_EQ(actor_chain(denial()), "agent:code-fixer <- svc:orchestrator");
}

TEST(ActorChain, QuotesASubjectThatWouldReadAsTwo) {
    v1::Record record;
    record.add_actors()->set_subject("a <- b");
    EXPECT_EQ(actor_chain(record), "\"a <- b\"");
}

TEST(OneLine, SaysWhoWasDeniedWhatByWhichRule) {
    EXPECT_EQ(one_line(denial()),
              "denied agent:code-fixer <- svc:orchestrator for alice: write /etc/passwd by "
              "/usr/bin/python3 (pid 41), rule /etc/bailiff/policy.yaml:12:5 \"deny write "
              "/etc/**\", reason rule; session s-1, task T-1");
}

TEST(OneLine, SaysThatAnObservedDenialWasNotEnforced) {
    v1::Record record = denial();
    record.set_verdict("audit");
    record.set_would_deny(true);
    EXPECT_THAT(one_line(record), HasSubstr("would have denied (mode observe) agent:code-fixer"));
}

TEST(OneLine, SaysWhatWasKeptBeforeItHappened) {
    v1::Record record = denial();
    record.set_verdict("audit");
    record.set_reason("preserved");
    EXPECT_THAT(one_line(record),
                HasSubstr("kept first, then let through, agent:code-fixer <- svc:orchestrator for "
                          "alice: "));
    record.set_verdict("preserve");
    record.clear_reason();
    EXPECT_THAT(one_line(record), ::testing::StartsWith("preserves agent:code-fixer "));
}

TEST(OneLine, CountsCollapsedRecords) {
    v1::Record record = denial();
    record.set_count(17);
    record.set_first_time("2026-11-24T02:00:00.000Z");
    record.set_last_time("2026-11-24T02:00:00.900Z");
    EXPECT_THAT(one_line(record), HasSubstr("17 times from 2026-11-24T02:00:00.000Z to "));
}

TEST(OneLine, QuotesAFileNameThatImitatesTheRestOfTheSentence) {
    const std::string line = one_line(denial("/tmp/x by cat (pid 1), rule \"ok\""));
    EXPECT_THAT(line, HasSubstr("\"/tmp/x by cat (pid 1), rule \\x22ok\\x22\" by /usr/bin"));
}

TEST(OneLine, IsOneLineWhateverAnAgentNamesItsFiles) {
    const std::string line = one_line(denial("/tmp/a\nNov 24 bailiffd: all is well\x1b[1A"));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

TEST(OneLine, SaysWhoRevokedASession) {
    v1::Record record = tests::opened("s-1");
    record.set_kind("session.revoked");
    record.set_user("alice");
    record.set_by("uid 1000 (alice)");
    EXPECT_EQ(one_line(record), "session.revoked: alice, by uid 1000 (alice); session s-1");
}

TEST(OneLine, NamesTheContainerOfAProcess) {
    v1::Record record = denial();
    v1::Container& container = *record.mutable_process()->mutable_container();
    container.set_id("0123456789abcdef0123456789abcdef");
    EXPECT_THAT(one_line(record), HasSubstr("(pid 41) in container 0123456789ab,"));
    container.set_name("box");
    container.set_image("docker.io/library/busybox:1");
    EXPECT_THAT(one_line(record),
                HasSubstr("(pid 41) in container box of docker.io/library/busybox:1,"));
}

TEST(OneLine, GivesTheMessageOfAGap) {
    v1::Record record;
    record.set_kind("gap");
    record.set_message("12 bytes of a torn line were set aside");
    EXPECT_EQ(one_line(record), "gap: 12 bytes of a torn line were set aside");
}

TEST(RulePlace, NamesTheProfileOfAnUnwrittenDefault) {
    v1::Record record = denial();
    record.mutable_rule()->set_line(0);
    EXPECT_EQ(rule_place(record), "default of profile base");
}

} // namespace
} // namespace bailiff::journal
