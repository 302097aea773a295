// `bailiffctl policy check` and `eval`: their pure parts, then the program itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <filesystem>

#include "base/strict_json.h"
#include "ctl/policy_check.h"
#include "ctl/policy_eval.h"
#include "tests/unit/ctl/program.h"
#include "tests/unit/support/manual_clock.h"

namespace bailiff::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kPolicy =
    "version: 1\n"
    "workspace_roots: [/srv]\n"
    "host: {profiles: [ceiling]}\n"
    "users:\n"
    "  - {subject: \"user:alice\", issuer: \"https://idp\", presented_by: [root], profiles: [u]}\n"
    "  - {subject: \"user:*\", groups: [staff], presented_by: [\"4242\"], profiles: [u]}\n"
    "agents:\n"
    "  - {name: fixer, actor: \"agent:code-*\", profiles: [a], unbound: [look]}\n"
    "  - {name: bare, actor: \"agent:bare\", profiles: [a]}\n"
    "tasks: [{task: \"JIRA-*\", profiles: [t]}]\n"
    "scopes: [{scope: fix, profiles: [t]}]\n"
    "profiles:\n"
    "  - name: ceiling\n"
    "    default: {exec: allow, files: allow, network: allow}\n"
    "    files: [{verdict: deny, path: [/etc/shadow, /no/such/secret]}]\n"
    "  - {name: u, default: {exec: allow, files: allow, network: allow}}\n"
    "  - {name: t, default: {exec: allow, files: allow, network: allow}}\n"
    "  - name: a\n"
    "    files:\n"
    "      - {verdict: allow, path: [\"${workspace}\"]}\n"
    "      - {verdict: audit, rights: [read], path: [\"${home}\", /etc]}\n"
    "    network:\n"
    "      - {verdict: allow, to: [\"::1\", 10.0.0.0/8], protocol: udp, port: [53]}\n"
    "  - name: look\n"
    "    files: [{verdict: allow, rights: [read], path: [/usr]}]\n"
    "audience: [\"bailiff://host\"]\n"
    "issuers:\n"
    "  - {issuer: \"https://idp\", jwks_file: /etc/passwd}\n"
    "  - {issuer: \"https://other\", jwks_file: /etc/passwd}\n";

std::shared_ptr<const policy::Policy> small() {
    const auto policy = policy::load_text(kPolicy, "p.yaml");
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message());
    return policy ? *policy : nullptr;
}

EvalRequest alice() {
    EvalRequest request;
    request.user = "user:alice";
    request.agent = "agent:code-fixer";
    request.task = "JIRA-1";
    request.scopes = {"other fix"};
    return request;
}

std::string refusal(const EvalRequest& request) {
    const Result<EvalGrant> granted = grant_for(*small(), request);
    return granted ? "granted" : granted.error().message();
}

TEST(PolicyQuestion, APathBecomesAbsoluteAndClean) {
    EXPECT_EQ(parse_question("write", "/srv//a/../b/")->question.path, "/srv/b");
    EXPECT_EQ(parse_question("read", "/")->question.path, "/");
    EXPECT_THAT(parse_question("exec", "tool")->question.path, StartsWith("/"));
    EXPECT_EQ(parse_question("write", "/srv/b")->text, "write /srv/b");
    EXPECT_FALSE(parse_question("write", ""));
}

TEST(PolicyQuestion, AnAddressHasAPortAndMayHaveAProtocol) {
    const auto v4 = parse_question("connect", "10.1.2.3:443");
    ASSERT_TRUE(v4) << v4.error().message();
    EXPECT_EQ(v4->text, "connect 10.1.2.3:443/tcp");
    EXPECT_EQ(v4->question.right, BAILIFF_RIGHT_CONNECT);
    EXPECT_EQ(v4->question.port, 443);
    EXPECT_EQ(v4->question.protocol, IPPROTO_TCP);
    EXPECT_EQ(v4->question.address.text(), "10.1.2.3/32");
    const auto v6 = parse_question("bind", "[::1]:53/udp");
    ASSERT_TRUE(v6) << v6.error().message();
    EXPECT_EQ(v6->text, "bind [::1]:53/udp");
    EXPECT_EQ(v6->question.right, BAILIFF_RIGHT_BIND);
    EXPECT_EQ(v6->question.protocol, IPPROTO_UDP);
    EXPECT_EQ(v6->question.address.text(), "::1/128");
}

TEST(PolicyQuestion, WhatIsNoAddressIsRefused) {
    for (const char* wrong :
         {"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:65536", "10.0.0.1:-1", "::1:443",
          "[10.0.0.1]:443", "[::1]", "[::1:443", "10.0.0.1:443/", "10.0.0.1:443/icmp",
          "10.0.0.0/8:443", "10.0.0.1:443/tcp/udp", "example.org:443"})
        EXPECT_FALSE(parse_question("connect", wrong)) << wrong;
    EXPECT_THAT(parse_question("connect", "example.org:443").error().message(),
                HasSubstr("host names are not resolved"));
    EXPECT_FALSE(parse_question("socket", "10.0.0.1:443"));
}

TEST(PolicyQuestion, ACommandIsLookedForAsAShellWould) {
    const auto asked = command_question({"sh", "-c", "x y"});
    ASSERT_TRUE(asked) << asked.error().message();
    EXPECT_EQ(asked->question.right, BAILIFF_RIGHT_ARGV);
    EXPECT_THAT(asked->question.path, EndsWith("/bin/sh"));
    EXPECT_THAT(asked->question.argv, ElementsAre("sh", "-c", "x y"));
    EXPECT_EQ(asked->text, "argv sh -c x y");
    EXPECT_EQ(command_question({"/opt/../bin/sh"})->question.path, "/bin/sh");
    EXPECT_THAT(command_question({"no-such-program"})->question.path,
                StartsWith(std::filesystem::current_path().string()));
    EXPECT_FALSE(command_question({}));
    EXPECT_FALSE(command_question({""}));
    EXPECT_FALSE(parse_question("argv", "sh")) << "a command is no path";
}

TEST(PolicyEval, TheAgentIsFoundByItsActorOrItsName) {
    const auto policy = small();
    EvalRequest request = alice();
    EXPECT_EQ(grant_for(*policy, request)->agent, "fixer");
    request.agent = "fixer";
    EXPECT_EQ(grant_for(*policy, request)->agent, "fixer");
    request.agent = "bare";
    EXPECT_EQ(grant_for(*policy, request)->agent, "bare");
    request.agent = "nobody";
    EXPECT_THAT(refusal(request), HasSubstr("no `agents` entry has the actor or the name nobody"));
}

TEST(PolicyEval, TheIssuerIsTheOneOfTheUsersEntry) {
    EXPECT_EQ(refusal(alice()), "granted");
    EvalRequest other = alice();
    other.issuer = "https://other";
    EXPECT_THAT(refusal(other), HasSubstr("gives anything to user:alice of issuer https://other"));
    other.issuer = "https://evil.example";
    EXPECT_THAT(refusal(other), HasSubstr("\"https://evil.example\" is not one of its `issuers`"));
}

TEST(PolicyEval, TaskScopeGroupAndAccountNarrow) {
    EXPECT_THAT(grant_for(*small(), alice())->profiles,
                ElementsAre("host:ceiling", "user:u", "agent:a", "task:t", "token:t"));
    EvalRequest request = alice();
    request.task = "";
    EXPECT_THAT(refusal(request), HasSubstr("names no task"));
    request = alice();
    request.scopes = {"fixes"};
    EXPECT_THAT(refusal(request), HasSubstr("scope"));
    request = alice();
    request.user = "user:bob";
    EXPECT_THAT(refusal(request), HasSubstr("user:bob"));
    request.groups = {"staff"};
    EXPECT_EQ(refusal(request), "granted");
    request.account = "4242";
    EXPECT_EQ(refusal(request), "granted");
    request.account = "root";
    EXPECT_THAT(refusal(request), HasSubstr("local account root may not present"));
}

TEST(PolicyEval, AnAccountIsKnownByNameAndNumber) {
    EvalRequest request = alice();
    request.account = "0";
    EXPECT_EQ(refusal(request), "granted");
    request.account = "no-such-account";
    EXPECT_THAT(refusal(request), HasSubstr("local account no-such-account may not present"));
}

TEST(PolicyEval, AWorkspaceLiesBelowARoot) {
    EvalRequest request = alice();
    request.workspace = "/srv/work/";
    EXPECT_EQ(grant_for(*small(), request)->variables.workspace, "/srv/work");
    for (const char* outside : {"/srv", "/srvice", "/srv/../etc", "/"}) {
        request.workspace = outside;
        EXPECT_THAT(refusal(request), HasSubstr("is not below one of its workspace_roots"))
            << outside;
    }
}

TEST(PolicyEval, AuditIsAllowedAndTheRuleIsNamed) {
    EvalRequest request = alice();
    request.home = "/no/such/home";
    const auto policy = small();
    const Result<EvalGrant> granted = grant_for(*policy, request);
    ASSERT_TRUE(granted) << granted.error().message();
    const auto answers = answer_all(
        *policy, *granted,
        {*parse_question("read", "/no/such/home/x"), *parse_question("write", "/no/such/home/x"),
         *parse_question("connect", "[::1]:53/udp"),
         *parse_question("connect", "10.9.9.9:53/tcp")});
    EXPECT_TRUE(answers[0].allowed);
    EXPECT_FALSE(answers[1].allowed);
    EXPECT_TRUE(answers[2].allowed);
    EXPECT_FALSE(answers[3].allowed);
    const std::string text = answers_text(*granted, answers, false);
    EXPECT_THAT(text, StartsWith("read /no/such/home/x: audit: p.yaml:"));
    EXPECT_THAT(text, HasSubstr("\nwrite /no/such/home/x: deny: p.yaml:"));
    EXPECT_THAT(text, EndsWith(", profile a, layer agent\n"));
    EXPECT_THAT(answers_text(*granted, answers, true),
                StartsWith("agent fixer (p.yaml:8:12)\n"
                           "profiles host:ceiling, user:u, agent:a, task:t, token:t\n"
                           "home /no/such/home\n"));
}

TEST(PolicyEval, WithoutASessionTheUnboundProfilesCount) {
    const auto policy = small();
    EvalRequest request;
    request.unbound = true;
    request.agent = "fixer";
    const auto ask = [&](const char* right, const char* path) {
        const Result<EvalGrant> granted = grant_for(*policy, request);
        EXPECT_TRUE(granted);
        return answer_all(*policy, *granted, {*parse_question(right, path)})[0].allowed;
    };
    EXPECT_THAT(grant_for(*policy, request)->profiles, ElementsAre("host:ceiling", "agent:look"));
    EXPECT_TRUE(ask("read", "/usr/bin"));
    EXPECT_FALSE(ask("write", "/usr/bin"));
    request.agent = "bare";
    EXPECT_THAT(grant_for(*policy, request)->profiles, IsEmpty());
    EXPECT_FALSE(ask("read", "/usr/bin"));
}

TEST(PolicyEval, JsonSaysTheSame) {
    const auto policy = small();
    const Result<EvalGrant> granted = grant_for(*policy, alice());
    ASSERT_TRUE(granted);
    const auto json = parse_strict_json(answers_json(
        *granted, answer_all(*policy, *granted, {*parse_question("write", "/etc/hosts")})));
    ASSERT_TRUE(json) << json.error().message();
    EXPECT_TRUE(json->at("granted").as_bool());
    const auto& answer = json->at("answers").at(0);
    EXPECT_EQ(answer.at("right").as_string(), "write");
    EXPECT_EQ(answer.at("object").as_string(), "/etc/hosts");
    EXPECT_EQ(answer.at("verdict").as_string(), "deny");
    EXPECT_FALSE(answer.at("allowed").as_bool());
}

// kPolicy, whose host holds `npm publish`.
std::string with_class() {
    std::string text = kPolicy;
    text += "classes: [{name: publish, argv: [{command: [npm, publish]}]}]\n";
    const std::string after = "  - name: ceiling\n";
    text.insert(text.find(after) + after.size(),
                "    irreversible: [{class: publish, verdict: hold}]\n");
    return text;
}

TEST(PolicyEval, ACommandThatWaitsIsNotAllowed) {
    const auto loaded = policy::load_text(with_class(), "p.yaml");
    ASSERT_TRUE(loaded) << loaded.error().message();
    const Result<EvalGrant> granted = grant_for(**loaded, alice());
    ASSERT_TRUE(granted) << granted.error().message();
    const auto answers =
        answer_all(**loaded, *granted,
                   {*command_question({"npm", "publish"}), *command_question({"npm", "install"})});
    EXPECT_FALSE(answers[0].allowed);
    EXPECT_THAT(answers[0].answer.sentence,
                HasSubstr("hold class publish: argv npm publish, profile ceiling, layer host"));
    EXPECT_TRUE(answers[1].allowed);
}

// Where what it destroys cannot be kept it waits, which nobody can say beforehand.
TEST(PolicyEval, AnActThatIsPreservedIsAllowed) {
    std::string text = kPolicy;
    text.insert(text.find("{verdict: deny, path: [/etc/shadow"),
                "{verdict: preserve, rights: [delete], path: [/srv/data]}, ");
    text.insert(text.find("{verdict: audit, rights: [read]"),
                "{verdict: allow, path: [/srv/data]}\n      - ");
    const auto loaded = policy::load_text(text, "p.yaml");
    ASSERT_TRUE(loaded) << loaded.error().message();
    const Result<EvalGrant> granted = grant_for(**loaded, alice());
    ASSERT_TRUE(granted) << granted.error().message();
    const auto answers = answer_all(**loaded, *granted, {*parse_question("delete", "/srv/data/x")});
    EXPECT_TRUE(answers[0].allowed);
    EXPECT_THAT(answers[0].answer.sentence, StartsWith("preserve: p.yaml:"));
    EXPECT_THAT(answers_json(*granted, answers), HasSubstr("\"verdict\":\"preserve\""));
}

TEST(PolicyCheck, CountsAgentsProfilesAndRules) {
    EXPECT_EQ(check_text(*small()), "ok, 2 agents, 6 profiles in use of 255, 5 rules");
}

// At noon of 2026-01-31.
std::vector<std::string> warnings_of(const std::string& text) {
    const tests::ManualClock clock(1'769'860'800);
    const auto policy = policy::load_text(text, "p.yaml");
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message());
    return policy ? policy_warnings(**policy, clock) : std::vector<std::string>();
}

TEST(PolicyCheck, WarnsOfWhatCanHardlyBeMeantOfAClass) {
    EXPECT_THAT(warnings_of(std::string(kPolicy) +
                            "classes: [{name: publish, argv: [{command: [npm, publish]}]}]\n"),
                Contains(HasSubstr(": warning: class publish has no effect: no profile names it")));
}

TEST(PolicyCheck, WarnsOfWhatThisHostDoesNotHave) {
    std::string text = kPolicy;
    text.replace(text.find("[root]"), 6, "[no-such-account]");
    const std::vector<std::string> warnings = warnings_of(text);
    EXPECT_THAT(warnings, Contains("p.yaml:15:14: warning: path /no/such/secret does not exist on "
                                   "this host"));
    EXPECT_THAT(warnings, Contains(HasSubstr("p.yaml:5:15: warning: presented_by no-such-account "
                                             "is no local account")));
    EXPECT_THAT(warnings, testing::Not(Contains(HasSubstr("/etc/"))));
    EXPECT_THAT(warnings, testing::Not(Contains(HasSubstr("4242"))));
}

TEST(PolicyCheck, AMissingKeySetStandsOut) {
    std::string text = kPolicy;
    const std::size_t issuers = text.find("issuers:");
    text.replace(issuers, text.size() - issuers,
                 "issuers: [{issuer: \"https://idp\", jwks_file: /no/such/jwks.json}]\n");
    EXPECT_THAT(warnings_of(text), Contains(HasSubstr("key set /no/such/jwks.json is missing on "
                                                      "this host: bailiffd does not start")));
}

TEST(PolicyCheck, WarnsOfAGroupThatThisHostLacks) {
    EXPECT_THAT(warnings_of("version: 1\n"
                            "roles: {user: [\"*\"], auditor: [root, no-such-group]}\n"),
                ElementsAre("p.yaml:2:38: warning: roles: no-such-group is no local group of this "
                            "host"));
}

TEST(PolicyCheck, WarnsOfAnAgentThatAnEarlierOneCovers) {
    const auto agents = [](const std::string& second) {
        return warnings_of(
            "version: 1\nagents:\n"
            "  - {name: all, actor: \"agent:*\", actor_issuer: i}\n"
            "  - " +
            second + "\n  - {name: last, actor: \"agent:x\"}\n");
    };
    EXPECT_THAT(agents("{name: other, actor: \"agent:fix\"}"), IsEmpty());
    EXPECT_THAT(agents("{name: fix, actor: \"agent:fix\", actor_issuer: i}"),
                ElementsAre("p.yaml:4:12: warning: agent fix gets no session: agent all "
                            "(p.yaml:3:12) comes first and takes each token with actor agent:fix"));
    EXPECT_THAT(agents("{name: same, actor: \"agent:x\"}"),
                ElementsAre(HasSubstr("p.yaml:5:12: warning: agent last gets no session: agent "
                                      "same (p.yaml:4:12)")));
}

TEST(PolicyCheck, WarnsOfADateThatSaysNothing) {
    EXPECT_THAT(warnings_of("version: 1\nobserve_until: 2026-01-31\n"),
                ElementsAre(StartsWith("p.yaml:2:16: warning: observe_until is a note about `mode: "
                                       "observe`, and neither")));
    EXPECT_THAT(warnings_of("version: 1\nmode: observe\nobserve_until: 2026-01-30\n"),
                ElementsAre(StartsWith("p.yaml:3:16: warning: observe_until 2026-01-30 is over")));
    EXPECT_THAT(warnings_of("version: 1\nmode: observe\nobserve_until: 2026-01-31\n"), IsEmpty());
    EXPECT_THAT(warnings_of("version: 1\nobserve_until: 2026-01-31\n"
                            "profiles: [{name: a, mode: observe}]\n"),
                IsEmpty());
}

TEST(PolicyCheck, AWarningOfAMatchPointsAtIt) {
    EXPECT_THAT(warnings_of("version: 1\nagents:\n"
                            "  - name: a\n"
                            "    actor: b\n"
                            "    match:\n"
                            "      executable: [/no/such/a]\n"
                            "      script: [/no/such/b]\n"
                            "      cgroup: /no.slice\n"
                            "      uid: no-such-account\n"),
                ElementsAre(StartsWith("p.yaml:6:20: warning: match executable /no/such/a does"),
                            StartsWith("p.yaml:7:16: warning: match script /no/such/b"),
                            StartsWith("p.yaml:8:15: warning: match cgroup"),
                            StartsWith("p.yaml:9:12: warning: match uid no-such-account")));
}

class PolicyCommand : public testing::Test {
protected:
    // Asks the small policy as alice.
    int eval(std::vector<std::string> questions) {
        std::vector<std::string> words{"policy",     "eval",    file_,   "--user",
                                       "user:alice", "--agent", "fixer", "--task",
                                       "JIRA-1",     "--scope", "fix"};
        words.insert(words.end(), questions.begin(), questions.end());
        return program_.run(words);
    }
    Program program_;
    std::string file_ = program_.write("p.yaml", kPolicy);
};

TEST_F(PolicyCommand, CheckOfARightFileIs0) {
    EXPECT_EQ(program_.run({"policy", "check", file_}), 0);
    EXPECT_THAT(program_.out(), StartsWith(file_ + ": ok, 2 agents, "));
    EXPECT_THAT(program_.out(), HasSubstr(": warning: path /no/such/secret"));
    EXPECT_EQ(program_.err(), "");
}

TEST_F(PolicyCommand, CheckOfAWrongFileIs1WithALineForEachProblem) {
    const std::string wrong = program_.write("wrong.yaml", "version: 1\nalow: 2\nusrs: []\n");
    EXPECT_EQ(program_.run({"policy", "check", wrong}), 1);
    EXPECT_EQ(program_.out(), "");
    EXPECT_THAT(program_.err(), StartsWith(wrong + ":2:1: "));
    EXPECT_THAT(program_.err(), HasSubstr("\n" + wrong + ":3:1: "));
    EXPECT_EQ(program_.run({"policy", "check", "/no/such/file"}), 1);
    EXPECT_EQ(program_.run({"policy", "check"}), 2);
}

TEST_F(PolicyCommand, EvalIs0WhereAllIsAllowed) {
    EXPECT_EQ(eval({"--read", "/etc/hosts", "--connect", "[::1]:53/udp"}), 0);
    EXPECT_THAT(program_.out(), StartsWith("read /etc/hosts: audit: "));
    EXPECT_THAT(program_.out(), HasSubstr("\nconnect [::1]:53/udp: allow: "));
    EXPECT_EQ(program_.err(), "");
}

TEST_F(PolicyCommand, AnOptionHasDashesAlsoWhereTheRightHasNone) {
    EXPECT_EQ(eval({"--connect-unix", "/srv/w/socket", "--workspace", "/srv/w"}), 0);
    EXPECT_THAT(program_.out(), StartsWith("connect_unix /srv/w/socket: allow: "));
    EXPECT_EQ(eval({"--connect-unix", "/etc/socket"}), 1);
    EXPECT_EQ(eval({"--connect_unix", "/srv/w/socket", "--workspace", "/srv/w"}), 2);
}

TEST_F(PolicyCommand, EvalIs1WhereOneIsDeniedAndKeepsTheOrder) {
    EXPECT_EQ(eval({"--write", "/srv/[a]", "--read", "/etc/shadow", "--write", "/srv/w/x",
                    "--workspace", "/srv/w", "-v"}),
              1);
    const std::string out = program_.out();
    EXPECT_THAT(out, StartsWith("agent fixer ("));
    const std::size_t first = out.find("\nwrite /srv/[a]: deny: ");
    const std::size_t second = out.find("\nread /etc/shadow: deny: ");
    const std::size_t third = out.find("\nwrite /srv/w/x: allow: ");
    ASSERT_NE(third, std::string::npos) << out;
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
}

TEST_F(PolicyCommand, EvalTakesACommandBehindTwoDashes) {
    const std::string file = program_.write("classes.yaml", with_class());
    const auto ask = [&](const std::vector<std::string>& command) {
        std::vector<std::string> words = {"policy",  "eval",   file,         "--user", "user:alice",
                                          "--agent", "fixer",  "--task",     "JIRA-1", "--scope",
                                          "fix",     "--read", "/etc/hosts", "--"};
        words.insert(words.end(), command.begin(), command.end());
        return program_.run(words);
    };
    EXPECT_EQ(ask({"npm", "publish", "--json"}), 1) << "its options are not eval's";
    EXPECT_THAT(program_.out(), StartsWith("read /etc/hosts: audit: "));
    EXPECT_THAT(program_.out(), HasSubstr("\nargv npm publish --json: hold: "));
    EXPECT_EQ(ask({"npm", "install"}), 0) << program_.out();
    EXPECT_EQ(ask({""}), 2);
    EXPECT_EQ(program_.run({"policy", "check", file, "--", "npm"}), 2);
}

TEST_F(PolicyCommand, EvalIs2WhereNoSessionIsGiven) {
    EXPECT_EQ(eval({"--issuer", "https://other", "--read", "/"}), 2);
    EXPECT_EQ(program_.out(), "");
    EXPECT_THAT(program_.err(), HasSubstr("gives anything to user:alice"));
    EXPECT_EQ(eval({"--issuer", "https://other", "--read", "/", "--json"}), 2);
    EXPECT_THAT(program_.out(), StartsWith("{\"granted\":false,\"why\":"));
}

TEST_F(PolicyCommand, WrongUseIs2) {
    EXPECT_EQ(eval({}), 2);
    EXPECT_THAT(program_.err(), HasSubstr("nothing is asked"));
    EXPECT_EQ(eval({"--connect", "example.org:443"}), 2);
    EXPECT_THAT(program_.err(), HasSubstr("--connect example.org:443: expected ADDRESS:PORT"));
    EXPECT_EQ(eval({"--unbound", "--read", "/"}), 2);
    EXPECT_EQ(program_.run({"policy", "eval", file_, "--agent", "fixer", "--read", "/"}), 2);
    EXPECT_EQ(program_.run({"policy", "eval", "/no/such/file", "--user", "user:alice", "--agent",
                            "fixer", "--read", "/"}),
              2);
}

TEST_F(PolicyCommand, UnboundNeedsNoUser) {
    EXPECT_EQ(program_.run({"policy", "eval", file_, "--unbound", "--agent", "fixer", "--read",
                            "/usr/bin", "--json"}),
              0);
    EXPECT_THAT(program_.out(), HasSubstr("\"verdict\":\"allow\""));
}

// The shipped policy, as its own comments say to ask it.
class ShippedPolicy : public testing::Test {
protected:
    int eval(const std::string& user, const std::string& right, const std::string& object) {
        return program_.run({"policy", "eval", kFile, "--user", user, "--agent", "agent:code-fixer",
                             "--workspace", "/srv/work/demo", "--" + right, object});
    }
    const std::string kFile = std::string(BAILIFF_POLICIES) + "/coding-agent.yaml";
    Program program_;
};

TEST_F(ShippedPolicy, IsRight) {
    EXPECT_EQ(program_.run({"policy", "check", kFile}), 0) << program_.err();
}

TEST_F(ShippedPolicy, GivesTheWorkspaceAndNothingBeside) {
    EXPECT_EQ(eval("user:alice", "write", "/srv/work/demo/main.py"), 0) << program_.out();
    EXPECT_EQ(eval("user:alice", "write", "/etc/passwd"), 1) << program_.out();
    EXPECT_EQ(eval("user:alice", "read", "/etc/passwd"), 0) << program_.out();
    EXPECT_EQ(eval("user:alice", "read", "/etc/shadow"), 1) << program_.out();
    EXPECT_EQ(eval("user:alice", "write", "/srv/work/demo/.git/hooks/post-commit"), 1);
    EXPECT_EQ(eval("user:alice", "read", "/srv/work/demo/server.key"), 1) << program_.out();
    EXPECT_EQ(eval("user:alice", "exec", "/usr/bin/sudo"), 1) << program_.out();
}

TEST_F(ShippedPolicy, TheNetworkIsTheUsers) {
    EXPECT_EQ(eval("user:alice", "connect", "127.0.0.1:8080"), 0) << program_.out();
    EXPECT_EQ(eval("user:bob", "connect", "127.0.0.1:8080"), 1) << program_.out();
    EXPECT_EQ(eval("user:alice", "connect", "169.254.169.254:80"), 1) << program_.out();
    EXPECT_EQ(eval("user:eve", "connect", "127.0.0.1:8080"), 2) << program_.out();
}

TEST_F(ShippedPolicy, WithoutASessionTheAgentMayLook) {
    const auto unbound = [&](const char* right) {
        return program_.run(
            {"policy", "eval", kFile, "--unbound", "--agent", "code-fixer", right, "/usr/share"});
    };
    EXPECT_EQ(unbound("--read"), 0) << program_.out();
    EXPECT_EQ(unbound("--write"), 1) << program_.out();
}

} // namespace
} // namespace bailiff::ctl
