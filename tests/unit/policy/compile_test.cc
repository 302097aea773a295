#include <gtest/gtest.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

TEST(Compile, AProfileUsedInTwoLayersHasABitInEach) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\n"
        "users: [{subject: u, presented_by: [x], profiles: [a]}]\nprofiles: [{name: a}]\n");
    ASSERT_EQ(policy->image.bits.size(), 3U) << "the last is bailiff's own";
    EXPECT_EQ(policy->image.bits[0].layer, BAILIFF_LAYER_HOST);
    EXPECT_EQ(policy->image.bits[1].layer, BAILIFF_LAYER_USER);
}

TEST(Compile, EachBitHasADefaultForEachRightThatDeniesAllButCommands) {
    const auto policy = must_load("version: 1\nhost: {profiles: [a]}\nprofiles: [{name: a}]\n");
    const auto rows = policy->image.defaults.rows();
    for (std::uint8_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        EXPECT_EQ(rows[right].says[BAILIFF_VERDICT_DENY].word[0],
                  right_name(right) == std::string("none") || right == BAILIFF_RIGHT_ARGV ? 0U : 1U)
            << right_name(right);
    EXPECT_EQ(rows[BAILIFF_RIGHT_ARGV].says[BAILIFF_VERDICT_ALLOW].word[0], 0b11U);
}

TEST(Compile, ARightOverTheSystemIsGrantedByNameAndByNothingElse) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n"
        "    default: {exec: allow, files: allow, network: allow}\n"
        "    system: [{verdict: allow, rights: [jit, cap_chown]}]\n");
    const auto rows = policy->image.defaults.rows();
    const auto granted = [&rows](std::uint8_t right) {
        return rows[right].says[BAILIFF_VERDICT_ALLOW].word[0] == 3U; // bailiff's own always
    };
    EXPECT_TRUE(granted(BAILIFF_RIGHT_JIT));
    EXPECT_TRUE(granted(BAILIFF_RIGHT_CAPABILITY + 0)) << "CAP_CHOWN is number 0";
    EXPECT_FALSE(granted(BAILIFF_RIGHT_CAPABILITY + 1));
    EXPECT_FALSE(granted(BAILIFF_RIGHT_SIGNAL));
    EXPECT_FALSE(granted(BAILIFF_RIGHT_SOCKET)) << "not part of the network's default";
    EXPECT_TRUE(granted(BAILIFF_RIGHT_LOAD)) << "part of the default for exec";
    EXPECT_TRUE(granted(BAILIFF_RIGHT_CONNECT_UNIX)) << "part of the default for files";
}

TEST(Compile, OfTwoRulesForTheSameRightOverTheSystemTheStricterStands) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n    system:\n"
        "      - {verdict: deny, rights: [bpf]}\n      - {verdict: allow, rights: [bpf]}\n");
    EXPECT_EQ(policy->image.defaults.rows()[BAILIFF_RIGHT_BPF].says[BAILIFF_VERDICT_DENY].word[0],
              1U);
}

TEST(Compile, WhatIsHeldWaitsAsLongAsThePolicySays) {
    const std::string rest =
        "host: {profiles: [a]}\nprofiles:\n  - name: a\n    files:\n"
        "      - {verdict: hold, rights: [delete], path: [/srv]}\n";
    const auto policy = must_load("version: 1\napprovals: {deadline: 90s, own: true}\n" + rest);
    EXPECT_EQ(policy->image.policy.hold_seconds, 90U);
    EXPECT_TRUE(policy->settings.approvals.own);
    const Saying* says = policy->image.paths.at("/srv").find(BAILIFF_RIGHT_DELETE, 0);
    ASSERT_NE(says, nullptr);
    EXPECT_EQ(says->verdict, BAILIFF_VERDICT_HOLD);
    const auto silent = must_load("version: 1\n" + rest);
    EXPECT_EQ(silent->image.policy.hold_seconds, 600U);
    EXPECT_FALSE(silent->settings.approvals.own);
    EXPECT_EQ(silent->image.policy.flags & BAILIFF_POLICY_HAS_HOLDS, BAILIFF_POLICY_HAS_HOLDS);
}

TEST(Compile, APolicyWithoutHoldsSaysSo) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n    files:\n"
        "      - {verdict: deny, rights: [delete], path: [/srv]}\n");
    EXPECT_EQ(policy->image.policy.flags & BAILIFF_POLICY_HAS_HOLDS, 0U);
}

TEST(Compile, AProfileInModeObserveHoldsNothing) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n    mode: observe\n    files:\n"
        "      - {verdict: hold, rights: [delete], path: [/srv]}\n");
    EXPECT_EQ(policy->image.paths.at("/srv").find(BAILIFF_RIGHT_DELETE, 0)->verdict,
              BAILIFF_VERDICT_AUDIT);
}

TEST(Compile, EveryRightHasANameOfItsOwn) {
    for (std::uint8_t right = 0; right < BAILIFF_ALL_RIGHTS; right++) {
        const std::string name = right_name(right);
        if (name == "none") continue;
        EXPECT_EQ(right_by_name(name), right) << name;
    }
    EXPECT_STREQ(right_name(BAILIFF_RIGHT_MODULE), "module");
    EXPECT_STREQ(right_name(BAILIFF_RIGHT_CAPABILITY + 40), "cap_checkpoint_restore");
    EXPECT_EQ(right_by_name("none"), std::nullopt);
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
