// How `bailiffctl run` ends: whose doing it was, and when the tree is really gone.
#include "tests/unit/ctl/run_fixture.h"

namespace bailiff::ctl {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST_F(Run, ARevokedSessionIsTold) {
    session_.set_state("revoked");
    session_.set_why("was revoked by uid 1000: alice left");
    EXPECT_EQ(run({"true"}), 0);
    EXPECT_EQ(err(), "bailiff: session s-1 was revoked by uid 1000: alice left\n");
    EXPECT_THAT(live_.service.calls(), Not(Contains("EndSession")));
}

TEST_F(Run, WaitTreeWaitsUntilTheLastTaskIsGone) {
    int left = 2;
    live_.service.on_get = [this, &left](const v1::GetSessionRequest&) {
        v1::GetSessionResponse response;
        *response.mutable_session() = session_;
        response.mutable_session()->set_tasks(static_cast<std::uint32_t>(std::max(left--, 0)));
        return response;
    };
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--wait-tree"}), 0);
    EXPECT_LT(left, 0);
    EXPECT_THAT(live_.service.calls(), Contains("EndSession"));
}

TEST_F(Run, ASessionThatSomebodyElseEndedIsTold) {
    session_.set_state("ended");
    session_.set_why("was ended by uid 0 (root)");
    EXPECT_EQ(run({"true"}), 0);
    EXPECT_EQ(err(), "bailiff: session s-1 was ended by uid 0 (root)\n");
}

TEST_F(Run, TheEndOfItsOwnCommandIsNoNews) {
    for (const char* why :
         {"ended: its command exited", "ended: the last process of its tree exited"}) {
        session_.set_state("ended");
        session_.set_why(why);
        EXPECT_EQ(run({"true"}), 0);
        EXPECT_EQ(err(), "");
    }
}

TEST_F(Run, WaitTreeGoesOnWhileTheDaemonRestarts) {
    int asked = 0;
    live_.service.on_get =
        [this, &asked](const v1::GetSessionRequest&) -> Result<v1::GetSessionResponse> {
        const std::scoped_lock lock(mutex_);
        if (++asked <= 3) return fail(ErrorCode::kUnavailable, "bailiffd restarts");
        v1::GetSessionResponse response;
        *response.mutable_session() = session_;
        response.mutable_session()->set_tasks(asked <= 5 ? 1 : 0);
        return response;
    };
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--wait-tree"}), 0);
    EXPECT_GE(asked, 6);
    const std::string said = err();
    EXPECT_THAT(said, HasSubstr("waiting for the last process of session s-1: bailiffd restarts"));
    EXPECT_EQ(said.find("waiting"), said.rfind("waiting"));
}

// The daemon knows the session, and not what lives in it.
TEST_F(Run, WaitTreeDoesNotTakeAnUnknownNumberForNone) {
    int asked = 0;
    live_.service.on_get = [this, &asked](const v1::GetSessionRequest&) {
        const std::scoped_lock lock(mutex_);
        v1::GetSessionResponse response;
        *response.mutable_session() = session_;
        response.mutable_session()->clear_tasks();
        if (++asked >= 3) response.mutable_session()->set_tasks(0);
        return response;
    };
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--wait-tree"}), 0);
    EXPECT_GE(asked, 3);
}

} // namespace
} // namespace bailiff::ctl
