#include "policy/account.h"

#include <gtest/gtest.h>

namespace bailiff::policy {
namespace {

TEST(Account, ANumberIsThatUidHoweverItIsWritten) {
    EXPECT_EQ(uid_of("0"), 0U);
    EXPECT_EQ(uid_of("0000000000"), 0U);
    EXPECT_EQ(uid_of("61005"), 61005U);
}

TEST(Account, ANameIsTheAccountsUid) {
    EXPECT_EQ(uid_of("root"), 0U);
    for (const char* text : {"", "no-such-account-here", "12x", "-1", "4294967296"})
        EXPECT_EQ(uid_of(text), std::nullopt) << text;
    EXPECT_TRUE(is_account("61005"));
    EXPECT_FALSE(is_account("no-such-account-here"));
}

} // namespace
} // namespace bailiff::policy
