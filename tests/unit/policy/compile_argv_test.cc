// What the commands of a policy become: elements, words, patterns.
#include <gmock/gmock.h>

#include <functional>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string host(const std::string& fields) {
    return "version: 1\nhost: {profiles: [p]}\nprofiles:\n  - name: p\n" + fields;
}

std::string argv(const std::vector<std::pair<std::string, std::string>>& rules) {
    std::string text = host("    argv:\n");
    for (const auto& [verdict, command] : rules)
        text += "      - {verdict: " + verdict + ", command: " + command + "}\n";
    return text;
}

bailiff_u64 low(const bailiff_mask& mask) {
    EXPECT_EQ(mask.word[1] | mask.word[2] | mask.word[3], 0U);
    return mask.word[0];
}

bailiff_u64 word(const Commands& commands, std::uint8_t kind, const std::string& text) {
    const auto found = commands.words.find({kind, text});
    return found == commands.words.end() ? 0 : low(found->second);
}

TEST(CompileArgv, EachItemIsAnElementThatOthersShare) {
    const auto policy = must_load(argv({{"deny", "[git, push, \"-f|--fo|+*\"]"},
                                        {"deny", "[git, \"--fo|+*|-f\", tag]"},
                                        {"deny", "[git|push, push]"}}));
    const Commands& commands = policy->image.commands;
    // 0 git, 1 push, 2 -f|--fo|+*, 3 tag, 4 git|push as programs
    EXPECT_EQ(word(commands, BAILIFF_WORD_PROGRAM, "git"), 0b10001U);
    EXPECT_EQ(word(commands, BAILIFF_WORD_PROGRAM, "push"), 0b10000U);
    EXPECT_EQ(word(commands, BAILIFF_WORD_WHOLE, "push"), 0b00010U);
    EXPECT_EQ(word(commands, BAILIFF_WORD_WHOLE, "--f"), 0b00100U);
    EXPECT_EQ(word(commands, BAILIFF_WORD_WHOLE, "--fo"), 0b00100U);
    EXPECT_EQ(word(commands, BAILIFF_WORD_WHOLE, "tag"), 0b01000U);
    EXPECT_EQ(word(commands, BAILIFF_WORD_PREFIX, "+"), 0b00100U);
    EXPECT_EQ(commands.words.size(), 7U);
    ASSERT_EQ(commands.flags.size(), 1U);
    EXPECT_EQ(low(commands.flags.at('f')), 0b00100U);
    EXPECT_EQ(commands.prefixes, 0b10U);
    EXPECT_EQ(low(commands.arguments), 0b01110U);
    ASSERT_EQ(commands.patterns.size(), 3U);
    EXPECT_EQ(low(commands.patterns[0].needs), 0b00111U);
    EXPECT_EQ(low(commands.patterns[1].needs), 0b01101U);
    EXPECT_EQ(low(commands.patterns[2].needs), 0b10010U);
}

TEST(CompileArgv, TheStrictestPatternComesFirstAndElseTheFirstWritten) {
    const auto policy = must_load(argv(
        {{"audit", "[a]"}, {"hold", "[b]"}, {"deny", "[c]"}, {"hold", "[d]"}, {"deny", "[e]"}}));
    const auto& patterns = policy->image.commands.patterns;
    std::vector<bailiff_u64> needs;
    std::vector<int> verdicts;
    for (const Pattern& pattern : patterns) {
        needs.push_back(low(pattern.needs));
        verdicts.push_back(pattern.verdict);
    }
    EXPECT_EQ(needs, (std::vector<bailiff_u64>{1U << 2, 1U << 4, 1U << 1, 1U << 3, 1U << 0}));
    EXPECT_EQ(verdicts,
              (std::vector<int>{BAILIFF_VERDICT_DENY, BAILIFF_VERDICT_DENY, BAILIFF_VERDICT_HOLD,
                                BAILIFF_VERDICT_HOLD, BAILIFF_VERDICT_AUDIT}));
}

TEST(CompileArgv, WhatProfilesSayAlikeOfACommandIsOnePattern) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [p, q, r]}\nprofiles:\n"
        "  - {name: p, argv: [{verdict: deny, command: [rm, x]}]}\n"
        "  - {name: q, argv: [{verdict: deny, command: [rm, x, x]}]}\n"
        "  - {name: r, argv: [{verdict: audit, command: [rm, x]}]}\n");
    const auto& patterns = policy->image.commands.patterns;
    ASSERT_EQ(patterns.size(), 2U);
    EXPECT_EQ(patterns[0].label.rows()[BAILIFF_RIGHT_ARGV].says[BAILIFF_VERDICT_DENY].word[0],
              0b011U);
    EXPECT_EQ(patterns[1].label.rows()[BAILIFF_RIGHT_ARGV].says[BAILIFF_VERDICT_AUDIT].word[0],
              0b100U);
    EXPECT_EQ(patterns[0].label.sayings().size(), 2U);
    const Saying* saying = patterns[0].label.find(BAILIFF_RIGHT_ARGV, 1);
    ASSERT_NE(saying, nullptr);
    const RuleSource& rule = policy->image.rules[saying->rule];
    EXPECT_EQ(rule.at.text(), "p.yaml:5:23");
    EXPECT_EQ(rule.profile, "q");
    EXPECT_EQ(rule.text, "deny argv rm x x");
}

TEST(CompileArgv, OnlyAPolicyWithCommandsSaysThatItHasSome) {
    const auto flags = [](const std::string& text) { return must_load(text)->image.policy.flags; };
    EXPECT_EQ(flags(argv({{"deny", "[rm]"}})), BAILIFF_POLICY_HAS_ARGV);
    EXPECT_EQ(flags(argv({{"hold", "[rm]"}})), BAILIFF_POLICY_HAS_ARGV | BAILIFF_POLICY_HAS_HOLDS);
    EXPECT_EQ(flags(host("    default: {exec: allow}\n")), 0U);
    EXPECT_EQ(flags("version: 1\nprofiles:\n"
                    "  - {name: p, argv: [{verdict: deny, command: [rm]}]}\n"),
              0U)
        << "no layer uses the profile";
}

TEST(CompileArgv, ACommandThatNoRuleNamesIsAllowedByDefault) {
    const auto policy = must_load(host("    default: {exec: deny, network: hold}\n"));
    const Saying* says = policy->image.defaults.find(BAILIFF_RIGHT_ARGV, 0);
    ASSERT_NE(says, nullptr);
    EXPECT_EQ(says->verdict, BAILIFF_VERDICT_ALLOW);
    EXPECT_EQ(policy->image.rules[says->rule].text, "default allow argv");
    EXPECT_EQ(policy->image.rules[says->rule].at.text(), "p.yaml:4:11");
}

TEST(CompileArgv, InModeObserveAHoldIsAnAudit) {
    const auto policy =
        must_load(host("    mode: observe\n    argv: [{verdict: hold, command: [rm]}]\n"));
    ASSERT_EQ(policy->image.commands.patterns.size(), 1U);
    EXPECT_EQ(policy->image.commands.patterns[0].verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(policy->image.commands.patterns[0].label.find(BAILIFF_RIGHT_ARGV, 0)->verdict,
              BAILIFF_VERDICT_AUDIT);
}

// Of `count` rules that deny what `command` makes of a number.
std::string many(std::size_t count, const std::function<std::string(std::size_t)>& command) {
    std::vector<std::pair<std::string, std::string>> rules;
    for (std::size_t i = 0; i < count; i++) rules.emplace_back("deny", command(i));
    return problem(argv(rules));
}

TEST(CompileArgv, MorePatternsThanTheKernelHoldsNameTheRule) {
    const auto program = [](std::size_t i) { return "[p" + std::to_string(i) + "]"; };
    EXPECT_EQ(many(128, program), "no problem");
    EXPECT_EQ(many(129, program),
              "p.yaml:134:10: with this command the policy's commands take 129 patterns; expected "
              "at most 128");
}

TEST(CompileArgv, MoreItemsThanTheKernelHoldsNameTheRule) {
    const auto command = [](std::size_t i) {
        return "[p, a" + std::to_string(i) + ", b" + std::to_string(i) + "]";
    };
    EXPECT_EQ(many(127, command), "no problem") << "255 with the program";
    EXPECT_EQ(many(128, command),
              "p.yaml:133:10: with this command the policy's commands take 257 different items; "
              "expected at most 256");
}

TEST(CompileArgv, MoreWordsThanTheKernelHoldsNameTheRule) {
    // 100 words each, and one program.
    const auto command = [](std::size_t i) {
        return "[p, --" + std::string(1, static_cast<char>('a' + i)) + std::string(99, 'x') + "]";
    };
    EXPECT_EQ(many(10, command), "no problem");
    EXPECT_EQ(many(11, command),
              "p.yaml:16:10: with this command the policy's commands take 1101 words; expected at "
              "most 1024 (a long option takes one for each of its abbreviations)");
}

} // namespace
} // namespace bailiff::policy::tests
