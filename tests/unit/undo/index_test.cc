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
        EXPECT_TRUE(index.add(300, {3, 0, 30}));
        EXPECT_TRUE(index.add(100, {1, 0, 10}));
        EXPECT_TRUE(index.add(200, {2, 1, 20}));
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
    EXPECT_FALSE(index.add(400, {1, 0, 1000}));
    index.count_stray(5);
    index.erase(2);
    index.erase(2);
    EXPECT_EQ(index.usage().bytes, 45U);
    EXPECT_EQ(index.usage().entries, 2U);
}

TEST_F(IndexOfThree, GivesNoTimeTwice) {
    EXPECT_EQ(index.next_time(50), 301); // the clock was set back
    EXPECT_EQ(index.next_time(1000), 1000);
    index.erase(3);
    EXPECT_EQ(index.next_time(50), 301);
}

TEST_F(IndexOfThree, TellsEntriesOfOneTimeApart) {
    ASSERT_TRUE(index.add(200, {4, 0, 40}));
    index.erase(2);
    EXPECT_EQ(index.find(4)->bytes, 40U);
    EXPECT_FALSE(index.find(2));
}

} // namespace
} // namespace bailiff::undo
