// The commands of a policy as they are written to the kernel's tables, and that these say what
// policy/argv.h says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "bailiff/verdict.h"
#include "policy/argv.h"
#include "session/policy_tables.h"
#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

class PolicyCommands : public testing::Test {
protected:
    std::shared_ptr<const policy::Policy> load(const std::string& rules) {
        auto loaded = policy::load_text(
            "version: 1\nhost: {profiles: [p]}\nprofiles:\n  - name: p\n    argv:\n" + rules,
            "p.yaml");
        EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
        return loaded ? *loaded : nullptr;
    }
    std::unique_ptr<PolicyTables> install(const std::string& rules, std::uint8_t slot = 1) {
        policy = load(rules);
        auto made = PolicyTables::install(port, policy, slot, {}, mounts);
        EXPECT_TRUE(made) << (made ? "" : made.error().message());
        return made ? std::move(*made) : nullptr;
    }

    // Zero in all words but the first, which is returned.
    static bailiff_u64 low(const bailiff_mask& mask) {
        EXPECT_EQ(mask.word[1] | mask.word[2] | mask.word[3], 0U);
        return mask.word[0];
    }
    bailiff_word_key key(std::uint8_t kind, const std::string& text, std::uint8_t slot = 1) const {
        bailiff_word_key made = {};
        made.policy = slot;
        made.kind = kind;
        if (kind == BAILIFF_WORD_PREFIX) {
            made.length = static_cast<bailiff_u8>(text.size());
            for (std::size_t i = 0; i < text.size(); i++)
                made.word |= static_cast<bailiff_u64>(static_cast<unsigned char>(text[i]))
                             << (8 * i);
        } else {
            made.word = hash_name(port.config, text);
        }
        return made;
    }
    bailiff_u64 word(std::uint8_t kind, const std::string& text) const {
        const auto found = port.words.find(key(kind, text));
        return found == port.words.end() ? 0 : low(found->second);
    }

    // Numbers of the patterns that match, by the tables alone, as bpf/ looks things up.
    std::vector<std::uint32_t> matching(const policy::Command& command) {
        const bailiff_argv row = port.argv.at(1);
        bailiff_mask seen = {};
        const auto add = [&](const bailiff_mask& more) {
            for (int i = 0; i < BAILIFF_MASK_WORDS; i++) seen.word[i] |= more.word[i];
        };
        const auto look = [&](std::uint8_t kind, const std::string& text) {
            if (const auto at = port.words.find(key(kind, text)); at != port.words.end())
                add(at->second);
        };
        look(BAILIFF_WORD_PROGRAM, command.file);
        for (std::size_t i = 0; i < command.argv.size(); i++) {
            const std::string& text = command.argv[i];
            if (i == 0 || command.carrier != policy::Carrier::kNone)
                look(BAILIFF_WORD_PROGRAM, text.substr(text.rfind('/') + 1));
            if (i == 0) continue;
            const bool is_long = text.starts_with("--");
            look(BAILIFF_WORD_WHOLE, is_long ? text.substr(0, text.find('=')) : text);
            for (std::size_t at = 1; !is_long && text[0] == '-' && at < text.size(); at++)
                if (const auto flag = port.flags.find({1, text[at]}); flag != port.flags.end())
                    add(flag->second);
            for (std::uint32_t length = 1; length <= text.size(); length++)
                if ((row.prefixes >> length & 1U) != 0)
                    look(BAILIFF_WORD_PREFIX, text.substr(0, length));
        }
        std::vector<std::uint32_t> found;
        for (std::uint32_t number = 0; number < row.patterns; number++) {
            const bailiff_mask missing =
                bailiff_mask_without(&port.patterns.at({1, number}).needs, &seen);
            if (bailiff_mask_any(&missing) == 0) found.push_back(number);
        }
        return found;
    }

    tests::FakeKernelPort port;
    std::shared_ptr<const policy::Policy> policy;
    std::vector<Mount> mounts = {{tests::FakeFileSystem::kRootDevice, "/", "/"}};
};

constexpr const char* kRules =
    "      - {verdict: hold, command: [rm, \"-r|--all\"]}\n"
    "      - {verdict: deny, command: [git, push, \"-f|+*|ref=*\"]}\n";

TEST_F(PolicyCommands, EachWordFlagAndPatternIsWritten) {
    const auto tables = install(kRules);
    ASSERT_NE(tables, nullptr);
    // 0 rm, 1 -r|--all, 2 git, 3 push, 4 -f|+*|ref=*
    EXPECT_EQ(word(BAILIFF_WORD_PROGRAM, "rm"), 0b00001U);
    EXPECT_EQ(word(BAILIFF_WORD_PROGRAM, "git"), 0b00100U);
    EXPECT_EQ(word(BAILIFF_WORD_WHOLE, "--a"), 0b00010U);
    EXPECT_EQ(word(BAILIFF_WORD_WHOLE, "--al"), 0b00010U);
    EXPECT_EQ(word(BAILIFF_WORD_WHOLE, "--all"), 0b00010U);
    EXPECT_EQ(word(BAILIFF_WORD_WHOLE, "push"), 0b01000U);
    EXPECT_EQ(word(BAILIFF_WORD_PREFIX, "+"), 0b10000U);
    EXPECT_EQ(word(BAILIFF_WORD_PREFIX, "ref="), 0b10000U);
    EXPECT_EQ(key(BAILIFF_WORD_PREFIX, "ref=").word, 0x3d666572U) << "the first byte is the lowest";
    EXPECT_EQ(port.words.size(), 8U);

    ASSERT_EQ(port.flags.size(), 2U);
    EXPECT_EQ(low(port.flags.at({1, 'r'})), 0b00010U);
    EXPECT_EQ(low(port.flags.at({1, 'f'})), 0b10000U);

    ASSERT_EQ(port.patterns.size(), 2U);
    const bailiff_pattern& push = port.patterns.at({1, 0});
    const bailiff_pattern& remove = port.patterns.at({1, 1});
    EXPECT_EQ(low(push.needs), 0b11100U) << "a deny comes before a hold";
    EXPECT_EQ(low(remove.needs), 0b00011U);
    EXPECT_EQ(port.row(push.label, BAILIFF_RIGHT_ARGV).says[BAILIFF_VERDICT_DENY].word[0], 1U);
    EXPECT_EQ(port.row(remove.label, BAILIFF_RIGHT_ARGV).says[BAILIFF_VERDICT_HOLD].word[0], 1U);
    EXPECT_EQ(port.row(push.label, BAILIFF_RIGHT_EXEC).says[BAILIFF_VERDICT_DENY].word[0], 0U);
    ASSERT_NE(tables->labels().find(push.label), nullptr);

    const bailiff_argv& row = port.argv.at(1);
    EXPECT_EQ(row.patterns, 2U);
    EXPECT_EQ(low(row.words), 0b11010U);
    EXPECT_EQ(row.prefixes, 0b10010U);
    EXPECT_EQ(port.policies.at(1).flags, BAILIFF_POLICY_HAS_ARGV | BAILIFF_POLICY_HAS_HOLDS);
}

TEST_F(PolicyCommands, TheRowThatCountsThemIsWrittenBehindThem) {
    ASSERT_NE(install(kRules), nullptr);
    const auto at = [&](const std::string& call) {
        return std::find(port.calls.begin(), port.calls.end(), call) - port.calls.begin();
    };
    const auto last = [&](const std::string& call) {
        return port.calls.rend() - std::find(port.calls.rbegin(), port.calls.rend(), call) - 1;
    };
    EXPECT_LT(at("clear_policy"), at("put_word"));
    for (const char* part : {"put_word", "put_flag", "put_pattern"})
        EXPECT_LT(last(part), at("put_argv")) << part;
    EXPECT_LT(at("put_argv"), at("put_policy"));
    EXPECT_EQ(std::count(port.calls.begin(), port.calls.end(), "put_argv"), 1);
}

TEST_F(PolicyCommands, WhatWasInTheSlotBeforeIsGone) {
    ASSERT_NE(install(kRules, 2), nullptr);
    ASSERT_NE(install(kRules), nullptr);
    ASSERT_NE(install("      - {verdict: deny, command: [ls]}\n"), nullptr);
    EXPECT_EQ(word(BAILIFF_WORD_PROGRAM, "git"), 0U);
    EXPECT_EQ(word(BAILIFF_WORD_PROGRAM, "ls"), 1U);
    EXPECT_FALSE(port.flags.contains({1, 'f'}));
    EXPECT_EQ(port.argv.at(1).patterns, 1U);
    EXPECT_EQ(port.argv.at(1).prefixes, 0U);
    EXPECT_TRUE(port.words.contains(key(BAILIFF_WORD_PROGRAM, "git", 2))) << "another slot's";
    EXPECT_TRUE(port.flags.contains({2, 'f'}));
    EXPECT_EQ(port.argv.at(2).patterns, 2U);
}

TEST_F(PolicyCommands, APolicyWithoutCommandsLeavesNoneOfTheOneBefore) {
    ASSERT_NE(install(kRules), nullptr);
    policy = *policy::load_text("version: 1\n", "p.yaml");
    ASSERT_TRUE(PolicyTables::install(port, policy, 1, {}, mounts));
    EXPECT_EQ(port.argv.at(1).patterns, 0U);
    EXPECT_TRUE(port.words.empty());
    EXPECT_TRUE(port.flags.empty());
    EXPECT_EQ(port.policies.at(1).flags, 0U);
}

TEST_F(PolicyCommands, WithoutOneOfTheTablesThePolicyIsNotInstalled) {
    for (const char* call : {"put_word", "put_flag", "put_pattern", "put_argv"}) {
        port.fail_every(call);
        EXPECT_FALSE(PolicyTables::install(port, load(kRules), 1, {}, mounts)) << call;
        port.mend();
    }
}

TEST_F(PolicyCommands, TheTablesSayWhatTheHostSays) {
    ASSERT_NE(install("      - {verdict: deny, command: [git, push, "
                      "\"-f|--force|--force-with-lease|+*\"]}\n"
                      "      - {verdict: hold, command: [rm, \"-r|-R|--recursive\", "
                      "\"-f|--force\"]}\n"
                      "      - {verdict: audit, command: [dd, \"of=/dev/*\"]}\n"
                      "      - {verdict: deny, command: [find, -delete]}\n"),
              nullptr);
    const std::vector<std::pair<policy::Command, std::size_t>> commands = {
        {{"git", policy::Carrier::kNone, {"git", "push", "--force"}}, 1},
        {{"git", policy::Carrier::kNone, {"git", "-C", "x", "push", "-fu"}}, 1},
        {{"git", policy::Carrier::kNone, {"git", "push", "--force=x", "+main"}}, 1},
        {{"git", policy::Carrier::kNone, {"git", "push", "origin"}}, 0},
        {{"rm", policy::Carrier::kNone, {"rm", "-fr", "x"}}, 1},
        {{"rm", policy::Carrier::kNone, {"rm", "--recurs", "-f"}}, 1},
        {{"rm", policy::Carrier::kNone, {"rm", "-r", "x"}}, 0},
        {{"busybox", policy::Carrier::kMany, {"busybox", "rm", "-rf"}}, 1},
        {{"ld.so", policy::Carrier::kMany, {"ld.so", "/usr/bin/git", "push", "-f"}}, 1},
        {{"echo", policy::Carrier::kNone, {"echo", "git", "push", "--force"}}, 0},
        {{"tool", policy::Carrier::kMany, {"dd", "rm", "git", "push", "-rf", "of=/dev/x"}}, 3},
        {{"dd", policy::Carrier::kNone, {"dd", "if=x", "of=/dev/sda"}}, 1},
        {{"dd", policy::Carrier::kNone, {"dd", "if=x", "of=/dev"}}, 0},
        {{"find", policy::Carrier::kNone, {"find", ".", "-delete"}}, 1},
        {{"find", policy::Carrier::kNone, {"find", "-d", "-elete", ""}}, 0},
        {{"find", policy::Carrier::kNone, {}}, 0},
    };
    for (const auto& [command, count] : commands) {
        std::vector<std::uint32_t> expected;
        for (const policy::Pattern* pattern : policy::matching(policy->image.commands, command))
            expected.push_back(
                static_cast<std::uint32_t>(pattern - policy->image.commands.patterns.data()));
        EXPECT_EQ(expected.size(), count) << command.file;
        EXPECT_EQ(matching(command), expected) << command.file;
    }
}

} // namespace
} // namespace bailiff::session
