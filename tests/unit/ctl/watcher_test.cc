#include "ctl/watcher.h"

#include <gtest/gtest.h>

namespace bailiff::ctl {
namespace {

using std::chrono::seconds;

const RenewalPlan::Time kStart{seconds(1000)};

TEST(RenewalPlan, IsDueAfterTwoThirdsOfTheLife) {
    RenewalPlan plan;
    EXPECT_FALSE(plan.is_due(kStart));
    plan.opened(kStart, 600);
    EXPECT_FALSE(plan.is_due(kStart + seconds(399)));
    EXPECT_TRUE(plan.is_due(kStart + seconds(400)));
}

TEST(RenewalPlan, AFailureIsTriedAgainUntilTheSessionIsOver) {
    RenewalPlan plan;
    plan.opened(kStart, 30);
    plan.failed(kStart + seconds(15));
    EXPECT_EQ(plan.due(), kStart + seconds(25));
    plan.failed(kStart + seconds(25));
    EXPECT_FALSE(plan.is_due(kStart + seconds(100'000)));
}

} // namespace
} // namespace bailiff::ctl
