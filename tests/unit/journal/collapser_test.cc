#include "journal/collapser.h"

#include <gmock/gmock.h>

#include "journal/describe.h"
#include "tests/unit/journal/records.h"

namespace bailiff::journal {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::denial;
using tests::observation;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1000 * kSecond;

v1::Record at(v1::Record record, const std::string& time) {
    record.set_time(time);
    return record;
}

class JournalCollapser : public ::testing::Test {
protected:
    // Records that come out now, and what they stand for.
    std::size_t offer(const v1::Record& record, std::uint64_t now = kStart) {
        return count(collapser.offer(record, now));
    }
    std::size_t count(const std::vector<v1::Record>& records) {
        for (const auto& record : records) {
            events += event_count(record);
            last = record;
        }
        return records.size();
    }

    Collapser collapser;
    std::uint64_t events = 0;
    v1::Record last;
};

TEST_F(JournalCollapser, PassesTheFirstObservationAtOnce) {
    EXPECT_EQ(offer(observation()), 1U);
    EXPECT_EQ(last.count(), 0U);
}

TEST_F(JournalCollapser, HoldsIdenticalObservationsUntilFiveSecondsAreOver) {
    offer(at(observation(), "T1"));
    EXPECT_EQ(offer(at(observation(), "T2")), 0U);
    EXPECT_EQ(offer(at(observation(), "T3"), kStart + 4 * kSecond), 0U);
    EXPECT_THAT(collapser.flush(kStart + 5 * kSecond - 1), IsEmpty());
    const auto out = collapser.flush(kStart + 5 * kSecond);
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_EQ(out[0].count(), 2U);
    EXPECT_EQ(out[0].first_time(), "T2");
    EXPECT_EQ(out[0].last_time(), "T3");
}

TEST_F(JournalCollapser, PassesTheFirstObservationOfTheNextWindowAtOnceBehindTheCollapsedOne) {
    offer(at(observation(), "T1"));
    offer(at(observation(), "T2"));
    const auto out = collapser.offer(at(observation(), "T3"), kStart + 5 * kSecond);
    ASSERT_THAT(out, SizeIs(2));
    EXPECT_EQ(out[0].last_time(), "T2");
    EXPECT_EQ(out[1].time(), "T3");
}

TEST_F(JournalCollapser, ForgetsAKindThatCameOnce) {
    offer(observation());
    EXPECT_THAT(collapser.flush(kStart + 5 * kSecond), IsEmpty());
    EXPECT_EQ(collapser.keys(), 0U);
}

TEST_F(JournalCollapser, KeepsObservationsOfDifferentObjectsApart) {
    EXPECT_EQ(offer(observation("/a")), 1U);
    EXPECT_EQ(offer(observation("/b")), 1U);
}

TEST_F(JournalCollapser, PassesTenDenialsASecond) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(offer(denial()), 1U);
    EXPECT_EQ(offer(denial()), 0U);
}

TEST_F(JournalCollapser, WritesTheDenialsPastTenWhenTheSecondIsOver) {
    for (int i = 0; i < 25; ++i) offer(denial());
    const auto out = collapser.flush(kStart + kSecond);
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_EQ(out[0].count(), 15U);
}

TEST_F(JournalCollapser, PassesTenDenialsAgainInTheNextSecond) {
    for (int i = 0; i < 25; ++i) offer(denial());
    std::size_t passed = 0;
    for (int i = 0; i < 25; ++i) passed += offer(denial(), kStart + kSecond);
    EXPECT_EQ(passed, 1U + 10U);
}

TEST_F(JournalCollapser, CountsTheTenByRuleAndNotByObject) {
    for (int i = 0; i < 10; ++i) offer(denial("/a"));
    EXPECT_EQ(offer(denial("/b")), 1U) << "the first of its kind";
    EXPECT_EQ(offer(denial("/b")), 0U);
}

TEST_F(JournalCollapser, GivesEachSessionTenOfItsOwn) {
    for (int i = 0; i < 20; ++i) offer(denial());
    v1::Record other = denial();
    other.set_session("s-2");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(offer(other), 1U);
}

TEST_F(JournalCollapser, GivesEachRuleTenOfItsOwn) {
    for (int i = 0; i < 20; ++i) offer(denial());
    v1::Record other = denial();
    other.mutable_rule()->set_line(13);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(offer(other), 1U);
}

TEST_F(JournalCollapser, NeverHoldsADenialOfAnotherKindThanTheOnesBefore) {
    const auto change = [](auto edit) {
        v1::Record record = denial();
        edit(record);
        return record;
    };
    for (int i = 0; i < 20; ++i) offer(denial());
    const std::vector<v1::Record> others = {
        change([](auto& r) { r.set_hook("inode_unlink"); }),
        change([](auto& r) { r.set_right("delete"); }),
        change([](auto& r) { r.set_reason("expired"); }),
        change([](auto& r) { r.set_would_deny(true); }),
        change([](auto& r) { r.set_kind("unbound"); }),
        change([](auto& r) { r.mutable_process()->set_executable("/bin/sh"); }),
        change([](auto& r) { r.mutable_object()->set_port(1); }),
        change([](auto& r) { r.mutable_rule()->set_profile("other"); }),
    };
    for (const auto& other : others) EXPECT_EQ(offer(other), 1U) << other.ShortDebugString();
}

TEST_F(JournalCollapser, CollapsesTheSameActOfTwoProcessesOfOneProgram) {
    offer(observation());
    v1::Record other = observation();
    other.mutable_process()->set_pid(42);
    EXPECT_EQ(offer(other), 0U);
}

TEST_F(JournalCollapser, KeepsTwoRunsOfAProgramWithOtherArgumentsApart) {
    v1::Record run = observation("/bin/sh");
    run.set_kind("exec");
    run.mutable_process()->add_argv("ls");
    offer(run);
    run.mutable_process()->set_argv(0, "rm");
    EXPECT_EQ(offer(run), 1U);
}

TEST_F(JournalCollapser, KeepsTwoObjectsApartWhoseCutNamesAreTheSame) {
    v1::Record record = observation("/deep");
    record.mutable_object()->set_path_truncated(true);
    record.mutable_object()->set_inode(1);
    offer(record);
    record.mutable_object()->set_inode(2);
    EXPECT_EQ(offer(record), 1U);
}

TEST_F(JournalCollapser, PassesEverythingElse) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(offer(tests::opened("s-1")), 1U);
    EXPECT_EQ(collapser.keys(), 0U);
}

TEST_F(JournalCollapser, AddsUpRecordsThatStandForMany) {
    v1::Record many = observation();
    many.set_count(7);
    many.set_first_time("T0");
    many.set_last_time("T9");
    offer(observation());
    offer(many);
    offer(at(observation(), "T10"));
    const auto out = collapser.flush_all();
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_EQ(out[0].count(), 8U);
    EXPECT_EQ(out[0].first_time(), "T0");
    EXPECT_EQ(out[0].last_time(), "T10");
}

TEST_F(JournalCollapser, LosesNoneOfAStorm) {
    std::uint64_t offered = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i, ++offered) {
        const std::string path = "/f" + std::to_string(i % 37);
        offer(i % 3 == 0 ? observation(path) : denial(path), kStart + i * kSecond / 1000);
    }
    count(collapser.flush_all());
    EXPECT_EQ(events, offered);
    EXPECT_EQ(collapser.keys(), 0U);
}

TEST_F(JournalCollapser, FlushesTheOldestKindWhenItsTableIsFull) {
    Collapser small(2);
    count(small.offer(observation("/a"), kStart));
    count(small.offer(observation("/a"), kStart));
    count(small.offer(denial("/b"), kStart + 1));
    const auto out = small.offer(observation("/c"), kStart + 2);
    ASSERT_THAT(out, SizeIs(2));
    EXPECT_EQ(out[0].object().path(), "/a");
    EXPECT_EQ(out[0].count(), 1U);
    EXPECT_EQ(out[1].object().path(), "/c");
    EXPECT_EQ(small.keys(), 2U);
}

v1::Record execution(const std::string& kind, const std::string& argument) {
    v1::Record record;
    record.set_kind(kind);
    record.set_session("s-1");
    record.mutable_process()->set_executable("/bin/cat");
    record.mutable_process()->add_argv("cat");
    record.mutable_process()->add_argv(argument);
    return record;
}

v1::Record refusal(std::uint32_t uid, const std::string& message) {
    v1::Record record;
    record.set_kind("session.refused");
    record.mutable_process()->set_uid(uid);
    record.set_message(message);
    return record;
}

TEST_F(JournalCollapser, HoldsIdenticalExecutionsAsObservations) {
    for (const char* kind : {"exec", "unbound"}) {
        EXPECT_EQ(offer(execution(kind, "a")), 1U) << kind;
        EXPECT_EQ(offer(execution(kind, "a")), 0U) << kind;
        EXPECT_EQ(offer(execution(kind, "b")), 1U) << "other arguments are another execution";
    }
    EXPECT_EQ(count(collapser.flush(kStart + 5 * kSecond)), 2U);
    EXPECT_EQ(events, 6U);
}

TEST_F(JournalCollapser, DoesNotMixAgentsOrAccounts) {
    v1::Record first = observation();
    v1::Record other_agent = observation();
    other_agent.set_agent("another");
    v1::Record other_uid = observation();
    other_uid.mutable_process()->set_uid(4711);
    EXPECT_EQ(offer(first), 1U);
    EXPECT_EQ(offer(other_agent), 1U);
    EXPECT_EQ(offer(other_uid), 1U);
}

TEST_F(JournalCollapser, RefusalsOfOneUidBeyondTenASecondAreOneRecord) {
    std::size_t out = 0;
    for (int i = 0; i < 1000; ++i) out += offer(refusal(1000, "expired"));
    EXPECT_EQ(out, 10U);
    EXPECT_EQ(offer(refusal(1001, "expired")), 1U) << "another uid has its own ten";
    EXPECT_EQ(count(collapser.flush(kStart + kSecond)), 1U);
    EXPECT_EQ(events, 1001U);
}

TEST_F(JournalCollapser, RefusalsWithEverNewWordsAreBoundedToo) {
    std::size_t out = 0;
    for (int i = 0; i < 1000; ++i) out += offer(refusal(1000, "no user " + std::to_string(i)));
    EXPECT_EQ(out, 11U);
    out += count(collapser.flush(kStart + kSecond));
    EXPECT_EQ(out, 12U);
    EXPECT_EQ(events, 1000U);
}

} // namespace
} // namespace bailiff::journal
