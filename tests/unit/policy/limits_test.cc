// A policy that the kernel's tables could not hold is refused where it is written, and no policy
// keeps the daemon busy: the clock in these tests is gtest's own, which shows what each one took.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string repeat(std::size_t count, const std::function<std::string(std::size_t)>& item) {
    std::string text;
    for (std::size_t i = 0; i < count; i++) text += (i > 0 ? ", " : "") + item(i);
    return text;
}

std::string with_profile(const std::string& rules) {
    return "version: 1\nhost: {profiles: [p]}\nprofiles:\n  - name: p\n" + rules;
}

std::string block(std::size_t i) {
    return "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24";
}

// Known fields, so that every alias is really read.
TEST(Limits, AnAliasBombOfKnownFieldsIsRefusedWithItsPlace) {
    const std::string paths =
        repeat(30'000, [](std::size_t i) { return "/p" + std::to_string(i); });
    const std::string text =
        with_profile("    files:\n      - &a {verdict: deny, path: [" + paths + "]}\n") +
        "  - name: q\n    files: [" + repeat(100'000, [](std::size_t) { return "*a"; }) + "]\n";
    EXPECT_THAT(problem(text),
                ::testing::ContainsRegex("^p.yaml:6:[0-9]+: expected at most 100000 values"));
}

TEST(Limits, LongTextUsedAgainAndAgainIsRefused) {
    const std::string text =
        with_profile("    files:\n      - {verdict: deny, path: [&a /" + std::string(200, 'x') +
                     ", " + repeat(50'000, [](std::size_t) { return "*a"; }) + "]}\n");
    EXPECT_THAT(problem(text), HasSubstr("4 MiB of text"));
}

TEST(Limits, ManyRulesForTheSamePathAreOneLabel) {
    const auto policy = must_load(with_profile("    files: [" +
                                               repeat(5'000,
                                                      [](std::size_t i) {
                                                          return std::string("{verdict: ") +
                                                                 (i == 4'000 ? "deny" : "allow") +
                                                                 ", path: [/srv]}";
                                                      }) +
                                               "]\n"));
    const Label& label = policy->image.paths.at("/srv");
    EXPECT_EQ(label.sayings().size(), 8U) << "one for each right of files";
    EXPECT_EQ(label.find(BAILIFF_RIGHT_READ, 0)->verdict, BAILIFF_VERDICT_DENY);
}

TEST(Limits, BlocksAndPortsThatTheKernelCannotHoldNameTheRule) {
    const std::string said = problem(
        with_profile("    network:\n"
                     "      - {verdict: allow, to: [" +
                     repeat(170, block) +
                     "]}\n"
                     "      - {verdict: allow, to: [10.0.0.0/8], port: [" +
                     repeat(60, [](std::size_t i) { return std::to_string(i + 1); }) + "]}\n"));
    EXPECT_THAT(said, StartsWith("p.yaml:7:10: with this rule the policy takes "));
    EXPECT_THAT(said, HasSubstr("expected at most 8192"));
}

TEST(Limits, ThousandsOfRulesWithPortsAreRefusedAtOnce) {
    const std::string rules = repeat(4'000, [](std::size_t i) {
        return "{verdict: allow, to: [" + block(i) + "], port: [" +
               repeat(10,
                      [&](std::size_t p) { return std::to_string(1 + (i * 10 + p) % 65'000); }) +
               "]}";
    });
    EXPECT_THAT(problem(with_profile("    network: [" + rules + "]\n")),
                HasSubstr("table of ports"));
}

TEST(Limits, ThousandsOfRulesForTheSameBlockAreRead) {
    const auto policy = must_load(with_profile("    network: [" +
                                               repeat(5'000,
                                                      [](std::size_t i) {
                                                          return "{verdict: allow, port: [" +
                                                                 std::to_string(i % 500 + 1) + "]}";
                                                      }) +
                                               "]\n"));
    EXPECT_EQ(policy->image.ports.size(), 2U * (1 + 2 + 2 * 500));
}

TEST(Limits, MorePathsThanTheKernelHoldsNameARule) {
    EXPECT_THAT(
        problem(with_profile(
            "    files:\n      - {verdict: deny, path: [" +
            repeat(22'000, [](std::size_t i) { return "/p" + std::to_string(i); }) + "]}\n")),
        StartsWith("p.yaml:6:10: the policy's rules name too many paths"));
}

TEST(Limits, MoreLabelsThanTheKernelHoldsNameARule) {
    const std::string rules = repeat(1'364, [](std::size_t i) {
        return "{verdict: deny, path: [/p" + std::to_string(i) + "]}\n";
    });
    EXPECT_THAT(problem(with_profile("    files: [" + rules + "]\n")),
                ::testing::ContainsRegex("p.yaml:[0-9]+:[0-9]+: the policy's rules say too many"));
}

TEST(Limits, WhatIsSaidOfCommandsIsCountedToo) {
    const auto rules = [](std::size_t paths) {
        return problem(
            with_profile("    argv: [" +
                         repeat(100,
                                [](std::size_t i) {
                                    return "{verdict: deny, command: [p" + std::to_string(i) + "]}";
                                }) +
                         "]\n    files: [" +
                         repeat(paths,
                                [](std::size_t i) {
                                    return "{verdict: deny, path: [/p" + std::to_string(i) + "]}\n";
                                }) +
                         "]\n"));
    };
    EXPECT_EQ(rules(1'200), "no problem");
    EXPECT_THAT(rules(1'300), HasSubstr("the policy's rules say too many different things"));
}

TEST(Limits, PathsAndNamesLongerThanTheKernelTakesAreRefused) {
    const auto path = [](const std::string& text) {
        return problem(with_profile("    files: [{verdict: deny, path: [\"" + text + "\"]}]\n"));
    };
    std::string longest = "/" + std::string(254, 'a');
    while (longest.size() < 4'080) longest += "/" + std::string(254, 'a');
    longest += std::string(4'095 - longest.size(), 'b');
    EXPECT_EQ(path(longest.substr(0, 4'080)), "no problem");
    EXPECT_THAT(path(longest + "/c"), HasSubstr("at most 4095 bytes"));
    EXPECT_EQ(path("/" + std::string(255, 'a')), "no problem");
    EXPECT_THAT(path("/" + std::string(256, 'a') + "/b"), HasSubstr("255 a name"));
}

TEST(Limits, MoreMatchesOrAgentsThanTheKernelHoldsNameTheAgent) {
    const auto agents = [](std::size_t count, const std::string& match) {
        return problem("version: 1\nagents:\n" + [&] {
            std::string text;
            for (std::size_t i = 0; i < count; i++)
                text += "  - {name: a" + std::to_string(i) + ", actor: b" + match + "}\n";
            return text;
        }());
    };
    EXPECT_EQ(agents(2'048, ""), "no problem");
    EXPECT_THAT(agents(2'049, ""), StartsWith("p.yaml:2051:12: expected at most 2048 agents"));
    EXPECT_THAT(agents(1'025, ", match: {script: [/opt/a.py]}"),
                StartsWith("p.yaml:1027:12: up to this agent the policy has 2050 matches"));
}

TEST(Limits, ThousandsOfProblemsAreCounted) {
    const std::string said = problem(
        "version: 1\nhost: {profiles: [" +
        repeat(20'000, [](std::size_t i) { return "no-such-" + std::to_string(i); }) + "]}\n");
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 100);
    EXPECT_THAT(said, ::testing::EndsWith("\nand 19900 more"));
}

TEST(Limits, ManyUnusedProfilesTakeNoRules) {
    std::string text = "version: 1\nprofiles:\n";
    for (int i = 0; i < 20'000; i++) text += "  - {name: p" + std::to_string(i) + "}\n";
    const auto rules = [](const std::string& of) { return must_load(of)->image.rules.size(); };
    EXPECT_EQ(rules(text), rules("version: 1\n"));
}

} // namespace
} // namespace bailiff::policy::tests
