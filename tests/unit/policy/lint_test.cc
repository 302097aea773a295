// Values that are of the right kind, and say what cannot be meant.
#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;

std::string issuer(const std::string& fields) {
    return problem("version: 1\naudience: [h]\nissuers:\n  - {issuer: i, jwks_file: /k, " + fields +
                   "}\n");
}

TEST(Lint, AnIssuersFieldsAreChecked) {
    EXPECT_THAT(issuer("max_chain: 0"), HasSubstr("p.yaml:4:43: expected 1 to 8, found 0"));
    EXPECT_THAT(issuer("max_chain: 9"), HasSubstr("expected 1 to 8, found 9"));
    EXPECT_EQ(issuer("max_chain: 8"), "no problem");
    EXPECT_THAT(issuer("max_lifetime: 15"), HasSubstr("expected a duration"));
    EXPECT_THAT(issuer("max_lifetime: 400d"), HasSubstr("expected a duration"));
    EXPECT_THAT(issuer("algorithms: [none]"),
                HasSubstr("expected one of ES256, RS256, PS256, EdDSA, Ed25519, found \"none\""));
    EXPECT_EQ(issuer("algorithms: [EdDSA, Ed25519]"), "no problem");
    EXPECT_THAT(issuer("actor_claim: sub"), HasSubstr("\"sub\" is the user"));
    EXPECT_EQ(issuer("actor_claim: azp"), "no problem");
}

TEST(Lint, TokensOfOtherKindsOpenNoSessions) {
    for (const char* type : {"dpop+jwt", "secevent+jwt", "oauth-id-jag+jwt", "DPoP+JWT",
                             "application/dpop+jwt", "logout+jwt"})
        EXPECT_THAT(issuer("type: " + std::string(type)), HasSubstr("p.yaml:4:38: expected the"))
            << type;
    for (const char* type : {"at+jwt", "JWT", "application/at+jwt"})
        EXPECT_EQ(issuer("type: " + std::string(type)), "no problem") << type;
}

TEST(Lint, WhatCannotWaitIsNotHeld) {
    const auto profile = [](const std::string& fields) {
        return problem("version: 1\nprofiles:\n  - name: a\n    " + fields + "\n");
    };
    EXPECT_EQ(profile("files: [{verdict: hold, rights: [write, delete], path: [/srv]}]"),
              "no problem");
    EXPECT_EQ(profile("network: [{verdict: hold, rights: [connect, bind]}]"), "no problem");
    EXPECT_EQ(profile("system: [{verdict: hold, rights: [signal]}]"), "no problem");
    EXPECT_EQ(profile("exec: [{verdict: hold, path: [/bin/ls]}]"), "no problem");
    EXPECT_EQ(profile("exec: [{verdict: hold, rights: [load], path: [/bin/ls]}]"), "no problem");
    EXPECT_EQ(profile("argv: [{verdict: hold, command: [ls]}]"), "no problem");
    EXPECT_EQ(profile("system: [{verdict: hold, rights: [gain]}]"), "no problem");
    EXPECT_EQ(profile("default: {network: hold, exec: hold}"), "no problem");
    EXPECT_THAT(profile("files: [{verdict: hold, rights: [read], path: [/srv]}]"),
                HasSubstr("p.yaml:4:38: read cannot be held; what can: exec, load, argv, write, "
                          "create, delete, rename, truncate, metadata, connect, bind, signal, "
                          "gain"));
    EXPECT_THAT(profile("files: [{verdict: hold, path: [/srv]}]"),
                HasSubstr("a rule without `rights`"));
    EXPECT_THAT(profile("system: [{verdict: hold, rights: [jit]}]"),
                HasSubstr("jit cannot be held"));
    for (const char* kind : {"files", "system"})
        EXPECT_THAT(profile("default: {" + std::string(kind) + ": hold}"),
                    HasSubstr("some of what this default speaks for"));
}

TEST(Lint, AnActWaitsSomeTimeAndNotForEver) {
    const auto deadline = [](const std::string& text) {
        return problem("version: 1\napprovals: {deadline: " + text + "}\n");
    };
    EXPECT_EQ(deadline("10s"), "no problem");
    EXPECT_EQ(deadline("1d"), "no problem");
    for (const char* text : {"9s", "2d"})
        EXPECT_THAT(deadline(text), HasSubstr("p.yaml:2:23: expected 10s to 1d")) << text;
    EXPECT_THAT(deadline("soon"), HasSubstr("expected a duration"));
}

TEST(Lint, AStarStandsAtTheEndOnly) {
    const auto user = [](const std::string& subject) {
        return problem("version: 1\nusers: [{subject: \"" + subject + "\", presented_by: [b]}]\n");
    };
    EXPECT_EQ(user("user:*"), "no problem");
    EXPECT_EQ(user("*"), "no problem");
    for (const char* subject : {"user:*x*", "*user", "user:**"})
        EXPECT_THAT(user(subject), HasSubstr("expected * at the end only")) << subject;
    EXPECT_THAT(problem("version: 1\nagents: [{name: a, actor: \"*agent\"}]\n"),
                HasSubstr("p.yaml:2:27: expected * at the end only"));
    EXPECT_THAT(problem("version: 1\ntasks: [{task: \"*-1\"}]\n"), HasSubstr("at the end only"));
}

TEST(Lint, ObserveUntilIsADate) {
    EXPECT_EQ(problem("version: 1\nobserve_until: 2027-01-31\n"), "no problem");
    EXPECT_EQ(problem("version: 1\nobserve_until: banana\n"),
              "p.yaml:2:16: expected a date such as 2027-01-31, found \"banana\"");
}

std::string files(const std::string& rule) {
    return problem("version: 1\nprofiles:\n  - {name: a, files: [{verdict: deny, " + rule +
                   "}]}\n");
}

TEST(Lint, ANameIsOneWholeName) {
    EXPECT_EQ(files("name: [id_rsa, .netrc, \"...\"]"), "no problem");
    for (const char* name : {"*.key", "id_?sa", "[ab]", "*"})
        EXPECT_THAT(files("name: [\"" + std::string(name) + "\"]"),
                    HasSubstr("p.yaml:3:46: no patterns: `name` is one whole file name; for "
                              "endings use `suffix`; found \"" +
                              std::string(name) + "\""));
    for (const char* name : {".", ".."})
        EXPECT_THAT(files("name: [\"" + std::string(name) + "\"]"),
                    HasSubstr("expected the name of a file, found \"" + std::string(name)));
    EXPECT_THAT(files("name: [a/b]"), HasSubstr("with no / in it; for a place use `path`"));
    EXPECT_THAT(files("suffix: [\".k*\"]"), HasSubstr("expected one dot"));
}

TEST(Lint, APatternInAPathIsNotSentToName) {
    const std::string said = files("path: [\"/srv/*.key\"]");
    EXPECT_THAT(said, HasSubstr("for endings use `suffix`"));
    EXPECT_THAT(said, testing::Not(HasSubstr("`name`")));
}

std::string names(int count) {
    std::string path;
    for (int i = 0; i < count; i++) path += "/d";
    return path;
}

TEST(Lint, APathIsNoDeeperThanTheKernelLooks) {
    EXPECT_EQ(files("path: [" + names(63) + ", \"${workspace}" + names(63) + "\"]"), "no problem");
    EXPECT_THAT(files("path: [" + names(64) + "]"),
                HasSubstr("p.yaml:3:46: expected a path of at most 63 names: what lies deeper is "
                          "denied in any case; found 64 in \"/d/d"));
    EXPECT_THAT(problem("version: 1\nworkspace_roots: [" + names(70) + "]\n"),
                HasSubstr("p.yaml:2:19: expected a path of at most 63 names"));
}

TEST(Lint, AnEntryThatNoTokenFitsIsRefused) {
    const auto user = [](const std::string& fields) {
        return problem(
            "version: 1\naudience: [h]\nissuers: [{issuer: i, jwks_file: /k}]\n"
            "users: [{subject: a, " +
            fields + "}]\n");
    };
    EXPECT_EQ(user("issuer: i, presented_by: [b]"), "no problem");
    EXPECT_EQ(user("issuer: j, presented_by: [b]"),
              "p.yaml:4:30: \"j\" is none of the `issuers`: no token can match");
    EXPECT_EQ(user("presented_by: [\"*\"]"),
              "p.yaml:4:37: expected a local account, name or number; * is not supported here, "
              "found \"*\"");
    EXPECT_EQ(problem("version: 1\nscopes: [{scope: \"repo:read repo:write\"}]\n"),
              "p.yaml:2:18: expected one word, with no blank in it, found \"repo:read "
              "repo:write\"");
    EXPECT_EQ(problem("version: 1\nusers: [{}]\n"),
              "p.yaml:2:9: user needs `subject`: the `sub` of its tokens\np.yaml:2:9: user needs "
              "`presented_by`: the local accounts that may present its tokens, or none can");
}

TEST(Lint, WhatComesTwiceIsRefused) {
    EXPECT_THAT(problem("version: 1\naudience: [h]\nissuers:\n"
                        "  - {issuer: i, jwks_file: /k}\n  - {issuer: i, jwks_file: /k}\n"),
                HasSubstr("p.yaml:5:14: issuer \"i\" comes twice"));
    EXPECT_THAT(problem("version: 1\nagents: [{name: a, actor: b}, {name: a, actor: c}]\n"),
                HasSubstr("agent \"a\" comes twice"));
    EXPECT_THAT(problem("version: 1\nprofiles: [{name: a}, {name: a}]\n"),
                HasSubstr("profile \"a\" comes twice"));
}

} // namespace
} // namespace bailiff::policy::tests
