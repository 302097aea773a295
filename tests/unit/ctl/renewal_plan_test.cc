#include "ctl/renewal_plan.h"

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
    plan.opened(kStart, 60);
    plan.failed(kStart + seconds(15));
    EXPECT_EQ(plan.due(), kStart + seconds(25));
    plan.failed(kStart + seconds(45));
    EXPECT_EQ(plan.due(), kStart + seconds(50)) << "a third of what is left";
    plan.failed(kStart + seconds(58));
    EXPECT_EQ(plan.due(), kStart + seconds(59)) << "a second at least";
    plan.failed(kStart + seconds(59));
    EXPECT_FALSE(plan.is_planned());
    EXPECT_FALSE(plan.is_due(kStart + seconds(100'000)));
}

TEST(RenewalPlan, AShortSessionHasSeveralTries) {
    RenewalPlan plan;
    plan.opened(kStart, 12);
    int tries = 0;
    for (auto now = plan.due(); plan.is_planned(); now = plan.due(), ++tries) plan.failed(now);
    EXPECT_GE(tries, 3);
}

} // namespace
} // namespace bailiff::ctl
