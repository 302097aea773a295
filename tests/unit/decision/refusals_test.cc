#include "decision/refusals.h"

#include <gtest/gtest.h>

namespace bailiff::decision {
namespace {

bailiff_event verdict(std::uint32_t subject, bailiff_verdict what, std::uint32_t generation = 1) {
    bailiff_event event{};
    event.kind = BAILIFF_EVENT_VERDICT;
    event.subject = subject;
    event.subject_generation = generation;
    event.session = 5;
    event.uid = 1000;
    event.verdict = static_cast<bailiff_u8>(what);
    return event;
}

v1::Record record(const std::string& path, const std::string& rule = "deny write path /secret") {
    v1::Record record;
    record.mutable_object()->set_path(path);
    record.mutable_rule()->set_text(rule);
    record.mutable_rule()->set_file("policy.yaml");
    record.mutable_rule()->set_line(7);
    record.set_user("user:alice");
    return record;
}

TEST(Refusals, KeepTheLastOfEachSubject) {
    Refusals refusals;
    EXPECT_EQ(refusals.last(1, 1, 1000), nullptr);
    refusals.meet(verdict(1, BAILIFF_VERDICT_DENY), record("/a"));
    refusals.meet(verdict(2, BAILIFF_VERDICT_DENY), record("/b"));
    refusals.meet(verdict(1, BAILIFF_VERDICT_HOLD), record("/c"));
    EXPECT_EQ(refusals.last(1, 1, 1000)->object().path(), "/c");
    EXPECT_EQ(refusals.last(2, 1, 1000)->object().path(), "/b");
}

TEST(Refusals, WhatWasApprovedWaitsNoMore) {
    Refusals refusals;
    v1::Record asked = record("/a");
    asked.set_approval("a1");
    refusals.meet(verdict(1, BAILIFF_VERDICT_HOLD), asked);
    ASSERT_NE(refusals.last(1, 1, 1000), nullptr);
    bailiff_event approved = verdict(1, BAILIFF_VERDICT_AUDIT);
    approved.reason = BAILIFF_REASON_APPROVED;
    v1::Record other = record("/b");
    other.set_approval("b1");
    refusals.meet(approved, other);
    EXPECT_NE(refusals.last(1, 1, 1000), nullptr);
    refusals.meet(approved, asked);
    EXPECT_EQ(refusals.last(1, 1, 1000), nullptr);
}

TEST(Refusals, WhatIsLetThroughIsNone) {
    Refusals refusals;
    refusals.meet(verdict(1, BAILIFF_VERDICT_AUDIT), record("/a"));
    bailiff_event exec = verdict(1, BAILIFF_VERDICT_DENY);
    exec.kind = BAILIFF_EVENT_EXEC;
    refusals.meet(exec, record("/a"));
    refusals.meet(verdict(0, BAILIFF_VERDICT_DENY), record("/a"));
    EXPECT_EQ(refusals.last(1, 1, 1000), nullptr);
    EXPECT_EQ(refusals.last(0, 0, 1000), nullptr);
}

TEST(Refusals, OfTheNextInTheSlotThereIsNone) {
    Refusals refusals;
    refusals.meet(verdict(1, BAILIFF_VERDICT_DENY, 1), record("/a"));
    EXPECT_EQ(refusals.last(1, 2, 1000), nullptr);
}

TEST(Refusals, OfAnAgentWithoutASessionOnlyItsAccountIsTold) {
    Refusals refusals;
    bailiff_event event = verdict(1, BAILIFF_VERDICT_DENY);
    refusals.meet(event, record("/a"));
    EXPECT_NE(refusals.last(1, 1, 1001), nullptr) << "a session is one, whatever its accounts";
    event.session = 0;
    refusals.meet(event, record("/a"));
    EXPECT_EQ(refusals.last(1, 1, 1001), nullptr);
    EXPECT_NE(refusals.last(1, 1, 1000), nullptr);
}

TEST(Refusals, OfTheRuleOnlyItsPlaceIsTold) {
    Refusals refusals;
    refusals.meet(verdict(1, BAILIFF_VERDICT_DENY), record("/a"));
    EXPECT_EQ(refusals.last(1, 1, 1000)->rule().text(), "");
    EXPECT_EQ(refusals.last(1, 1, 1000)->rule().line(), 7U);
    EXPECT_EQ(refusals.last(1, 1, 1000)->user(), "");
    refusals.meet(verdict(1, BAILIFF_VERDICT_DENY), record("/a", "default deny"));
    EXPECT_EQ(refusals.last(1, 1, 1000)->rule().text(), "default deny");
}

} // namespace
} // namespace bailiff::decision
