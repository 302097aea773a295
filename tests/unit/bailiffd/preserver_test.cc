// What is kept of which act, and when the act is let go.
#include "bailiffd/preserver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using testing::Contains;
using testing::ElementsAre;

class PreserverTest : public testing::Test, public tests::Host {
protected:
    // An act that waits for the file /srv/a to be kept, asked for just now.
    bailiff_event act(std::uint32_t number = 7, std::uint32_t slot = 0) {
        bailiff_event event = described();
        event.hold = std::uint64_t{5} << 32 | (slot * BAILIFF_MAX_HOLDS_OF_SESSION + number);
        bailiff_hold row{};
        row.event = event;
        port.held[event.hold] = row;
        return event;
    }
    bailiff_event described() {
        static constexpr char kNames[] = "a\0srv";
        bailiff_event event{};
        event.kind = BAILIFF_EVENT_VERDICT;
        event.verdict = BAILIFF_VERDICT_PRESERVE;
        event.reason = BAILIFF_REASON_RULE;
        event.right = BAILIFF_RIGHT_DELETE;
        event.hold = 0x500000007;
        event.pid = 42;
        event.uid = 1234;
        event.time = clock.boot_nanos();
        event.ino = 11;
        event.dev = 12;
        event.generation = 13;
        std::memcpy(event.text, kNames, sizeof(kNames));
        event.text_length = sizeof(kNames);
        return event;
    }
    // Its turn comes; false where it was not kept.
    bool preserve(const bailiff_event& event) {
        preserver.add(event);
        return !preserver.next();
    }
    std::vector<std::uint64_t> answered() const {
        std::vector<std::uint64_t> holds;
        for (const auto& [hold, verdict] : port.answers) holds.push_back(hold);
        return holds;
    }
    undo::Entry kept() const { return port.preserved.begin()->second; }
    Preserver preserver{port, *manager, clock};
};

TEST_F(PreserverTest, KeepsTheObjectAndThenAnswers) {
    ASSERT_TRUE(preserve(act()));
    ASSERT_EQ(port.preserved.size(), 1U);
    EXPECT_EQ(kept().action, 0x500000007U);
    EXPECT_EQ(kept().path, "/srv/a");
    EXPECT_EQ(kept().account, 1234U);
    EXPECT_EQ(port.answers.at(0x500000007), BAILIFF_VERDICT_PRESERVE);
}

TEST_F(PreserverTest, NamesTheSessionAndItsAccount) {
    const session::Session* session = open(tests::kAlice);
    bailiff_event event = act();
    event.session = session->slot;
    event.session_epoch = session->epoch;
    ASSERT_TRUE(preserve(event));
    EXPECT_EQ(kept().session, session->name);
    EXPECT_EQ(kept().account, session->uid);
}

TEST_F(PreserverTest, GoesByThePolicysLimits) {
    ASSERT_TRUE(preserve(act()));
    EXPECT_EQ(port.keep_limits.max_copy, 64U << 20);
    EXPECT_EQ(port.keep_limits.quota, std::uint64_t{4} << 30);
    EXPECT_EQ(port.keep_limits.entries, 1'000'000U);
    EXPECT_EQ(port.keep_limits.session_bytes, std::uint64_t{1} << 30);
    EXPECT_EQ(port.keep_limits.session_entries, 250'000U);
}

TEST_F(PreserverTest, OfWhatWaitsNoMoreNothingIsKept) {
    const bailiff_event event = act();
    port.held.clear();
    ASSERT_TRUE(preserve(event));
    EXPECT_TRUE(port.preserved.empty());
    EXPECT_TRUE(port.answers.empty());
}

TEST_F(PreserverTest, WhileBailiffKernelIsSilentItIsTriedAgain) {
    port.fail_every("keep");
    const bailiff_event event = act();
    ASSERT_TRUE(preserve(event));
    EXPECT_TRUE(port.answers.empty());
    EXPECT_FALSE(preserver.has_work()); // before the next second
    clock.advance(21);
    preserver.tick();
    const auto refused = preserver.next();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->act.hold, event.hold);
    EXPECT_EQ(refused->why.code(), ErrorCode::kUnavailable);
    preserver.tick();
    EXPECT_FALSE(preserver.has_work());
}

TEST_F(PreserverTest, OneAfterTheOther) {
    const bailiff_event first = act(5, 0);
    clock.advance(1);
    const bailiff_event second = act(4, 0); // the later one, though its seat comes first
    preserver.add(second);
    preserver.add(first);
    EXPECT_FALSE(preserver.next());
    EXPECT_THAT(answered(), ElementsAre(first.hold));
    EXPECT_TRUE(preserver.has_work());
    EXPECT_FALSE(preserver.next());
    EXPECT_EQ(answered().size(), 2U);
    EXPECT_FALSE(preserver.has_work());
}

TEST_F(PreserverTest, ASessionWithManyActsKeepsNoOtherWaiting) {
    for (std::uint32_t seat = 0; seat < 100; seat++) preserver.add(act(seat, 3));
    const bailiff_event other = act(7, 1);
    preserver.add(other);
    EXPECT_FALSE(preserver.next());
    EXPECT_FALSE(preserver.next());
    EXPECT_THAT(answered(), Contains(other.hold));
}

TEST_F(PreserverTest, OfASeatThereIsOneAct) {
    bailiff_event left = act(7, 1);
    for (int i = 0; i < 1000; i++) {
        left.hold += std::uint64_t{1} << 32;
        preserver.add(left);
    }
    EXPECT_FALSE(preserver.next());
    EXPECT_FALSE(preserver.has_work());
}

TEST_F(PreserverTest, WhoStoppedAllTheSameGoesOn) {
    ASSERT_TRUE(preserve(act()));
    preserver.tick();
    EXPECT_EQ(port.resumed, std::vector<std::uint32_t>{42});
    port.held.clear();
    preserver.tick();
    EXPECT_EQ(port.resumed.size(), 1U);
}

TEST_F(PreserverTest, AlsoWhenBailiffKernelWasAwayAtFirst) {
    ASSERT_TRUE(preserve(act()));
    port.fail_every("resume");
    preserver.tick();
    port.mend();
    preserver.tick();
    EXPECT_EQ(port.resumed, std::vector<std::uint32_t>{42});
    port.gone.insert(42);
    preserver.tick();
    port.gone.clear();
    preserver.tick();
    EXPECT_EQ(port.resumed.size(), 1U) << "whose process is gone is forgotten";
}

TEST_F(PreserverTest, OnlyWhoMayHaveStoppedIsResumed) {
    ASSERT_TRUE(preserve(act()));
    EXPECT_TRUE(port.resumed.empty());
    const bailiff_event late = act();
    clock.advance(1);
    ASSERT_TRUE(preserve(late));
    EXPECT_EQ(port.resumed, std::vector<std::uint32_t>{42});
}

TEST_F(PreserverTest, WaitsOnlyUntilItIsKept) {
    bailiff_event event = act();
    EXPECT_TRUE(waits_to_be_kept(event));
    event.reason = BAILIFF_REASON_PRESERVED;
    EXPECT_FALSE(waits_to_be_kept(event));
    event = act();
    event.verdict = BAILIFF_VERDICT_HOLD;
    EXPECT_FALSE(waits_to_be_kept(event));
    event = act();
    event.hold = 0; // mode observe
    EXPECT_FALSE(waits_to_be_kept(event));
}

} // namespace
} // namespace bailiff::daemon
