#include "base/ids.h"

#include <gtest/gtest.h>

namespace bailiff {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;

TEST(IdsTest, NameIsReadBack) {
    const Id id = new_id(1'795'430'400'000 * kMillisecond).value();
    const auto again = parse_session_name(session_name(id));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, id);
}

TEST(IdsTest, NameHasItsPrefixAndLength) {
    const std::string name = session_name(new_id(0).value());
    EXPECT_EQ(name.size(), 28U);
    EXPECT_TRUE(name.starts_with("s-"));
}

TEST(IdsTest, SmallestAndLargestIdHaveTheirNames) {
    Id id{};
    EXPECT_EQ(session_name(id), "s-00000000000000000000000000");
    id.fill(0xff);
    EXPECT_EQ(session_name(id), "s-7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    EXPECT_EQ(parse_session_name("s-7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), id);
}

TEST(IdsTest, LaterIdsSortBehindEarlierOnes) {
    const std::string earlier = session_name(new_id(1'795'430'400'000 * kMillisecond).value());
    const std::string later = session_name(new_id(1'795'430'400'001 * kMillisecond).value());
    EXPECT_LT(earlier, later);
}

TEST(IdsTest, IdsOfTheSameInstantDiffer) {
    EXPECT_NE(new_id(0).value(), new_id(0).value());
}

TEST(IdsTest, TextThatIsNoNameIsRefused) {
    for (const char* text :
         {"", "s-", "s-0000000000000000000000000", "s-000000000000000000000000000",
          "x-00000000000000000000000000", "s-0000000000000000000000000U",
          "s-0000000000000000000000000a", "s-0000000000000000000000000/"})
        EXPECT_FALSE(parse_session_name(text)) << text;
}

TEST(IdsTest, NameAbove128BitsIsRefused) {
    EXPECT_FALSE(parse_session_name("s-80000000000000000000000000"));
}

} // namespace
} // namespace bailiff
