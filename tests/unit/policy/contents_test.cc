// Exec rules that list contents: parsed, checked, compiled, merged and asked.
#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;

const std::string kA(64, 'a');
const std::string kB = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";

std::string exec(const std::string& rule) {
    return problem("version: 1\nprofiles:\n  - {name: a, exec: [{" + rule + "}]}\n");
}

std::shared_ptr<const Policy> with(const std::string& rules) {
    return must_load("version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n    exec:\n" +
                     rules);
}

TEST(Contents, AnExecRuleMayListThem) {
    EXPECT_EQ(exec("verdict: allow, path: [/x], sha256: [" + kA + ", " + kB + "]"), "no problem");
    EXPECT_EQ(exec("verdict: audit, rights: [load], path: [/x], sha256: [" + kA + "]"),
              "no problem");
}

TEST(Contents, WhatIsNoDigestIsNamedWithItsPlace) {
    for (const std::string& wrong :
         {std::string("abc"), kA + "a", "g" + kA.substr(1), "sha256:" + kA, std::string(64, '0')})
        EXPECT_THAT(exec("verdict: allow, path: [/x], sha256: [" + wrong + "]"),
                    HasSubstr("expected a SHA-256 of 64 hexadecimal digits"))
            << wrong;
    EXPECT_THAT(exec("verdict: allow, path: [/x], sha256: [abc]"), HasSubstr("p.yaml:3:60: "));
    EXPECT_THAT(exec("verdict: allow, path: [/x], sha256: []"), HasSubstr("sha256"));
}

TEST(Contents, OnlyRulesThatAllowFilesByPathHaveThem) {
    EXPECT_THAT(exec("verdict: deny, path: [/x], sha256: [" + kA + "]"),
                HasSubstr("a deny has no sha256"));
    EXPECT_THAT(exec("verdict: hold, path: [/x], sha256: [" + kA + "]"),
                HasSubstr("a rule that holds has no sha256"));
    EXPECT_THAT(exec("verdict: allow, name: [x], sha256: [" + kA + "]"), HasSubstr("needs `path`"));
    EXPECT_THAT(exec("verdict: allow, path: [/x], suffix: [.so], sha256: [" + kA + "]"),
                HasSubstr("needs `path`"));
    EXPECT_THAT(exec("verdict: allow, path: [\"${workspace}/x\"], sha256: [" + kA + "]"),
                HasSubstr("the same for every session"));
    EXPECT_THAT(problem("version: 1\nprofiles:\n  - {name: a, files: [{verdict: allow, path: [/x], "
                        "sha256: [" +
                        kA + "]}]}\n"),
                HasSubstr("only exec rules have sha256"));
}

TEST(Contents, ALabelSaysWhichProfilesListThem) {
    const auto policy = with("      - {verdict: allow, path: [/x], sha256: [" + kA + "]}\n");
    EXPECT_TRUE(policy->image.policy.flags & BAILIFF_POLICY_HAS_CONTENTS);
    const auto rows = policy->image.paths.at("/x").listed();
    ASSERT_EQ(rows.size(), 2U);
    for (const Sha256& content : {Sha256{}, *parse_sha256(kA)}) {
        EXPECT_EQ(rows.at(content).exec.word[0], 1U);
        EXPECT_EQ(rows.at(content).load.word[0], 1U);
    }
    const Saying* saying = policy->image.paths.at("/x").find(BAILIFF_RIGHT_EXEC, 0);
    EXPECT_EQ(policy->image.rules[saying->rule].text, "allow exec path /x sha256 " + kA);
}

TEST(Contents, APolicyWithoutThemSaysSo) {
    const auto policy = with("      - {verdict: allow, path: [/x]}\n");
    EXPECT_FALSE(policy->image.policy.flags & BAILIFF_POLICY_HAS_CONTENTS);
    EXPECT_TRUE(policy->image.paths.at("/x").listed().empty());
}

TEST(Contents, WhatTwoRulesListCountsTogether) {
    const auto policy = with("      - {verdict: allow, path: [/x], sha256: [" + kA +
                             "]}\n      - {verdict: allow, path: [/x], sha256: [" + kB + "]}\n");
    EXPECT_EQ(policy->image.paths.at("/x").listed().size(), 3U);
}

TEST(Contents, ARuleThatListsNoneDoesNotTakeTheListAway) {
    const auto policy = with(
        "      - {verdict: allow, path: [/x]}\n"
        "      - {verdict: allow, path: [/x], sha256: [" +
        kA + "]}\n");
    const Label& label = policy->image.paths.at("/x");
    EXPECT_TRUE(label.lists_contents());
    EXPECT_EQ(policy->image.rules[label.find(BAILIFF_RIGHT_EXEC, 0)->rule].at.line, 7U);
}

TEST(Contents, ADenyOfTheSamePathIsStricter) {
    const auto policy = with(
        "      - {verdict: deny, path: [/x]}\n"
        "      - {verdict: allow, path: [/x], sha256: [" +
        kA + "]}\n");
    EXPECT_FALSE(policy->image.paths.at("/x").lists_contents());
}

TEST(Contents, AListTakesAwayToo) {
    const auto policy = with("      - {verdict: allow, path: [/x], sha256: [" + kA + "]}\n");
    EXPECT_FALSE(policy->image.paths.at("/x").denials().empty());
}

TEST(Contents, TheAnswerDependsOnWhatTheFileHolds) {
    bailiff::tests::TemporaryFolder folder;
    const std::string file = folder.file("tool");
    bailiff::tests::put_file(file, "good");
    const auto policy = must_load(
        around("  - {name: user, default: {exec: allow, files: allow, network: allow}}\n"
               "  - name: agent\n    default: {exec: allow}\n    exec:\n      - {verdict: allow, "
               "path: [" +
               file + "], sha256: [" + hex(sha256("good")) + "]}\n"));
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_EXEC, file), "allow");
    bailiff::tests::put_file(file, "bad");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_EXEC, file), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_LOAD, file), "deny");
    std::filesystem::remove(file);
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_EXEC, file), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_EXEC, folder.file("other")), "allow");
}

} // namespace
} // namespace bailiff::policy::tests
