#include "ctl/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "api/listener.h"
#include "tests/unit/api/fake_service.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;

TEST(Client, GetsTheAnswer) {
    api::LiveServer live;
    live.service.status.set_posture("ENFORCING");
    ASSERT_TRUE(live.start());
    v1::GetStatusResponse response;
    const Status called = Client(live.path()).call("GetStatus", v1::GetStatusRequest{}, response);
    ASSERT_TRUE(called) << called.error().message();
    EXPECT_EQ(response.posture(), "ENFORCING");
}

TEST(Client, GetsTheServersCodeAndSentence) {
    api::LiveServer live;
    live.service.on_open = [](const auto&, const auto&) -> Result<v1::OpenSessionResponse> {
        return fail(ErrorCode::kAlreadyExists, "the token was used before");
    };
    ASSERT_TRUE(live.start());
    v1::OpenSessionResponse response;
    const Status called =
        Client(live.path()).call("OpenSession", v1::OpenSessionRequest{}, response);
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(called.error().message(), "the token was used before");
}

TEST(Client, ReadsTheRefusalOfARequestThatIsTooBig) {
    api::LiveServer live;
    ASSERT_TRUE(live.start());
    v1::OpenSessionRequest request;
    request.set_token(std::string(4 << 20, 'x'));
    v1::OpenSessionResponse response;
    const Status called = Client(live.path()).call("OpenSession", request, response);
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().code(), ErrorCode::kResourceExhausted);
}

TEST(Client, SaysWhereNobodyAnswersAndWhatToDo) {
    v1::GetStatusResponse response;
    const Status called =
        Client("/nonexistent/sock").call("GetStatus", v1::GetStatusRequest{}, response);
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(called.error().message(),
              "bailiffd does not answer at /nonexistent/sock: No such file or directory "
              "(systemctl status bailiffd)");
}

TEST(Client, DoesNotWaitForeverForASilentServer) {
    const api::ScratchFolder folder;
    const auto listener = api::listen_at(folder / "sock");
    ASSERT_TRUE(listener);
    v1::GetStatusResponse response;
    const Status called = Client(folder / "sock", std::chrono::milliseconds(50))
                              .call("GetStatus", v1::GetStatusRequest{}, response);
    ASSERT_FALSE(called);
    EXPECT_THAT(called.error().message(), HasSubstr("no answer in time"));
}

TEST(Client, CancelEndsTheCallThatWaits) {
    const api::ScratchFolder folder;
    const auto listener = api::listen_at(folder / "sock");
    ASSERT_TRUE(listener);
    Client client(folder / "sock", std::chrono::minutes(5));
    std::thread other([&] { client.cancel(); });
    v1::GetStatusResponse response;
    const Status called = client.call("GetStatus", v1::GetStatusRequest{}, response);
    other.join();
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().code(), ErrorCode::kUnavailable);
    EXPECT_FALSE(client.pause(std::chrono::minutes(5)));
}

} // namespace
} // namespace bailiff::ctl
