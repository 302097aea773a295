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
    void call(const api::Caller& by, const v1::ReadEventsRequest& request, bool to_its_end = true) {
        answer.reset();
        boost::asio::co_spawn(
            context,
            [this, &by, &request]() -> boost::asio::awaitable<void> {
                answer.emplace(co_await service->read_events(by, request));
            },
            boost::asio::detached);
        context.restart();
        if (to_its_end) context.poll();
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

TEST_F(ReadEvents, AllOfThemAreForAnAuditorAndAnOperator) {
    write("session.opened", "s-1");
    write("session.opened", session_of_alice());
    const v1::ReadEventsRequest everything;
    for (const Role role : {Role::kAuditor, Role::kOperator}) {
        const auto by = caller(tests::kBobsUid, {role});
        call(by, everything);
        ASSERT_TRUE(answer.has_value() && *answer);
        EXPECT_EQ((*answer)->records_size(), 2);
    }
}

TEST_F(ReadEvents, AUserSeesThoseOfItsOwnSessions) {
    const std::string own = session_of_alice();
    const std::string bobs = open(tests::kBob, "/srv/work/two")->name;
    write("session.opened", own);
    write("session.opened", bobs);
    write("daemon.started", "");
    write("gap", "");
    const auto user = caller(tests::kAlicesUid);
    const v1::ReadEventsRequest everything;
    call(user, everything);
    ASSERT_TRUE(answer.has_value() && *answer);
    ASSERT_EQ((*answer)->records_size(), 2);
    EXPECT_EQ((*answer)->records(0).session(), own);
    EXPECT_EQ((*answer)->records(1).kind(), "gap") << "that something is missing is for everyone";
}

TEST_F(ReadEvents, AWaitIncludesASessionThatIsOpenedMeanwhile) {
    const auto user = caller(tests::kAlicesUid);
    v1::ReadEventsRequest request;
    request.set_wait_ms(10'000);
    call(user, request);
    const std::string bobs = open(tests::kBob, "/srv/work/two")->name;
    write("session.opened", bobs);
    run();
    EXPECT_FALSE(answer.has_value()) << "that is another's";
    write("session.opened", session_of_alice());
    run();
    ASSERT_TRUE(answer.has_value() && *answer);
    EXPECT_EQ((*answer)->records_size(), 1);
}

TEST_F(ReadEvents, AVerdictThatIsNoneIsRefused) {
    const auto auditor = caller(0, {Role::kAuditor});
    v1::ReadEventsRequest request;
    request.set_verdict("nonsense");
    call(auditor, request);
    ASSERT_TRUE(answer.has_value());
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(answer->error().message(), testing::HasSubstr("\"nonsense\""));
}

TEST_F(ReadEvents, EveryVerdictOfARecordCanBeAskedFor) {
    const auto auditor = caller(0, {Role::kAuditor});
    v1::ReadEventsRequest request;
    request.set_verdict("allow,audit,preserve,hold,deny");
    call(auditor, request);
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(*answer);
}

TEST_F(ReadEvents, ALongSearchLetsOthersHaveTheirTurn) {
    const std::string filler(2000, 'x');
    for (int i = 0; i < 1500; i++) write("posture", filler);
    write("verdict", "s-1");
    const auto auditor = caller(0, {Role::kAuditor});
    v1::ReadEventsRequest request;
    request.set_session("s-1");
    call(auditor, request, false);
    context.poll_one();
    EXPECT_FALSE(answer.has_value()) << "three megabytes are not read at a stretch";
    run();
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
