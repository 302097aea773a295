#include "base/account.h"

#include <gmock/gmock.h>

#include <cstring>

#include "base/growing_buffer.h"

namespace bailiff {
namespace {

TEST(Account, RootIsKnownByNumberAndName) {
    const auto root = account_by_uid(0);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->name, "root");
    EXPECT_EQ(root->home, "/root");
    const auto same = account_by_name("root");
    ASSERT_TRUE(same);
    EXPECT_EQ(same->uid, 0U);
    EXPECT_THAT(groups_of(*root), testing::Contains(0U));
    EXPECT_EQ(group_by_name("root"), 0U);
}

TEST(Account, WhatTheDatabaseDoesNotKnowIsNone) {
    EXPECT_FALSE(account_by_uid(4'000'000'000U));
    EXPECT_FALSE(account_by_name("no-such-account"));
    EXPECT_FALSE(group_by_name("no-such-group"));
}

// Debian's accounts "sync" and "_apt" are like that: nobody works there.
TEST(Account, AHomeThatIsNobodysIsNoHome) {
    const auto nobody = account_by_name("nobody");
    ASSERT_TRUE(nobody);
    EXPECT_EQ(nobody->home, "");
}

// An entry with a long list, as directories of a company have them.
TEST(GrowingBuffer, GrowsUntilTheAnswerFits) {
    std::size_t given = 0;
    const int answer = ask_with_buffer([&](char* buffer, std::size_t size) {
        given = size;
        if (size < 40'000) return ERANGE;
        std::memset(buffer, 'x', 40'000);
        return 0;
    });
    EXPECT_EQ(answer, 0);
    EXPECT_GE(given, 40'000U);
}

TEST(GrowingBuffer, EndsAtAnErrorAndAtItsLimit) {
    int calls = 0;
    EXPECT_EQ(ask_with_buffer([&](char*, std::size_t) {
                  calls++;
                  return EIO;
              }),
              EIO);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(ask_with_buffer([](char*, std::size_t) { return ERANGE; }), ERANGE);
}

} // namespace
} // namespace bailiff
