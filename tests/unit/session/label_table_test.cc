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

} // namespace
} // namespace bailiff::session
