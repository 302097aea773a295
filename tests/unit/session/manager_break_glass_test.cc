// Break-glass: who may relax which session, for how long, and what is written down.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t kOperator = 61003;

class ManagerBreakGlass : public testing::Test, protected Scene {
protected:
    void SetUp() override {
        idp_more = ", break_glass: true";
        start();
        session_ = open(kAlice);
        ASSERT_NE(session_, nullptr);
    }
    json::object glass() {
        return {{"iss", kIdp},
                {"sub", "user:carol"},
                {"aud", "bailiff://host"},
                {"iat", clock.unix_seconds()},
                {"exp", clock.unix_seconds() + 300},
                {"jti", "glass-" + std::to_string(++count_)},
                {"sid", session_->name}};
    }
    Result<const session::Session*> relax(const json::object& claims, uid_t uid = kOperator) {
        return manager->break_glass(session_->name, idp.sign(claims, token::kBreakGlassType),
                                    "outage", presenter(uid));
    }
    std::string refusal(const json::object& claims, uid_t uid = kOperator) {
        const auto done = relax(claims, uid);
        if (done) return "relaxed";
        EXPECT_EQ(row().relaxed_until, 0U);
        EXPECT_THAT(message_of("session.refused"), HasSubstr(done.error().message()));
        return done.error().message();
    }
    bailiff_session row() { return port.sessions.at(session_->slot); }
    std::string ask_passwd() { return ask(*session_, BAILIFF_RIGHT_WRITE, "/etc/passwd"); }

    const session::Session* session_ = nullptr;
    int count_ = 0;
};

TEST_F(ManagerBreakGlass, RelaxesTheSessionUntilTheTokensEnd) {
    EXPECT_EQ(ask_passwd(), "deny: rule");
    ASSERT_TRUE(relax(glass()));
    EXPECT_EQ(row().relaxed_until, clock.boot_nanos() + 300'000'000'000ULL);
    EXPECT_EQ(ask_passwd(), "audit: rule");
    EXPECT_THAT(message_of("session.relaxed"), AllOf(HasSubstr("user:carol"), HasSubstr("outage")));
    EXPECT_EQ(records_of("session.relaxed")[0].by(), "uid 61003 (u61003)");
    clock.advance(300);
    EXPECT_EQ(ask_passwd(), "deny: rule");
    manager->tick();
    EXPECT_EQ(records_of("session.enforced").size(), 1U);
    EXPECT_EQ(manager->relaxed_until(*session_), "");
    manager->tick();
    EXPECT_EQ(records_of("session.enforced").size(), 1U);
}

TEST_F(ManagerBreakGlass, TheSessionsOwnEndIsStillItsEnd) {
    json::object longer = glass();
    longer["exp"] = clock.unix_seconds() + 3000;
    ASSERT_TRUE(relax(longer));
    EXPECT_EQ(row().relaxed_until, session_->expires_boot);
    clock.advance(600);
    EXPECT_EQ(ask_passwd(), "deny: expired");
}

TEST_F(ManagerBreakGlass, BailiffItselfStaysOutOfReach) {
    port.files.add_file(idp.file());
    ASSERT_TRUE(manager->refresh());
    ASSERT_TRUE(relax(glass()));
    EXPECT_EQ(ask(*session_, BAILIFF_RIGHT_READ, idp.file()), "deny: rule");
}

TEST_F(ManagerBreakGlass, ATokenForAnotherSessionIsRefused) {
    json::object other = glass();
    other["sid"] = open(kBob)->name;
    EXPECT_THAT(refusal(other), HasSubstr("not for " + session_->name));
}

TEST_F(ManagerBreakGlass, WhoOpenedTheSessionCannotRelaxIt) {
    EXPECT_THAT(refusal(glass(), session_->uid), HasSubstr("somebody else"));
}

TEST_F(ManagerBreakGlass, ATokenIsUsedOnce) {
    const json::object once = glass();
    ASSERT_TRUE(relax(once));
    const auto again = relax(once);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(ManagerBreakGlass, AnIssuerThatMayNotIsRefused) {
    const auto done = manager->break_glass(
        session_->name,
        other_idp.sign({{"iss", kOtherIdp}, {"sid", session_->name}}, token::kBreakGlassType),
        "outage", presenter(kOperator));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message(), HasSubstr("may not relax sessions"));
}

TEST_F(ManagerBreakGlass, ASessionTokenIsNoBreakGlassAndTheOtherWayRound) {
    json::object claims = glass();
    const auto done =
        manager->break_glass(session_->name, idp.sign(claims), "outage", presenter(kOperator));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message(), HasSubstr("expected bailiff-break-glass+jwt"));
    const auto opened =
        open_with(idp.sign(this->claims(kAlice), token::kBreakGlassType), session_->uid);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), HasSubstr("expected at+jwt"));
}

TEST_F(ManagerBreakGlass, AReasonIsAskedFor) {
    const auto done = manager->break_glass(
        session_->name, idp.sign(glass(), token::kBreakGlassType), " ", presenter(kOperator));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ManagerBreakGlass, ASessionThatIsOverIsRefused) {
    const json::object claims = glass();
    ASSERT_TRUE(manager->end(session_->name, "ended", "test"));
    const auto done = relax(claims);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kFailedPrecondition);
}

TEST_F(ManagerBreakGlass, LastsThroughARenewalAReloadAndARestart) {
    ASSERT_TRUE(relax(glass()));
    const std::uint64_t until = row().relaxed_until;
    ASSERT_TRUE(renew(*session_, claims(kAlice)));
    EXPECT_EQ(row().relaxed_until, until);
    ASSERT_TRUE(manager->load_policy(policy()));
    EXPECT_EQ(row().relaxed_until, until);
    const std::string name = session_->name;
    start();
    session_ = manager->find(name);
    ASSERT_NE(session_, nullptr);
    EXPECT_EQ(session_->relaxed_boot, until);
    EXPECT_EQ(row().relaxed_until, until);
}

} // namespace
} // namespace bailiff::tests
