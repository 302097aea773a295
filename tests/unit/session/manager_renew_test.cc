// Renewing a session: another token for the very same delegation, and never for more.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::HasSubstr;

class ManagerRenew : public testing::Test, protected Scene {
protected:
    void SetUp() override {
        more =
            "scopes:\n"
            "  - {scope: fix, profiles: [all]}\n"
            "  - {scope: look, profiles: [all, extra]}\n"
            "  - {scope: careful, profiles: [all, no-delete]}\n"
            "tasks: [{task: \"*\", profiles: [all]}]\n";
        profiles +=
            "  - {name: all, default: {exec: allow, files: allow, network: allow}}\n"
            "  - {name: extra, default: {exec: allow, files: allow, network: allow},\n"
            "     files: [{verdict: allow, rights: [delete], path: [/srv]}]}\n"
            "  - {name: no-delete, default: {exec: allow, files: allow, network: allow},\n"
            "     files: [{verdict: deny, rights: [delete], path: [/srv]}]}\n";
    }
    // Renews a fresh session with a token that `change` made different. Nothing of the session
    // changes where that is refused.
    std::string refusal(void (*change)(json::object&)) {
        start();
        const session::Session* session = open(kAlice);
        if (session == nullptr) return "";
        const std::uint64_t expires = session->expires_boot;
        clock.advance(60);
        json::object fresh = claims(kAlice);
        change(fresh);
        const auto renewed = renew(*session, fresh);
        EXPECT_EQ(port.sessions.at(session->slot).expires_at,
                  renewed ? session->expires_boot : expires);
        if (renewed) return "renewed";
        EXPECT_EQ(renewed.error().code(), ErrorCode::kPermissionDenied);
        EXPECT_EQ(session->expires_boot, expires);
        EXPECT_THAT(message_of("session.refused"), HasSubstr(renewed.error().message()));
        return renewed.error().message();
    }
};

TEST_F(ManagerRenew, AnEqualTokenMovesTheEnd) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const session::Session before = *session;
    clock.advance(500);
    ASSERT_TRUE(renew(*session, claims(kAlice)));
    EXPECT_EQ(port.sessions.at(session->slot).expires_at,
              clock.boot_nanos() + 600ULL * 1'000'000'000);
    EXPECT_EQ(session->subject, before.subject);
    EXPECT_EQ(session->epoch, before.epoch);
    clock.advance(200);
    manager->tick();
    EXPECT_EQ(session->state, session::State::kActive);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow");
    EXPECT_EQ(records_of("session.renewed").size(), 1U);
    EXPECT_EQ(records_of("session.renewed")[0].token_digest(), session->token.digest);
    EXPECT_NE(session->token.digest, before.token.digest);
}

TEST_F(ManagerRenew, TheLastTokenDecidesAlsoWhereItEndsSooner) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    json::object shorter = claims(kAlice);
    shorter["exp"] = clock.unix_seconds() + 30;
    ASSERT_TRUE(renew(*session, shorter));
    EXPECT_EQ(port.sessions.at(session->slot).expires_at,
              clock.boot_nanos() + 30ULL * 1'000'000'000);
}

TEST_F(ManagerRenew, NothingChangedIsRenewed) {
    EXPECT_EQ(refusal([](json::object&) {}), "renewed");
}

TEST_F(ManagerRenew, AnotherIssuersTokenIsRefused) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const json::object same = other_idp.claims(kAlice, clock.unix_seconds(), 600);
    const auto renewed = manager->renew(session->name, other_idp.sign(same), "", presenter(61001));
    ASSERT_FALSE(renewed);
    EXPECT_THAT(renewed.error().message(), HasSubstr("another issuer"));
    EXPECT_TRUE(open_with(other_idp.sign(same), 61001)) << "it is good for a session of its own";
}

TEST_F(ManagerRenew, AnotherUsersTokenIsRefused) {
    EXPECT_THAT(refusal([](json::object& fresh) { fresh["sub"] = kBob; }),
                HasSubstr("another user, user:bob"));
}

TEST_F(ManagerRenew, AnotherActorIsRefused) {
    EXPECT_THAT(refusal([](json::object& fresh) {
                    fresh["act"] = json::object{{"iss", kIdp}, {"sub", "agent:idle"}};
                }),
                HasSubstr("chain of actors differs"));
}

TEST_F(ManagerRenew, ALongerChainIsRefused) {
    EXPECT_THAT(
        refusal([](json::object& fresh) {
            fresh["act"].as_object()["act"] = json::object{{"iss", kIdp}, {"sub", "svc:between"}};
        }),
        HasSubstr("chain of actors differs"));
}

TEST_F(ManagerRenew, AnotherTaskIsRefused) {
    EXPECT_THAT(refusal([](json::object& fresh) { fresh["task"] = "T-2"; }),
                HasSubstr("another task, \"T-2\""));
}

TEST_F(ManagerRenew, AWiderScopeIsRefused) {
    EXPECT_THAT(refusal([](json::object& fresh) { fresh["scope"] = "fix look admin"; }),
                HasSubstr("scope is wider"));
}

TEST_F(ManagerRenew, WiderAuthorizationDetailsAreRefused) {
    EXPECT_THAT(refusal([](json::object& fresh) {
                    fresh["authorization_details"] = json::array{
                        json::object{{"type", token::kSessionDetails}, {"actions", {"fix"}}}};
                }),
                HasSubstr("authorization_details are wider"));
}

TEST_F(ManagerRenew, ANarrowerScopeNarrowsForGood) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const bailiff_mask before = port.subjects.at(session->subject).profiles;
    json::object narrow = claims(kAlice);
    narrow["scope"] = "fix";
    ASSERT_TRUE(renew(*session, narrow));
    const bailiff_mask after = port.subjects.at(session->subject).profiles;
    EXPECT_NE(after.word[0], before.word[0]);
    EXPECT_EQ(after.word[0] & ~before.word[0], 0U) << "no new bit";
    const auto back = renew(*session, claims(kAlice));
    ASSERT_FALSE(back);
    EXPECT_THAT(back.error().message(), HasSubstr("scope is wider"));
}

// Inside a layer a deny denies: who drops the profile that denies has more rights.
TEST_F(ManagerRenew, ANarrowerScopeThatDropsADenialIsRefused) {
    start();
    json::object careful = claims(kAlice);
    careful["scope"] = "fix careful";
    const auto opened = open_with(idp.sign(careful), 61001);
    ASSERT_TRUE(opened) << opened.error().message();
    const session::Session& session = **opened;
    ASSERT_EQ(ask(session, BAILIFF_RIGHT_DELETE, "/srv/work/one/code"), "deny: rule");
    json::object narrow = claims(kAlice);
    narrow["scope"] = "fix";
    const auto renewed = renew(session, narrow);
    ASSERT_FALSE(renewed);
    EXPECT_EQ(renewed.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(renewed.error().message(), HasSubstr("wider rights"));
    EXPECT_THAT(renewed.error().message(), HasSubstr("token:no-delete"));
    EXPECT_EQ(ask(session, BAILIFF_RIGHT_DELETE, "/srv/work/one/code"), "deny: rule");
}

// The same token says the same; what the policy makes of the user's groups may have grown.
TEST_F(ManagerRenew, MoreProfilesThanTheSessionHasAreRefused) {
    users +=
        "  - {subject: \"user:*\", groups: [staff], presented_by: [\"61001\"],"
        " profiles: [all]}\n";
    EXPECT_THAT(refusal([](json::object& fresh) { fresh["groups"] = json::array{"staff"}; }),
                HasSubstr("wider rights"));
}

TEST_F(ManagerRenew, AnAccountThatMayNotPresentTheTokenIsRefused) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const auto renewed =
        manager->renew(session->name, idp.sign(claims(kAlice)), "", presenter(61002));
    ASSERT_FALSE(renewed);
    EXPECT_EQ(renewed.error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(ManagerRenew, ATokenRenewsOnceAndTheOpeningOneNever) {
    start();
    const std::string opening = idp.sign(claims(kAlice));
    const auto opened = open_with(opening, 61001);
    ASSERT_TRUE(opened);
    const std::string fresh = idp.sign(claims(kAlice));
    const session::Session& session = **opened;
    EXPECT_FALSE(manager->renew(session.name, opening, "", presenter(61001)));
    EXPECT_TRUE(manager->renew(session.name, fresh, "", presenter(61001)));
    const auto again = manager->renew(session.name, fresh, "", presenter(61001));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(ManagerRenew, WhatIsOverIsNotRenewed) {
    start();
    const session::Session* ended = open(kAlice);
    const session::Session* expired = open(kAlice);
    ASSERT_TRUE(ended != nullptr && expired != nullptr);
    ASSERT_TRUE(manager->end(ended->name, "was ended by a test", "test"));
    clock.advance(600); // no tick has seen it yet
    for (const session::Session* session : {ended, expired}) {
        const auto renewed = renew(*session, claims(kAlice));
        ASSERT_FALSE(renewed);
        EXPECT_EQ(renewed.error().code(), ErrorCode::kFailedPrecondition);
    }
    EXPECT_EQ(ask(*expired, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: expired");
}

TEST_F(ManagerRenew, ASessionThatIsNotKnownIsNotFound) {
    start();
    const auto renewed = manager->renew("s-none", idp.sign(claims(kAlice)), "", presenter(61001));
    ASSERT_FALSE(renewed);
    EXPECT_EQ(renewed.error().code(), ErrorCode::kNotFound);
}

TEST_F(ManagerRenew, AWriteThatFailsLeavesTheOldEnd) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const session::Session before = *session;
    for (const char* call : {"put_subject", "put_session"}) {
        clock.advance(10);
        port.fail_every(call);
        EXPECT_FALSE(renew(*session, claims(kAlice))) << call;
        port.mend();
        EXPECT_EQ(session->expires_boot, before.expires_boot) << call;
        EXPECT_EQ(session->token.digest, before.token.digest) << call;
        EXPECT_EQ(port.sessions.at(session->slot).expires_at, before.expires_boot) << call;
    }
}

TEST_F(ManagerRenew, TheWarningComesAgainBeforeTheNewEnd) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    clock.advance(590);
    manager->tick();
    ASSERT_EQ(records_of("session.expiring").size(), 1U);
    ASSERT_TRUE(renew(*session, claims(kAlice)));
    manager->tick();
    EXPECT_EQ(records_of("session.expiring").size(), 1U);
    clock.advance(590);
    manager->tick();
    EXPECT_EQ(records_of("session.expiring").size(), 2U);
}

// For who reads the maps while no daemon lives: since when, not since the last write.
TEST_F(ManagerRenew, TheRowKeepsWhenTheSessionStarted) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const std::uint64_t started = clock.boot_nanos();
    EXPECT_EQ(port.sessions.at(session->slot).started_at, started);
    clock.advance(100);
    ASSERT_TRUE(renew(*session, claims(kAlice)));
    EXPECT_EQ(port.sessions.at(session->slot).started_at, started);
    clock.advance(100);
    ASSERT_TRUE(manager->revoke(session->name, "", "test"));
    EXPECT_EQ(port.sessions.at(session->slot).started_at, started);
}

} // namespace
} // namespace bailiff::tests
