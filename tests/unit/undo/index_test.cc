#include "undo/index.h"

#include <gmock/gmock.h>

namespace bailiff::undo {
namespace {

std::vector<std::uint64_t> actions(const std::vector<Kept>& rows) {
    std::vector<std::uint64_t> found;
    for (const Kept& row : rows) found.push_back(row.action);
    return found;
}

using Actions = std::vector<std::uint64_t>;

class IndexOfThree : public ::testing::Test {
protected:
    IndexOfThree() {
        EXPECT_TRUE(index.add(300, {3, 0, 30}, "s-1"));
        EXPECT_TRUE(index.add(100, {1, 0, 10}, "s-1"));
        EXPECT_TRUE(index.add(200, {2, 1, 20}, "s-2"));
    }
    Index index;
};

TEST_F(IndexOfThree, GivesTheOldestFirst) {
    EXPECT_EQ(actions(index.after(0, 10)), (Actions{1, 2, 3}));
    EXPECT_EQ(actions(index.after(100, 1)), (Actions{2}));
    EXPECT_EQ(actions(index.before(300)), (Actions{1, 2}));
    EXPECT_EQ(index.find(2)->folder, 1U);
    EXPECT_FALSE(index.find(4));
}

TEST_F(IndexOfThree, CountsWhatTheyTakeUp) {
    EXPECT_FALSE(index.add(400, {1, 0, 1000}, "s-3"));
    index.count_stray(5);
    index.erase(2);
    index.erase(2);
    EXPECT_EQ(index.usage().bytes, 45U);
    EXPECT_EQ(index.usage().entries, 2U);
}

TEST_F(IndexOfThree, CountsWhatIsChargedToEach) {
    EXPECT_EQ(index.usage_of("s-1").bytes, 40U);
    EXPECT_EQ(index.usage_of("s-1").entries, 2U);
    EXPECT_EQ(index.usage_of("s-2").bytes, 20U);
    EXPECT_EQ(index.usage_of("s-3").entries, 0U);
    index.erase(3);
    index.erase(3);
    EXPECT_EQ(index.usage_of("s-1").bytes, 10U);
    EXPECT_EQ(index.usage_of("s-1").entries, 1U);
    EXPECT_EQ(index.usage_of("s-2").bytes, 20U);
}

TEST_F(IndexOfThree, KnowsNobodyOfWhomNothingIsKept) {
    EXPECT_EQ(index.sharers(), 2U);
    EXPECT_FALSE(index.add(400, {1, 0, 1000}, "s-3"));
    EXPECT_EQ(index.usage_of("s-3").entries, 0U);
    EXPECT_EQ(index.sharers(), 2U);
    ASSERT_TRUE(index.add(400, {4, 0, 0}, "s-4")); // an empty file takes up nothing, and counts
    index.erase(2);
    EXPECT_EQ(index.sharers(), 2U);
    for (const std::uint64_t action : {1U, 3U, 4U}) index.erase(action);
    EXPECT_EQ(index.sharers(), 0U);
}

TEST_F(IndexOfThree, GivesNoTimeTwice) {
    EXPECT_EQ(index.next_time(50), 301); // the clock was set back
    EXPECT_EQ(index.next_time(1000), 1000);
    index.erase(3);
    EXPECT_EQ(index.next_time(50), 301);
}

TEST_F(IndexOfThree, TellsEntriesOfOneTimeApart) {
    ASSERT_TRUE(index.add(200, {4, 0, 40}, "s-1"));
    index.erase(2);
    EXPECT_EQ(index.find(4)->bytes, 40U);
    EXPECT_FALSE(index.find(2));
}

} // namespace
} // namespace bailiff::undo
