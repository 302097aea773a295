#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>

#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using api::Role;
using Answer = std::optional<Result<v1::ReadEventsResponse>>;

class ReadEvents : public testing::Test, public tests::Host {
protected:
    // Begins the call; the answer is there when it has ended.
    void call(const api::Caller& by, const v1::ReadEventsRequest& request) {
        answer.reset();
        boost::asio::co_spawn(
            context,
            [this, &by, &request]() -> boost::asio::awaitable<void> {
                answer.emplace(co_await service->read_events(by, request));
            },
            boost::asio::detached);
        run();
    }
    void run() {
        context.restart();
        context.poll();
    }
    void write(const std::string& kind, const std::string& session) {
        v1::Record record;
        record.set_kind(kind);
        record.set_session(session);
        journal.record(std::move(record));
    }

    Answer answer;
};

TEST_F(ReadEvents, AllOfThemAreForAnAuditor) {
    write("session.opened", "s-1");
    const auto user = caller(tests::kAlicesUid);
    const v1::ReadEventsRequest everything;
    call(user, everything);
    ASSERT_TRUE(answer.has_value());
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code(), ErrorCode::kPermissionDenied);
    const auto auditor = caller(tests::kAlicesUid, {Role::kAuditor});
    call(auditor, everything);
    ASSERT_TRUE(answer.has_value() && *answer);
    EXPECT_EQ((*answer)->records_size(), 1);
}

TEST_F(ReadEvents, ThoseOfASessionAreForItsOwner) {
    const std::string name = session_of_alice();
    write("verdict", name);
    write("verdict", "s-other");
    v1::ReadEventsRequest request;
    request.set_session(name);
    const auto owner = caller(tests::kAlicesUid);
    call(owner, request);
    ASSERT_TRUE(answer.has_value() && *answer);
    ASSERT_EQ((*answer)->records_size(), 1);
    EXPECT_EQ((*answer)->records(0).session(), name);
    const auto stranger = caller(tests::kBobsUid);
    call(stranger, request);
    ASSERT_TRUE(answer.has_value());
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code(), ErrorCode::kNotFound);
}

TEST_F(ReadEvents, WhatTheKernelHasToSayIsReadFirst) {
    const auto auditor = caller(0, {Role::kAuditor});
    const v1::ReadEventsRequest request;
    call(auditor, request);
    EXPECT_EQ(drained, 1);
}

TEST_F(ReadEvents, ACallThatMayWaitEndsWithTheFirstRecord) {
    const auto auditor = caller(0, {Role::kAuditor});
    v1::ReadEventsRequest request;
    request.set_wait_ms(10'000);
    call(auditor, request);
    EXPECT_FALSE(answer.has_value()) << "there is nothing yet";
    write("session.opened", "s-1");
    run();
    ASSERT_TRUE(answer.has_value() && *answer);
    EXPECT_EQ((*answer)->records_size(), 1);
}

TEST_F(ReadEvents, PagesFollowOneAnotherWithoutALoss) {
    constexpr int kRecords = 25;
    for (int i = 0; i < kRecords; i++) write("exec", "s-" + std::to_string(i));
    const auto auditor = caller(0, {Role::kAuditor});
    v1::ReadEventsRequest request;
    request.set_limit(10);
    std::vector<std::string> seen;
    for (int pages = 0; pages < 3; pages++) {
        call(auditor, request);
        ASSERT_TRUE(answer.has_value() && *answer);
        for (const auto& record : (*answer)->records()) seen.push_back(record.session());
        request.set_after((*answer)->next());
    }
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(kRecords));
    for (int i = 0; i < kRecords; i++)
        EXPECT_EQ(seen[static_cast<std::size_t>(i)], "s-" + std::to_string(i));
}

} // namespace
} // namespace bailiff::daemon
