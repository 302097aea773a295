#include <gtest/gtest.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

TEST(Compile, AProfileUsedInTwoLayersHasABitInEach) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\n"
        "users: [{subject: u, presented_by: [x], profiles: [a]}]\nprofiles: [{name: a}]\n");
    ASSERT_EQ(policy->image.bits.size(), 2U);
    EXPECT_EQ(policy->image.bits[0].layer, BAILIFF_LAYER_HOST);
    EXPECT_EQ(policy->image.bits[1].layer, BAILIFF_LAYER_USER);
}

TEST(Compile, EachBitHasADefaultForEachRight) {
    const auto policy = must_load("version: 1\nhost: {profiles: [a]}\nprofiles: [{name: a}]\n");
    const auto rows = policy->image.defaults.rows();
    for (const bailiff_row& row : rows) EXPECT_EQ(row.says[BAILIFF_VERDICT_DENY].word[0], 1U);
}

TEST(Compile, TheNearerLabelWinsForItsBitAlone) {
    Label near;
    near.add({BAILIFF_RIGHT_READ, BAILIFF_VERDICT_ALLOW, 0, 7});
    Label outer;
    outer.add({BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY, 0, 8});
    outer.add({BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY, 1, 9});
    near.inherit(outer);
    EXPECT_EQ(near.sayings().size(), 2U);
    EXPECT_EQ(near.find(BAILIFF_RIGHT_READ, 0)->rule, 7U);
    EXPECT_EQ(near.find(BAILIFF_RIGHT_READ, 1)->rule, 9U);
}

TEST(Compile, AnImageAlwaysHasAClassForEachAddressFamily) {
    const auto policy = must_load("version: 1\n");
    ASSERT_EQ(policy->image.addresses.size(), 2U);
    EXPECT_TRUE(policy->image.addresses[0].prefix == all_v6() ||
                policy->image.addresses[1].prefix == all_v6());
}

TEST(Compile, TheRuleBehindASayingIsItsLineInTheFile) {
    const auto policy =
        must_load(around("  - name: user\n"
                         "    files:\n"
                         "      - verdict: deny\n"
                         "        path: [/etc]\n"
                         "  - name: agent\n"));
    const Saying* saying = policy->image.paths.at("/etc").find(BAILIFF_RIGHT_WRITE, 0);
    ASSERT_NE(saying, nullptr);
    EXPECT_EQ(policy->image.rules[saying->rule].at.text(), "p.yaml:9:9");
    EXPECT_EQ(policy->image.rules[saying->rule].text, "deny files path /etc");
}

} // namespace
} // namespace bailiff::policy::tests
