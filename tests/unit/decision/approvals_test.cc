#include "decision/approvals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/support/fake_kernel_port.h"
#include "tests/unit/support/manual_clock.h"

namespace bailiff::decision {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ApprovalsTest : public testing::Test {
protected:
    // An act of process 100 + hold waits for a minute.
    std::string waits(std::uint64_t hold, const std::string& time = "1") {
        bailiff_hold row{};
        row.deadline = clock.boot_nanos() + 60'000'000'000;
        row.event.hold = hold;
        row.event.pid = static_cast<std::uint32_t>(100 + hold);
        port.held[hold] = row;
        v1::Record asked;
        asked.set_time(time);
        asked.set_session("s-" + std::to_string(hold));
        approvals.add(row, asked);
        return approvals.list().back()->id;
    }
    void tick(bool over = false) {
        approvals.tick([over](const v1::Record&) { return over; });
    }

    tests::FakeKernelPort port;
    tests::ManualClock clock;
    Approvals approvals{port, clock};
};

TEST_F(ApprovalsTest, AnAnswerIsWrittenAndTheTaskGoesOnUntilItTookIt) {
    const std::string id = waits(7);
    EXPECT_EQ(id, "0000000000000007");
    tick();
    EXPECT_THAT(port.resumed, IsEmpty()) << "nobody answered";
    ASSERT_TRUE(approvals.answer(id, BAILIFF_VERDICT_ALLOW));
    EXPECT_EQ(port.answers.at(7), BAILIFF_VERDICT_ALLOW);
    EXPECT_TRUE(approvals.hurries());
    tick();
    tick();
    EXPECT_THAT(port.resumed, ElementsAre(107, 107, 107));
    port.held.erase(7); // taken
    tick();
    EXPECT_EQ(approvals.count(), 0U);
    EXPECT_FALSE(approvals.hurries());
}

TEST_F(ApprovalsTest, SaysWhatTheFileIs) {
    bailiff_hold row{};
    row.deadline = clock.boot_nanos() + 60'000'000'000;
    row.size = 12;
    row.mode = 0100640;
    row.owner = 1001;
    row.event.hold = 9;
    port.held[9] = row;
    approvals.add(row, {});
    const v1::Object& object = approvals.list()[0]->asked.object();
    EXPECT_EQ(object.size(), 12U);
    EXPECT_EQ(object.mode(), 0100640U);
    EXPECT_EQ(object.owner(), 1001U);
}

TEST_F(ApprovalsTest, IsAnsweredOnce) {
    const std::string id = waits(7);
    ASSERT_TRUE(approvals.answer(id, BAILIFF_VERDICT_DENY));
    const Status again = approvals.answer(id, BAILIFF_VERDICT_ALLOW);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_EQ(port.answers.at(7), BAILIFF_VERDICT_DENY);
}

TEST_F(ApprovalsTest, AfterItsTimeItIsNotAnsweredAndItsTaskFindsOut) {
    const std::string id = waits(7);
    clock.advance(60);
    const Status late = approvals.answer(id, BAILIFF_VERDICT_ALLOW);
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().message(), HasSubstr("is over"));
    EXPECT_THAT(port.answers, IsEmpty());
    tick();
    EXPECT_THAT(port.resumed, ElementsAre(107));
}

TEST_F(ApprovalsTest, WhatBelongsToASessionThatIsOverGoesOn) {
    waits(7);
    tick(true);
    EXPECT_THAT(port.resumed, ElementsAre(107));
    EXPECT_THAT(port.answers, IsEmpty());
}

TEST_F(ApprovalsTest, WhoseTaskIsGoneIsForgottenWithItsAnswer) {
    const std::string id = waits(7);
    ASSERT_TRUE(approvals.answer(id, BAILIFF_VERDICT_ALLOW));
    port.gone.insert(107);
    tick();
    EXPECT_EQ(approvals.count(), 0U);
    EXPECT_THAT(port.answers, IsEmpty());
    EXPECT_THAT(port.held, IsEmpty());
}

TEST_F(ApprovalsTest, WhatTheKernelNoLongerHoldsCannotBeAnswered) {
    const std::string id = waits(7);
    port.held.clear();
    const Status given = approvals.answer(id, BAILIFF_VERDICT_ALLOW);
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(port.answers, IsEmpty());
    EXPECT_FALSE(approvals.answer("nonsense", BAILIFF_VERDICT_ALLOW));
}

TEST_F(ApprovalsTest, AnAnswerThatCannotBeWrittenIsNone) {
    const std::string id = waits(7);
    port.fail_every("answer");
    EXPECT_FALSE(approvals.answer(id, BAILIFF_VERDICT_ALLOW));
    EXPECT_FALSE(approvals.hurries());
    port.mend();
    EXPECT_TRUE(approvals.answer(id, BAILIFF_VERDICT_ALLOW));
}

TEST_F(ApprovalsTest, WhileTheKernelSideIsSilentNothingIsForgotten) {
    waits(7);
    port.fail_every("find_hold");
    port.fail_every("resume");
    clock.advance(61);
    tick();
    EXPECT_EQ(approvals.count(), 1U);
}

TEST_F(ApprovalsTest, WhatIsDueWhileTheKernelSideIsAwayGoesOnWhenItIsBack) {
    waits(7);
    port.fail_every("resume");
    clock.advance(61);
    for (int i = 0; i < 60; i++, clock.advance(1)) tick();
    EXPECT_EQ(approvals.count(), 1U);
    EXPECT_EQ(port.held.size(), 1U);
    port.mend();
    tick();
    EXPECT_THAT(port.resumed, ElementsAre(107));
    EXPECT_EQ(approvals.count(), 1U) << "it may have stopped once more";
    clock.advance(5);
    tick();
    EXPECT_EQ(approvals.count(), 0U);
}

TEST_F(ApprovalsTest, AnAnswerThatNobodyTakesHurriesForAMomentAndIsForgottenAfterItsTime) {
    const std::string id = waits(7);
    ASSERT_TRUE(approvals.answer(id, BAILIFF_VERDICT_ALLOW));
    clock.advance(3);
    EXPECT_FALSE(approvals.hurries());
    tick();
    EXPECT_EQ(approvals.count(), 1U);
    clock.advance(62);
    tick();
    EXPECT_EQ(approvals.count(), 1U);
    clock.advance(5);
    tick();
    EXPECT_EQ(approvals.count(), 0U);
    EXPECT_THAT(port.answers, IsEmpty());
}

TEST_F(ApprovalsTest, OfManySomeHaveTheirTurnAndThenTheOthers) {
    for (std::uint64_t hold = 1; hold <= 300; hold++) waits(hold);
    tick(true);
    EXPECT_EQ(port.resumed.size(), 128U);
    tick(true);
    tick(true);
    const std::set<std::uint32_t> all(port.resumed.begin(), port.resumed.end());
    EXPECT_EQ(all.size(), 300U);
}

TEST_F(ApprovalsTest, TheOldestComesFirst) {
    waits(7, "2");
    waits(8, "1");
    const auto all = approvals.list();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]->hold, 8U);
    approvals.settled(8);
    EXPECT_EQ(approvals.count(), 1U);
}

} // namespace
} // namespace bailiff::decision
