#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/policy/scene.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::policy::tests {
namespace {

constexpr const char* kOpen =
    "  - {name: user, default: {exec: allow, files: allow, network: allow}}\n";

std::shared_ptr<const Policy> agent_rules(const std::string& rules) {
    return must_load(around(std::string(kOpen) + "  - name: agent\n" + rules));
}

TEST(Eval, WhatNoRuleNamesFollowsTheDefault) {
    const auto policy = agent_rules("    default: {files: audit}\n");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/nowhere/x"), "audit");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_EXEC, "/nowhere/x"), "deny");
}

TEST(Eval, TheNearestRuleOnThePathWins) {
    const auto policy = agent_rules(
        "    files:\n"
        "      - {verdict: allow, path: [/srv]}\n"
        "      - {verdict: deny, path: [/srv/a]}\n"
        "      - {verdict: allow, rights: [read], path: [/srv/a/b]}\n");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_WRITE, "/srv/x"), "allow");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_WRITE, "/srv/a/x"), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/srv/a/b/x"), "allow");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_WRITE, "/srv/a/b/x"), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/srv/ab"), "allow");
}

TEST(Eval, TheStrictestLayerStands) {
    const auto policy =
        must_load(around("  - {name: user, default: {files: deny}}\n"
                         "  - {name: agent, default: {files: allow}}\n"));
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/x"), "deny");
}

TEST(Eval, NamesAndSuffixesHoldWhereverTheFileLies) {
    const auto policy = agent_rules(
        "    default: {files: allow}\n"
        "    files:\n"
        "      - {verdict: deny, name: [.env]}\n"
        "      - {verdict: deny, suffix: [.pem]}\n");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/a/b/.env"), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/a/b/key.pem"), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/a/b/env"), "allow");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/a/.env/x"), "allow");
}

TEST(Eval, VariablesAreTheSessionsOwn) {
    const auto policy = agent_rules("    files: [{verdict: allow, path: [\"${workspace}\"]}]\n");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_WRITE, "/srv/a/x", {"/srv/a", ""}), "allow");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_WRITE, "/srv/a/x", {"/srv/b", ""}), "deny");
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_WRITE, "/srv/a/x", {}), "deny");
}

TEST(Eval, TheLongestPrefixWinsAndOthersSayWhatItLeavesOpen) {
    const auto policy = agent_rules(
        "    network:\n"
        "      - {verdict: deny, to: [10.0.0.0/8]}\n"
        "      - {verdict: allow, to: [10.1.0.0/16], protocol: tcp, port: [443]}\n"
        "      - {verdict: allow, to: [\"::/0\"]}\n");
    EXPECT_EQ(ask_connect(*policy, "10.1.0.1", 443), "allow");
    EXPECT_EQ(ask_connect(*policy, "10.1.0.1", 80), "deny");
    EXPECT_EQ(ask_connect(*policy, "10.1.0.1", 443, 17), "deny");
    EXPECT_EQ(ask_connect(*policy, "10.2.0.1", 443), "deny");
    EXPECT_EQ(ask_connect(*policy, "192.0.2.1", 443), "deny");
    EXPECT_EQ(ask_connect(*policy, "2001:db8::1", 443), "allow");
}

TEST(Eval, AnyProtocolWithAPortMeansTcpAndUdp) {
    const auto policy = agent_rules("    network: [{verdict: allow, port: [53]}]\n");
    EXPECT_EQ(ask_connect(*policy, "192.0.2.1", 53, 6), "allow");
    EXPECT_EQ(ask_connect(*policy, "192.0.2.1", 53, 17), "allow");
    EXPECT_EQ(ask_connect(*policy, "192.0.2.1", 53, 132), "deny");
    EXPECT_EQ(ask_connect(*policy, "192.0.2.1", 54, 6), "deny");
}

TEST(Eval, ObserveTurnsADenialIntoARecord) {
    const auto policy =
        must_load(around("  - {name: user, default: {files: allow}}\n"
                         "  - {name: agent, mode: observe}\n"));
    EXPECT_EQ(ask(*policy, BAILIFF_RIGHT_READ, "/x"), "audit");
}

TEST(Eval, TheSentenceNamesTheLineThatDecides) {
    const auto policy = agent_rules(
        "    default: {files: allow}\n"
        "    files:\n"
        "      - {verdict: deny, path: [/etc]}\n");
    Question question;
    question.right = BAILIFF_RIGHT_DELETE;
    question.path = "/etc/x";
    const auto granted = grant(*policy, alice(), {});
    const Answer answer = evaluate(*policy, granted->profiles, {}, question);
    EXPECT_EQ(answer.sentence,
              "deny: p.yaml:11:10 deny files path /etc, profile agent, layer agent");
}

// Every layer allows; a rule says more about why than the default of the first layer.
TEST(Eval, TheSentenceOfAnAllowNamesARule) {
    const auto policy = agent_rules(
        "    files: [{verdict: allow, path: [\"${workspace}\"]}]\n"
        "    network: [{verdict: allow, to: [10.0.0.0/8]}]\n");
    Question question;
    question.right = BAILIFF_RIGHT_WRITE;
    question.path = "/srv/a/x";
    const auto granted = grant(*policy, alice(), {});
    const auto said = [&] {
        return evaluate(*policy, granted->profiles, {"/srv/a", ""}, question).sentence;
    };
    EXPECT_EQ(said(),
              "allow: p.yaml:9:14 allow files path ${workspace}, profile agent, layer agent");
    question.right = BAILIFF_RIGHT_CONNECT;
    question.address = *parse_prefix("10.1.1.1");
    question.protocol = 6;
    question.port = 443;
    EXPECT_EQ(said(),
              "allow: p.yaml:10:16 allow connect to 10.0.0.0/8, profile agent, layer agent");
}

TEST(Eval, WhereNoLayerHasARuleAnAllowIsADefault) {
    const auto policy = agent_rules("    default: {files: allow}\n");
    Question question;
    question.path = "/x";
    const auto granted = grant(*policy, alice(), {});
    EXPECT_EQ(evaluate(*policy, granted->profiles, {}, question).sentence,
              "allow: p.yaml:7:48 default allow read, profile user, layer user");
}

// As the kernel's tables are filled (session/layout.h).
TEST(Eval, WhatASessionIsAllowedFollowsNoLink) {
    const bailiff::tests::TemporaryFolder folder;
    const std::filesystem::path root = std::filesystem::canonical(folder.path());
    std::filesystem::create_directories(root / "secret");
    std::filesystem::create_directories(root / "work");
    std::filesystem::create_directory_symlink(root / "secret", root / "work" / "out");
    const auto rules = [](const std::string& verdict) {
        return agent_rules(
            "    default: {files: " + std::string(verdict == "deny" ? "allow" : "deny") +
            "}\n"
            "    files: [{verdict: " +
            verdict + ", path: [\"${workspace}/out\"]}]\n");
    };
    const Variables variables = {(root / "work").string(), ""};
    for (const std::filesystem::path& path : {root / "secret" / "x", root / "work" / "out" / "x"}) {
        EXPECT_EQ(ask(*rules("allow"), BAILIFF_RIGHT_READ, path, variables), "deny") << path;
        EXPECT_EQ(ask(*rules("deny"), BAILIFF_RIGHT_READ, path, variables), "deny") << path;
    }
    EXPECT_EQ(ask(*rules("deny"), BAILIFF_RIGHT_READ, root / "x", variables), "allow");
}

// The sentence for alice's session.
std::string command_of(const Policy& policy, const std::vector<std::string>& argv,
                       const std::string& path = "/no/such/program") {
    Question question;
    question.right = BAILIFF_RIGHT_ARGV;
    question.path = path;
    question.argv = argv;
    const auto granted = grant(policy, alice(), {});
    return evaluate(policy, granted->profiles, {}, question).sentence;
}

TEST(Eval, ACommandIsSettledByTheRulesThatNameIt) {
    const auto policy = agent_rules(
        "    argv:\n"
        "      - {verdict: audit, command: [git, push]}\n"
        "      - {verdict: hold, command: [git, push, -f]}\n");
    EXPECT_EQ(command_of(*policy, {"git", "push"}),
              "audit: p.yaml:10:10 audit argv git push, profile agent, layer agent");
    EXPECT_EQ(command_of(*policy, {"git", "push", "-f"}),
              "hold: p.yaml:11:10 hold argv git push -f, profile agent, layer agent")
        << "the strictest of two patterns";
    EXPECT_EQ(command_of(*policy, {"git", "fetch"}),
              "allow: p.yaml:7:12 default allow argv, profile user, layer user")
        << "also where exec is denied by default";
}

TEST(Eval, OfTwoLayersTheStricterSaysWhatBecomesOfACommand) {
    const auto policy =
        must_load(around("  - {name: user, irreversible: [{class: c, verdict: hold}]}\n"
                         "  - {name: agent, irreversible: [{class: c, verdict: deny}]}\n"
                         "classes: [{name: c, argv: [{command: [npm, publish]}]}]\n"));
    EXPECT_EQ(command_of(*policy, {"npm", "publish"}),
              "deny: p.yaml:9:28 deny class c: argv npm publish, profile agent, layer agent");
}

TEST(Eval, AProfileInModeObserveOnlyRecordsACommand) {
    const auto policy = agent_rules(
        "    mode: observe\n"
        "    argv: [{verdict: deny, command: [npm, publish]}]\n");
    EXPECT_EQ(
        command_of(*policy, {"npm", "publish"}),
        "audit (would deny, mode observe): p.yaml:10:13 deny argv npm publish, profile agent, "
        "layer agent");
}

TEST(Eval, TheFileThatIsExecutedIsTheOneBehindItsLinks) {
    const bailiff::tests::TemporaryFolder folder;
    bailiff::tests::put_file(folder.file("git"), "");
    std::filesystem::create_symlink("git", folder.file("vcs"));
    const auto policy = agent_rules("    argv: [{verdict: deny, command: [git, push]}]\n");
    EXPECT_THAT(command_of(*policy, {"vcs", "push"}, folder.file("vcs")),
                ::testing::StartsWith("deny: "));
    EXPECT_THAT(command_of(*policy, {"vcs", "push"}, folder.file("other")),
                ::testing::StartsWith("allow: "));
}

TEST(Eval, AFileOfSomebodyElseThanRootIsWhatItsArgumentsName) {
    const bailiff::tests::TemporaryFolder folder;
    bailiff::tests::put_file(folder.file("tool"), "");
    if (geteuid() == 0) {
        ASSERT_EQ(chown(folder.file("tool").c_str(), 1000, 1000), 0);
    }
    const auto policy = agent_rules("    argv: [{verdict: deny, command: [git, push]}]\n");
    const std::vector<std::string> argv = {"tool", "git", "push"};
    EXPECT_THAT(command_of(*policy, argv, folder.file("tool")), ::testing::StartsWith("deny: "));
    EXPECT_THAT(command_of(*policy, argv, "/usr/bin/env"), ::testing::StartsWith("allow: "));
    EXPECT_THAT(command_of(*policy, argv, folder.file("gone")), ::testing::StartsWith("allow: "));
    EXPECT_THAT(command_of(*policy, argv, "/gone/busybox"), ::testing::StartsWith("deny: "));
}

TEST(Eval, WithNoProfileNothingIsGranted) {
    const auto policy = must_load("version: 1\n");
    Question question;
    question.path = "/x";
    const Answer answer = evaluate(*policy, bailiff_mask{}, {}, question);
    EXPECT_EQ(answer.decision.verdict, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(answer.decision.reason, BAILIFF_REASON_NO_PROFILE);
}

} // namespace
} // namespace bailiff::policy::tests
