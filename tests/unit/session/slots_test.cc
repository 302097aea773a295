#include "session/slots.h"

#include <gtest/gtest.h>

namespace bailiff::session {
namespace {

TEST(Slots, EachIsGivenOutOnce) {
    Slots slots(1, 3);
    EXPECT_EQ(slots.take(), 1U);
    EXPECT_EQ(slots.take(), 2U);
    EXPECT_EQ(slots.take(), 3U);
    EXPECT_EQ(slots.take(), std::nullopt);
}

TEST(Slots, TheOneFreeTheLongestGoesFirst) {
    Slots slots(1, 3);
    EXPECT_EQ(slots.take(), 1U);
    slots.give_back(1);
    EXPECT_EQ(slots.take(), 2U);
    EXPECT_EQ(slots.take(), 3U);
    EXPECT_EQ(slots.take(), 1U);
}

TEST(Slots, OneThatIsInUseAlreadyIsNotGivenOut) {
    Slots slots(1, 3);
    slots.take(2);
    EXPECT_EQ(slots.take(), 1U);
    EXPECT_EQ(slots.take(), 3U);
    EXPECT_EQ(slots.take(), std::nullopt);
    slots.give_back(2);
    EXPECT_EQ(slots.take(), 2U);
}

} // namespace
} // namespace bailiff::session
