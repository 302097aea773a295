// The verdict algebra, on the lines that the kernel runs.
#include "bailiff/verdict.h"

#include <gtest/gtest.h>

#include <random>

namespace {

constexpr bailiff_u32 kLabel = 7;

bailiff_mask bit(unsigned n) {
    bailiff_mask m = {};
    m.word[n / 64] = 1ULL << (n % 64);
    return m;
}

bailiff_row says(bailiff_verdict verdict, unsigned profile) {
    bailiff_row row = {};
    row.says[verdict] = bit(profile);
    return row;
}

// Two layers with one profile each (user: 0, agent: 1), both allowing by default.
class Verdict : public ::testing::Test {
protected:
    void SetUp() override {
        policy.layer[BAILIFF_LAYER_USER] = bit(0);
        policy.layer[BAILIFF_LAYER_AGENT] = bit(1);
        profiles.word[0] = 3;
        defaults.says[BAILIFF_VERDICT_ALLOW].word[0] = 3;
        begin();
    }
    void begin() { bailiff_settle_begin(&settle, &profiles, &policy); }
    int label(const bailiff_row& row, bailiff_u32 id = kLabel) {
        return bailiff_settle_label(&settle, &row, id);
    }
    bailiff_decision end() {
        bailiff_decision d;
        bailiff_settle_end(&settle, &profiles, &policy, &defaults, &d);
        return d;
    }
    bailiff_policy policy = {};
    bailiff_mask profiles = {};
    bailiff_row defaults = {};
    bailiff_settle settle = {};
};

TEST_F(Verdict, WithoutRulesTheDefaultsDecide) {
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_ALLOW);
    defaults = {};
    defaults.says[BAILIFF_VERDICT_ALLOW] = bit(0);
    defaults.says[BAILIFF_VERDICT_DENY] = bit(1);
    const bailiff_decision d = end();
    EXPECT_EQ(d.verdict, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(d.reason, BAILIFF_REASON_DEFAULT);
    EXPECT_EQ(d.layer, BAILIFF_LAYER_AGENT);
    EXPECT_EQ(d.profile, 1);
}

TEST_F(Verdict, TheStrictestLayerStands) {
    label(says(BAILIFF_VERDICT_ALLOW, 0));
    label(says(BAILIFF_VERDICT_AUDIT, 1));
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_AUDIT);
}

TEST_F(Verdict, ADenyEndsTheSettlingAndNamesItsRule) {
    EXPECT_EQ(label(says(BAILIFF_VERDICT_DENY, 1), 42), 1);
    const bailiff_decision d = end();
    EXPECT_EQ(d.verdict, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(d.label, 42U);
    EXPECT_EQ(d.layer, BAILIFF_LAYER_AGENT);
}

TEST_F(Verdict, ForOneProfileTheNearestLabelWins) {
    label(says(BAILIFF_VERDICT_ALLOW, 1));
    EXPECT_EQ(label(says(BAILIFF_VERDICT_DENY, 1)), 0);
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_ALLOW);
}

TEST_F(Verdict, AtOneLabelDenyIsStrongerThanAllow) {
    bailiff_row row = says(BAILIFF_VERDICT_ALLOW, 1);
    row.says[BAILIFF_VERDICT_DENY] = bit(1);
    label(row);
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_DENY);
}

TEST_F(Verdict, InOneLayerAnAllowOfOneProfileBeatsTheDefaultOfAnother) {
    policy.layer[BAILIFF_LAYER_AGENT].word[0] = 6;
    profiles.word[0] = 7;
    defaults = {};
    defaults.says[BAILIFF_VERDICT_ALLOW] = bit(0);
    defaults.says[BAILIFF_VERDICT_DENY].word[0] = 6;
    begin();
    label(says(BAILIFF_VERDICT_ALLOW, 2));
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_ALLOW);
}

TEST_F(Verdict, AllSettledStopsTheWalk) {
    EXPECT_EQ(label(says(BAILIFF_VERDICT_ALLOW, 0)), 0);
    EXPECT_EQ(label(says(BAILIFF_VERDICT_ALLOW, 1)), 1);
}

TEST_F(Verdict, AnObservedDenyIsAnAuditThatSaysSo) {
    policy.observe = bit(1);
    begin();
    label(says(BAILIFF_VERDICT_DENY, 1));
    const bailiff_decision d = end();
    EXPECT_EQ(d.verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(d.flags, BAILIFF_EVENT_WOULD_DENY);
    EXPECT_EQ(d.label, kLabel);
}

TEST_F(Verdict, AnObservedDefaultDenyIsAnAuditThatSaysSo) {
    policy.observe = bit(1);
    defaults = {};
    defaults.says[BAILIFF_VERDICT_ALLOW] = bit(0);
    defaults.says[BAILIFF_VERDICT_DENY] = bit(1);
    begin();
    const bailiff_decision d = end();
    EXPECT_EQ(d.verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(d.flags, BAILIFF_EVENT_WOULD_DENY);
}

TEST_F(Verdict, OfTwoAuditsTheOneThatWouldDenyIsTold) {
    defaults = {};
    defaults.says[BAILIFF_VERDICT_AUDIT] = bit(0);
    defaults.says[BAILIFF_VERDICT_DENY] = bit(1);
    policy.observe = bit(1);
    begin();
    EXPECT_EQ(label(says(BAILIFF_VERDICT_AUDIT, 0)), 0);
    const bailiff_decision d = end();
    EXPECT_EQ(d.verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(d.flags, BAILIFF_EVENT_WOULD_DENY);
    EXPECT_EQ(d.layer, BAILIFF_LAYER_AGENT);
    EXPECT_EQ(d.reason, BAILIFF_REASON_DEFAULT);
}

TEST_F(Verdict, HoldIsStricterThanPreserveAndPreserveThanAudit) {
    label(says(BAILIFF_VERDICT_PRESERVE, 0));
    label(says(BAILIFF_VERDICT_HOLD, 1));
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_HOLD);
}

TEST_F(Verdict, NoProfileGrantsNothing) {
    profiles = {};
    begin();
    const bailiff_decision d = end();
    EXPECT_EQ(d.verdict, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(d.reason, BAILIFF_REASON_NO_PROFILE);
}

TEST_F(Verdict, AProfileWithoutADefaultGrantsNothing) {
    defaults = {};
    EXPECT_EQ(end().verdict, BAILIFF_VERDICT_DENY);
}

// What the kernel takes for an allow without asking further is one.
TEST_F(Verdict, SettledAllowIsWhatTheEndSays) {
    std::mt19937 random(20241125);
    int shortcuts = 0;
    for (int round = 0; round < 20000; round++) {
        const auto few = [&] { return std::uint64_t{random() & random() & 0xf}; };
        const auto sparse = [&] { return few() & std::uint64_t{random() & random()}; };
        policy = {};
        for (bailiff_mask& layer : policy.layer) layer.word[0] = few();
        policy.observe.word[0] = sparse();
        profiles = {};
        profiles.word[0] = few();
        defaults = {};
        for (bailiff_mask& says : defaults.says) says.word[0] = few();
        begin();
        for (unsigned i = random() % 4; i > 0; i--) {
            bailiff_row row = {};
            for (bailiff_mask& says : row.says) says.word[0] = sparse();
            row.says[BAILIFF_VERDICT_ALLOW].word[0] = random() & 0xf;
            label(row);
        }
        if (bailiff_settled_allow(&settle, &policy) == 0) continue;
        shortcuts++;
        EXPECT_EQ(end().verdict, BAILIFF_VERDICT_ALLOW) << "round " << round;
    }
    EXPECT_GT(shortcuts, 1000);
}

TEST(Mask, FirstFindsEveryBit) {
    for (unsigned n = 0; n < BAILIFF_MAX_PROFILES; n++) {
        const bailiff_mask m = bit(n);
        EXPECT_EQ(bailiff_mask_first(&m), n);
    }
}

// Vector of the SipHash authors' reference for 2-4 does not fit 1-3; what must hold is that the
// hash depends on name, length and key.
TEST(NameHash, DependsOnBytesLengthAndKey) {
    const bailiff_u64 a[32] = {0x61};
    const bailiff_u64 b[32] = {0x62};
    EXPECT_NE(bailiff_name_hash(a, 1, 1, 2), bailiff_name_hash(b, 1, 1, 2));
    EXPECT_NE(bailiff_name_hash(a, 1, 1, 2), bailiff_name_hash(a, 2, 1, 2));
    EXPECT_NE(bailiff_name_hash(a, 1, 1, 2), bailiff_name_hash(a, 1, 2, 1));
    EXPECT_EQ(bailiff_name_hash(a, 1, 1, 2), bailiff_name_hash(a, 1, 1, 2));
}

} // namespace
