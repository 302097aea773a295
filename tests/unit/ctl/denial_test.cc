#include "ctl/denial.h"

#include "ctl/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/records.h"

namespace bailiff::ctl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(DenialLine, SaysWhatWhoWhichRuleAndWhatToAdd) {
    EXPECT_EQ(denial_line(denied_write()),
              "bailiff: denied write /etc/passwd by git (pid 123): policy.yaml:41 default of "
              "profile \"workspace\"; to allow: add a rule with verdict: allow, rights: [write], "
              "path: [/etc/passwd] to profile \"workspace\"");
}

TEST(DenialLine, WhatWaitsSaysHowItIsLetThrough) {
    v1::Record record = denied_write();
    record.set_verdict("hold");
    record.set_approval("00000000000000a1");
    EXPECT_THAT(denial_line(record), HasSubstr("bailiff: holds write /etc/passwd by git"));
    EXPECT_THAT(denial_line(record),
                EndsWith("; it waits until somebody lets it: bailiffctl approvals approve "
                         "00000000000000a1"));
    Denials denials;
    EXPECT_TRUE(denials.is_news(record));
    EXPECT_TRUE(denials.is_news(record)) << "each asks for an answer of its own";
    record.set_verdict("deny");
    record.set_reason("timed_out");
    EXPECT_THAT(denial_line(record), EndsWith(": it waited, and nobody answered in time"));
}

TEST(Why, SaysWhatTheDenialLineSaysAndWhen) {
    v1::GetRefusalResponse response;
    EXPECT_EQ(why_text(response), "nothing was denied to this session since bailiffd started\n");
    *response.mutable_refused() = denied_write();
    EXPECT_EQ(why_text(response), "2026-11-24T02:03:04.005Z " + denial_line(denied_write()) + "\n");
}

TEST(DenialLine, ARuleThatDeniesIsToBeChanged) {
    v1::Record record = denied_write();
    record.set_reason("rule");
    record.mutable_rule()->set_text("deny write path /etc");
    EXPECT_THAT(denial_line(record),
                EndsWith("policy.yaml:41 deny write path /etc (profile \"workspace\"); to allow: "
                         "change that rule"));
}

TEST(DenialLine, ANetworkDenialNamesTheNetworkRule) {
    v1::Record record = denied_write();
    record.clear_object();
    record.set_right("connect");
    record.mutable_object()->set_address("2001:db8::1");
    record.mutable_object()->set_port(443);
    record.mutable_object()->set_protocol("tcp");
    const std::string line = denial_line(record);
    EXPECT_THAT(line, HasSubstr("denied connect [2001:db8::1]:443/tcp by git"));
    EXPECT_THAT(line, HasSubstr("add a network rule with verdict: allow, rights: [connect], to: "
                                "[2001:db8::1], protocol: tcp, port: [443] to profile"));
}

TEST(DenialLine, AContentThatIsNotListedIsNamed) {
    v1::Record record = denied_write();
    record.set_right("exec");
    record.set_reason("content");
    record.mutable_rule()->set_text("allow exec path /opt/tool sha256 ab");
    record.mutable_object()->set_sha256("cd");
    EXPECT_THAT(denial_line(record),
                EndsWith("policy.yaml:41 allow exec path /opt/tool sha256 ab (profile "
                         "\"workspace\"): its content is not one that the rule lists: sha256 cd; "
                         "to allow: add its digest to that rule"));
    record.set_reason("changed");
    EXPECT_THAT(denial_line(record), HasSubstr("it changed since it was hashed"));
    record.set_reason("not_hashed");
    EXPECT_THAT(denial_line(record), HasSubstr("it is not hashed yet"));
}

TEST(DenialLine, AnExecRuleHasNoRights) {
    v1::Record record = denied_write();
    record.set_right("exec");
    record.mutable_object()->set_path("/usr/bin/curl");
    EXPECT_THAT(denial_line(record),
                HasSubstr("add an exec rule with verdict: allow, path: [/usr/bin/curl] to"));
}

TEST(DenialLine, WithoutARuleTheReasonSpeaksAndNothingIsAdvised) {
    v1::Record record = denied_write();
    record.clear_rule();
    record.set_reason("expired");
    EXPECT_EQ(denial_line(record),
              "bailiff: denied write /etc/passwd by git (pid 123): the session "
              "has expired");
}

TEST(DenialLine, ACommandIsChangedInItsRuleAndNeverAddedToADefault) {
    v1::Record record = denied_write();
    record.set_right("argv");
    record.set_reason("rule");
    record.mutable_rule()->set_text("deny class publish: argv npm publish");
    EXPECT_THAT(denial_line(record), EndsWith("; to allow: change that rule"));
    record.set_reason("default");
    EXPECT_THAT(denial_line(record), Not(HasSubstr("to allow")));
}

TEST(DenialLine, ArgumentsThatChangedSayThatThemselves) {
    v1::Record record = denied_write();
    record.set_right("argv");
    record.clear_rule();
    record.set_reason("argv_changed");
    EXPECT_THAT(denial_line(record), EndsWith(": its arguments were changed while it was started"));
}

TEST(DenialLine, WhatTheAgentNamedCannotSpeakToTheTerminal) {
    v1::Record record = denied_write();
    record.mutable_object()->set_path("/tmp/\x1b[2J\nbailiff: allowed");
    record.mutable_process()->set_comm("\x1b]0;x\a");
    const std::string line = denial_line(record);
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST(Denials, TellTheSameThingOnce) {
    Denials denials;
    v1::Record record = denied_write();
    EXPECT_TRUE(denials.is_news(record));
    record.mutable_process()->set_pid(124);
    EXPECT_FALSE(denials.is_news(record)) << "another process, the same denial";
    record.set_right("create");
    EXPECT_TRUE(denials.is_news(record));
    record.mutable_rule()->set_line(50);
    EXPECT_TRUE(denials.is_news(record));
    record.mutable_object()->set_path("/etc/shadow");
    EXPECT_TRUE(denials.is_news(record));
}

TEST(Denials, AreOnlyWhatWasReallyDenied) {
    Denials denials;
    v1::Record record = denied_write();
    record.set_would_deny(true);
    EXPECT_FALSE(denials.is_news(record));
    record = denied_write();
    record.set_verdict("audit");
    EXPECT_FALSE(denials.is_news(record));
}

} // namespace
} // namespace bailiff::ctl
