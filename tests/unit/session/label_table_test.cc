#include "session/label_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

policy::Label label_of(std::uint8_t right, std::uint8_t verdict, std::uint16_t bit,
                       std::uint32_t rule = 0) {
    policy::Label label;
    label.add({right, verdict, bit, rule});
    return label;
}

class LabelTables : public testing::Test {
protected:
    tests::FakeKernelPort port;
    LabelTable table{port, 1};
    policy::Label denied = label_of(BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_DENY, 70);
};

TEST_F(LabelTables, ALabelHasARowForEachRightItSpeaksOf) {
    const auto number = table.intern(denied);
    ASSERT_TRUE(number);
    EXPECT_EQ(*number, 1 + kLabelsPerSlot) << "the first of policy slot 1";
    ASSERT_EQ(port.rows.size(), 1U);
    EXPECT_EQ(port.rows.begin()->first, 1 + kRowsPerSlot) << "the first of policy slot 1";
    const bailiff_row row = port.row(*number, BAILIFF_RIGHT_WRITE);
    EXPECT_EQ(row.says[BAILIFF_VERDICT_DENY].word[1], 1ULL << 6);
    EXPECT_EQ(row.says[BAILIFF_VERDICT_ALLOW].word[1], 0U);
    EXPECT_EQ(port.labels.at(*number).row[BAILIFF_RIGHT_READ], 0U);
}

TEST_F(LabelTables, LabelsShareTheRowsThatAreAlike) {
    policy::Label both = denied;
    both.add({BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY, 70, 0});
    const auto one = table.intern(denied);
    const auto other = table.intern(both);
    ASSERT_TRUE(one && other);
    EXPECT_EQ(port.rows.size(), 1U);
    EXPECT_EQ(port.labels.at(*other).row[BAILIFF_RIGHT_READ],
              port.labels.at(*one).row[BAILIFF_RIGHT_WRITE]);
}

TEST_F(LabelTables, WhatSaysTheSameIsWrittenOnce) {
    const auto number = table.intern(denied);
    const std::size_t written = port.calls.size();
    EXPECT_EQ(table.intern(label_of(BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_DENY, 70)).value(),
              *number);
    EXPECT_EQ(port.calls.size(), written);
    EXPECT_NE(table.intern(label_of(BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY, 70)).value(),
              *number);
    EXPECT_EQ(table.labels().size(), 2U);
}

TEST_F(LabelTables, ALabelThatSaysNothingIsNumberZero) {
    EXPECT_EQ(table.intern(policy::Label()).value(), 0U);
    EXPECT_TRUE(port.rows.empty());
}

TEST_F(LabelTables, ANumberLeadsBackToItsLabel) {
    const auto number = table.intern(denied);
    ASSERT_TRUE(number);
    ASSERT_NE(table.find(*number), nullptr);
    EXPECT_EQ(*table.find(*number), denied);
    EXPECT_EQ(table.find(*number + 1), nullptr);
    EXPECT_EQ(table.find(0), nullptr);
    EXPECT_EQ(table.find(1), nullptr) << "another slot's";
}

TEST_F(LabelTables, TheRangesOfTheSlotsDoNotMeet) {
    for (std::uint32_t slot = 0; slot + 1 < kPolicySlots; slot++)
        EXPECT_EQ(LabelTable(port, slot).first() + kLabelsPerSlot,
                  LabelTable(port, slot + 1).first());
    EXPECT_EQ(LabelTable(port, 0).first(), 1U) << "label 0 says nothing";
    EXPECT_LE(LabelTable(port, kPolicySlots - 1).first() + kLabelsPerSlot, BAILIFF_MAX_LABELS - 1U)
        << "the last is the probes'";
}

TEST_F(LabelTables, AFullRangeRefusesWhatIsNewAndKnowsTheRest) {
    for (std::uint32_t rule = 0; rule < kLabelsPerSlot; rule++)
        ASSERT_TRUE(table.intern(label_of(BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY, 1, rule)));
    const auto over = table.intern(denied);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(over.error().message(), testing::HasSubstr(std::to_string(kLabelsPerSlot)));
    EXPECT_TRUE(table.intern(label_of(BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY, 1, 0)));
    for (const auto& [at, label] : port.labels) EXPECT_LT(at, table.first() + kLabelsPerSlot);
}

TEST_F(LabelTables, AFullRangeOfRowsRefusesWhatIsNew) {
    std::uint32_t made = 0;
    for (std::uint32_t label = 0; made < kRowsPerSlot; label++) {
        policy::Label distinct; // of each right another row
        for (std::uint8_t right = 0; right < BAILIFF_RIGHTS && made < kRowsPerSlot;
             right++, made++) {
            distinct.add({right, BAILIFF_VERDICT_ALLOW, static_cast<std::uint16_t>(made % 100), 0});
            distinct.add(
                {right, BAILIFF_VERDICT_ALLOW, static_cast<std::uint16_t>(100 + made / 100), 0});
        }
        ASSERT_TRUE(table.intern(distinct)) << label;
    }
    const auto over = table.intern(denied);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(over.error().message(), testing::HasSubstr(std::to_string(kRowsPerSlot)));
    EXPECT_EQ(port.rows.size(), kRowsPerSlot);
    EXPECT_LT(port.rows.rbegin()->first, 1 + 2 * kRowsPerSlot) << "none of the next slot's";
}

TEST_F(LabelTables, ALabelThatIsNotAllWrittenIsNotUsed) {
    for (const std::size_t step : {1U, 2U}) {
        port.fail_call(step);
        ASSERT_FALSE(table.intern(denied));
        EXPECT_TRUE(table.labels().empty());
    }
    ASSERT_TRUE(table.intern(denied));
    EXPECT_EQ(port.labels.size(), 1U);
    EXPECT_EQ(port.rows.size(), 1U);
}

policy::Label up_to(std::uint16_t count, std::uint16_t bit, std::uint32_t rule = 0) {
    policy::Label label;
    label.add({BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, bit, rule, {}, {count, 2, 60, false}});
    return label;
}

TEST_F(LabelTables, LabelsThatDifferInABudgetAreTwo) {
    const auto one = table.intern(up_to(3, 1));
    const auto other = table.intern(up_to(4, 1));
    const auto always = table.intern(label_of(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 1));
    ASSERT_TRUE(one && other && always);
    EXPECT_EQ(port.rows.size(), 1U);
    ASSERT_EQ(port.budgets.size(), 2U);
    EXPECT_EQ(port.budgets.at({*one, 1, BAILIFF_RIGHT_DELETE, 0}).count, 3U);
    EXPECT_EQ(port.budgets.at({*other, 1, BAILIFF_RIGHT_DELETE, 0}).count, 4U);
    EXPECT_EQ(port.budgets.at({*other, 1, BAILIFF_RIGHT_DELETE, 0}).number, 0x10002U);
}

TEST_F(LabelTables, MoreBudgetsThanASlotHasAreRefused) {
    for (std::uint32_t rule = 0; rule < 512; rule++) {
        policy::Label two = up_to(1, 1, rule);
        two.merge(up_to(1, 2, rule));
        ASSERT_TRUE(table.intern(two)) << rule;
    }
    ASSERT_EQ(port.budgets.size(), 1024U);
    const auto over = table.intern(up_to(1, 3));
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(over.error().message(), testing::HasSubstr("more than 1024 things"));
    EXPECT_EQ(port.budgets.size(), 1024U);
    EXPECT_TRUE(table.intern(denied)) << "what has none";
}

// The number is used again, and the next label's hold would not ask.
TEST_F(LabelTables, ALabelThatWasNotWrittenLeavesNoBudget) {
    port.fail_every("put_label");
    ASSERT_FALSE(table.intern(up_to(3, 1)));
    ASSERT_EQ(port.budgets.size(), 1U);
    port.mend();
    port.fail_every("clear_budgets");
    EXPECT_FALSE(table.intern(label_of(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 1)));
    port.mend();
    const auto next = table.intern(label_of(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 1));
    ASSERT_TRUE(next);
    EXPECT_EQ(*next, table.first());
    EXPECT_TRUE(port.budgets.empty());
}

} // namespace
} // namespace bailiff::session
