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
    EXPECT_THAT(issuer("algorithms: [none]"), HasSubstr("found \"none\""));
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
