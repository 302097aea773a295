#include <gtest/gtest.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

constexpr const char* kPolicy =
    "version: 1\n"
    "audience: [\"bailiff://host\"]\n"
    "issuers:\n"
    "  - {issuer: \"https://idp\", jwks_file: /idp.json}\n"
    "  - {issuer: \"https://other\", jwks_file: /other.json}\n"
    "host: {profiles: [ceiling]}\n"
    "users:\n"
    "  - {subject: \"user:alice\", issuer: \"https://idp\", presented_by: [alice, \"1001\"], "
    "profiles: [u]}\n"
    "  - {subject: \"user:*\", groups: [staff], presented_by: [shared], profiles: [v]}\n"
    "agents:\n"
    "  - {name: fixer, actor: \"agent:fixer\", profiles: [a], unbound: [w]}\n"
    "  - {name: bare, actor: \"agent:bare\", profiles: [a]}\n"
    "tasks: [{task: \"JIRA-*\", profiles: [t]}]\n"
    "scopes: [{scope: fix, profiles: [s]}]\n"
    "profiles: [{name: ceiling}, {name: u}, {name: v}, {name: a}, {name: w}, {name: t}, {name: "
    "s}]\n";

Facts good() {
    Facts facts = alice();
    facts.task = "JIRA-42";
    facts.scopes = {"other", "fix"};
    return facts;
}

std::string refusal(const Facts& facts, const std::vector<std::string>& presenter = {}) {
    const auto granted = grant(*must_load(kPolicy), facts, presenter);
    return granted ? "granted" : granted.error().message();
}

TEST(Grant, ASessionHasProfilesOfEveryLayer) {
    const auto granted = grant(*must_load(kPolicy), good(), {"alice", "1000"});
    ASSERT_TRUE(granted) << granted.error().message();
    EXPECT_EQ(granted->names,
              (std::vector<std::string>{"host:ceiling", "user:u", "agent:a", "task:t", "token:s"}));
}

TEST(Grant, AnAccountThatMayNotPresentIsRefusedByName) {
    EXPECT_NE(refusal(good(), {"mallory", "1005"}).find("local account mallory may not present"),
              std::string::npos);
    EXPECT_EQ(refusal(good(), {"someone", "1001"}), "granted");
}

TEST(Grant, AnUnknownUserIsRefused) {
    Facts facts = good();
    facts.subject = "user:eve";
    EXPECT_NE(refusal(facts).find("user:eve"), std::string::npos);
    facts.groups = {"staff"};
    EXPECT_EQ(refusal(facts), "granted");
}

TEST(Grant, AnotherIssuersAliceIsNotAlice) {
    Facts facts = good();
    facts.issuer = "https://other";
    EXPECT_NE(refusal(facts), "granted");
}

// Also where a `users` entry would take any: a reload asks this again of each open session.
TEST(Grant, AnIssuerThatThePolicyDoesNotTrustIsRefused) {
    Facts facts = good();
    facts.subject = "user:eve";
    facts.groups = {"staff"};
    facts.issuer = "https://other";
    EXPECT_EQ(refusal(facts), "granted");
    for (const char* issuer : {"https://evil.example", "", "https://idp/"}) {
        facts.issuer = issuer;
        EXPECT_NE(refusal(facts).find("is not one of its `issuers`"), std::string::npos) << issuer;
    }
}

TEST(Grant, ActionsOfTheTokenRestrictAlsoWherePolicyHasNoScopes) {
    const auto policy =
        must_load(around("  - {name: user, default: {files: allow}}\n"
                         "  - {name: agent, default: {files: allow}}\n"));
    Facts facts = alice();
    facts.scopes = {"openid"};
    EXPECT_TRUE(grant(*policy, facts, {})) << "a word of the scope may be for another host";
    facts.actions = {"read-only"};
    const auto granted = grant(*policy, facts, {});
    ASSERT_FALSE(granted);
    EXPECT_NE(granted.error().message().find("read-only"), std::string::npos);
    EXPECT_NE(granted.error().message().find("no `scopes`"), std::string::npos);
}

TEST(Grant, AnActionIsLookedUpLikeAScope) {
    Facts facts = good();
    facts.scopes = {"other"};
    facts.actions = {"fix"};
    EXPECT_EQ(refusal(facts), "granted");
}

TEST(Grant, AnUnknownActorTaskOrScopeIsRefused) {
    Facts facts = good();
    facts.actor = "agent:other";
    EXPECT_NE(refusal(facts).find("actor agent:other"), std::string::npos);
    facts = good();
    facts.task = "";
    EXPECT_NE(refusal(facts).find("names no task"), std::string::npos);
    facts.task = "OPS-1";
    EXPECT_NE(refusal(facts).find("task OPS-1"), std::string::npos);
    facts = good();
    facts.scopes = {"fi", "fixx"};
    EXPECT_NE(refusal(facts).find("scope"), std::string::npos);
}

TEST(Grant, WithoutASessionOnlyUnboundProfilesUnderTheCeilingApply) {
    const auto policy = must_load(kPolicy);
    bailiff_mask expected = policy->image.mask(BAILIFF_LAYER_AGENT, {"w"});
    expected.word[0] |= policy->image.mask(BAILIFF_LAYER_HOST, {"ceiling"}).word[0];
    expected.word[0] |= policy->image.policy.always.word[0];
    EXPECT_EQ(unbound_profiles(*policy, 0).word[0], expected.word[0]);
    EXPECT_EQ(unbound_profiles(*policy, 1).word[0], 0U) << "no `unbound`: nothing at all";
}

} // namespace
} // namespace bailiff::policy::tests
