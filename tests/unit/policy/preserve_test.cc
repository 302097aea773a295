// What a rule preserves: which rules can, and what they come to.
#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kCan =
    " cannot be preserved; what can: write, delete and truncate of files; hold the rest";

std::string profile(const std::string& fields) {
    return problem("version: 1\nprofiles:\n  - name: a\n    " + fields + "\n");
}

TEST(Preserve, ARuleForFilesPreservesWhatDestroys) {
    EXPECT_EQ(
        profile("files: [{verdict: preserve, rights: [write, delete, truncate], path: [/x]}]"),
        "no problem");
    EXPECT_EQ(profile("files: [{verdict: preserve, rights: [delete], suffix: [.db]}]"),
              "no problem");
    for (const char* right : {"read", "create", "rename", "metadata", "connect_unix"})
        EXPECT_EQ(profile("files: [{verdict: preserve, rights: [write, " + std::string(right) +
                          "], path: [/x]}]"),
                  "p.yaml:4:49: " + std::string(right) + kCan);
}

TEST(Preserve, ARuleWithoutRightsIsToldWhichToWrite) {
    EXPECT_EQ(profile("files: [{verdict: preserve, path: [/x]}]"),
              "p.yaml:4:14: a rule that preserves needs `rights`: write, delete, truncate, or some "
              "of them; nothing else can be preserved, hold the rest");
}

TEST(Preserve, OtherRulesAndDefaultsPreserveNothing) {
    for (const auto& [kind, rule] : {std::pair{"exec", "path: [/bin/ls]"},
                                     {"network", "to: [10.0.0.1]"},
                                     {"system", "rights: [gain]"},
                                     {"argv", "command: [rm]"}})
        EXPECT_EQ(profile(kind + std::string(": [{verdict: preserve, ") + rule + "}]"),
                  "p.yaml:4:" + std::to_string(9 + std::string(kind).size()) + ": what a rule of " +
                      kind + " is for" + kCan);
    for (const char* kind : {"exec", "files", "network", "system"})
        EXPECT_THAT(profile("default: {" + std::string(kind) + ": preserve}"),
                    HasSubstr(std::string("some of what a default speaks for") + kCan))
            << kind;
}

TEST(Preserve, ARuleWithoutAVerdictIsToldAllThatThereAre) {
    EXPECT_THAT(profile("files: [{path: [/x]}]"),
                HasSubstr("rule needs `verdict`: allow, audit, preserve, hold or deny"));
    EXPECT_THAT(profile("exec: [{path: [/x]}]"),
                HasSubstr("rule needs `verdict`: allow, audit, hold or deny"));
}

std::string with_class(const std::string& effect, const std::string& irreversible) {
    return "version: 1\nhost: {profiles: [p]}\nclasses: [{name: a, " + effect +
           "}]\nprofiles:\n  - name: p\n    default: {files: allow}\n    irreversible: [" +
           irreversible + "]\n";
}

std::string preserved(const std::string& effect) {
    return problem(with_class(effect, "{class: a, verdict: preserve}"));
}

TEST(Preserve, AClassIsPreservedIfAllOfItCanBe) {
    EXPECT_EQ(preserved("files: [{rights: [write, delete], path: [/x]}]"), "no problem");
    const std::string who = "; profile \"p\" preserves class \"a\"";
    EXPECT_EQ(preserved("files: [{rights: [delete, rename], path: [/x]}]"),
              "p.yaml:3:47: rename" + (kCan + who));
    EXPECT_THAT(preserved("files: [{path: [/x]}]"), HasSubstr("a rule that preserves needs"));
    EXPECT_EQ(preserved("argv: [{command: [rm]}]"),
              "p.yaml:3:29: what a rule of argv is for" + (kCan + who));
    for (const char* effect :
         {"exec: [{path: [/x]}]", "network: [{}]", "system: [{rights: [gain]}]"})
        EXPECT_THAT(preserved(effect), HasSubstr(kCan + who)) << effect;
}

TEST(Preserve, NoBudgetGoesBeforeIt) {
    EXPECT_THAT(problem(with_class("files: [{rights: [delete], path: [/x]}]",
                                   "{class: a, verdict: preserve, budget: {count: 3}}")),
                HasSubstr("a budget goes before a hold: expected verdict hold, found preserve"));
}

TEST(Preserve, FirstContactIsForAHold) {
    EXPECT_THAT(profile("network: [{verdict: preserve, first_contact: true}]"),
                HasSubstr("first_contact is for rules that hold: expected verdict hold, found "
                          "preserve"));
}

TEST(Preserve, WhatIsPreservedCanAlsoWait) {
    const auto own = must_load(
        "version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n    files:\n"
        "      - {verdict: preserve, rights: [delete], path: [/srv]}\n");
    EXPECT_EQ(own->image.paths.at("/srv").find(BAILIFF_RIGHT_DELETE, 0)->verdict,
              BAILIFF_VERDICT_PRESERVE);
    EXPECT_EQ(own->image.policy.flags & BAILIFF_POLICY_HAS_HOLDS, BAILIFF_POLICY_HAS_HOLDS);
    const auto named = must_load(
        with_class("files: [{rights: [write], path: [/srv]}]", "{class: a, verdict: preserve}"));
    const Saying* says = named->image.paths.at("/srv").find(BAILIFF_RIGHT_WRITE, 0);
    ASSERT_NE(says, nullptr);
    EXPECT_EQ(says->verdict, BAILIFF_VERDICT_PRESERVE);
    EXPECT_EQ(named->image.rules[says->rule].text, "preserve class a: write path /srv");
    EXPECT_EQ(named->image.policy.flags & BAILIFF_POLICY_HAS_HOLDS, BAILIFF_POLICY_HAS_HOLDS);
}

TEST(Preserve, AProfileInModeObserveKeepsNothing) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [a]}\nprofiles:\n  - name: a\n    mode: observe\n    files:\n"
        "      - {verdict: preserve, rights: [delete], path: [/srv]}\n");
    EXPECT_EQ(policy->image.paths.at("/srv").find(BAILIFF_RIGHT_DELETE, 0)->verdict,
              BAILIFF_VERDICT_AUDIT);
}

// A folder above cannot be kept: were it away, the rule would know nothing of its path.
TEST(Preserve, WhatLiesAboveAPreservedPathIsHeld) {
    Label label;
    label.add({BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_PRESERVE, 0, 7});
    const Label guard = label.guard();
    for (const std::uint8_t right : {BAILIFF_RIGHT_DELETE, BAILIFF_RIGHT_RENAME}) {
        ASSERT_NE(guard.find(right, 0), nullptr);
        EXPECT_EQ(guard.find(right, 0)->verdict, BAILIFF_VERDICT_HOLD);
    }
}

std::string asked(const std::string& more, std::uint8_t right, const std::string& path) {
    const auto policy = must_load(
        more + around("  - {name: user, default: {files: allow}}\n"
                      "  - name: agent\n    default: {files: allow}\n    files:\n"
                      "      - {verdict: preserve, rights: [delete], path: [/srv/data]}\n"));
    const auto granted = grant(*policy, alice(), {"alice"});
    Question question;
    question.right = right;
    question.path = path;
    return evaluate(*policy, granted->profiles, {}, question).sentence;
}

TEST(Preserve, EvalNamesTheRule) {
    EXPECT_EQ(asked("", BAILIFF_RIGHT_DELETE, "/srv/data/x"),
              "preserve: p.yaml:11:10 preserve delete path /srv/data, profile agent, layer agent");
    EXPECT_THAT(asked("", BAILIFF_RIGHT_WRITE, "/srv/data/x"), StartsWith("allow: "));
    EXPECT_THAT(asked("", BAILIFF_RIGHT_RENAME, "/srv"), StartsWith("hold: p.yaml:11:10 "));
}

TEST(Preserve, InModeObserveItIsRecordedAndWouldNotBeDenied) {
    EXPECT_EQ(asked("mode: observe\n", BAILIFF_RIGHT_DELETE, "/srv/data/x"),
              "audit: p.yaml:12:10 preserve delete path /srv/data, profile agent, layer agent");
}

std::string undo(const std::string& fields) {
    return problem("version: 1\nundo: {" + fields + "}\n");
}

TEST(Undo, ItsLimitsHaveDefaults) {
    const UndoSettings silent = must_load("version: 1\n")->settings.undo;
    EXPECT_EQ(silent.max_copy, 64U << 20);
    EXPECT_EQ(silent.quota, std::uint64_t{4} << 30);
    EXPECT_EQ(silent.session_quota, std::uint64_t{1} << 30);
    EXPECT_EQ(silent.entries, 1'000'000U);
    EXPECT_EQ(silent.session_entries, 250'000U);
    EXPECT_EQ(silent.keep, 7 * 86400);
    EXPECT_TRUE(silent.stores.empty());
    const UndoSettings given =
        must_load(
            "version: 1\nundo: {max_copy: 0, quota: 1TiB, keep: 2h, stores: [/srv/undo/, /x]}\n")
            ->settings.undo;
    EXPECT_EQ(given.max_copy, 0U);
    EXPECT_EQ(given.quota, std::uint64_t{1} << 40);
    EXPECT_EQ(given.keep, 7200);
    EXPECT_EQ(given.stores, (std::vector<std::string>{"/srv/undo", "/x"}));
}

TEST(Undo, ItsLimitsHaveRanges) {
    EXPECT_EQ(undo("max_copy: 1TiB, quota: 1MiB, keep: 365d"), "no problem");
    EXPECT_EQ(undo("max_copy: 2TiB"), "p.yaml:2:18: expected 0 to 1TiB, found \"2TiB\"");
    EXPECT_EQ(undo("max_copy: 64MB"),
              "p.yaml:2:18: expected a size such as 512KiB, 64MiB or 4GiB, or a number of bytes, "
              "found \"64MB\"");
    EXPECT_EQ(undo("quota: 1023KiB"), "p.yaml:2:15: expected at least 1MiB, found \"1023KiB\"");
    EXPECT_THAT(undo("quota: much"), HasSubstr("expected a size"));
    for (const char* keep : {"59m", "366d"})
        EXPECT_EQ(undo("keep: " + std::string(keep)),
                  "p.yaml:2:14: expected 1h to 365d, found \"" + std::string(keep) + "\"");
    EXPECT_THAT(undo("keep: long"), HasSubstr("expected a duration"));
}

TEST(Undo, ASessionsShareIsAQuarterUnlessItSaysMore) {
    const auto share = [](const std::string& fields) {
        return must_load("version: 1\nundo: {" + fields + "}\n")->settings.undo.session_quota;
    };
    EXPECT_EQ(share("quota: 1TiB"), std::uint64_t{256} << 30);
    EXPECT_EQ(share("quota: 1MiB"), 256U << 10);
    EXPECT_EQ(share("quota: 1TiB, session_quota: 2MiB"), 2U << 20);
    EXPECT_EQ(share("session_quota: 4GiB"), std::uint64_t{4} << 30);
}

TEST(Undo, ASessionsShareIsPartOfTheQuota) {
    EXPECT_EQ(undo("session_quota: 1MiB, quota: 1MiB"), "no problem");
    EXPECT_EQ(undo("session_quota: 4GiB"), "no problem");
    EXPECT_EQ(undo("session_quota: 4097MiB"),
              "p.yaml:2:23: expected 1MiB to 4GiB, the quota, found \"4097MiB\"");
    EXPECT_EQ(undo("quota: 2MiB, session_quota: 3MiB"),
              "p.yaml:2:36: expected 1MiB to 2MiB, the quota, found \"3MiB\"");
    EXPECT_EQ(undo("quota: 20GiB, session_quota: 1023KiB"),
              "p.yaml:2:37: expected 1MiB to 20GiB, the quota, found \"1023KiB\"");
    EXPECT_EQ(undo("session_quota: 1GB"),
              "p.yaml:2:23: expected a size such as 512KiB, 64MiB or 4GiB, or a number of bytes, "
              "found \"1GB\"");
    // Of a quota that is wrong itself only that is said.
    EXPECT_EQ(undo("quota: 2KiB, session_quota: 1GiB"),
              "p.yaml:2:15: expected at least 1MiB, found \"2KiB\"");
}

TEST(Undo, ItsStoresAreFoldersOfTheirOwn) {
    EXPECT_EQ(undo("stores: [/1, /2, /3, /4, /5, /6, /7, /8]"), "no problem");
    EXPECT_EQ(undo("stores: [/1, /2, /3, /4, /5, /6, /7, /8, /9]"),
              "p.yaml:2:49: expected at most 8 stores");
    for (const char* folder : {"srv/undo", "/srv/../undo", "${home}/undo"})
        EXPECT_THAT(undo("stores: [\"" + std::string(folder) + "\"]"),
                    HasSubstr("p.yaml:2:17: expected an absolute path with no ..,"))
            << folder;
    EXPECT_EQ(undo("stores: [/]"),
              "p.yaml:2:17: expected a folder that is root's alone, found \"/\"");
    EXPECT_EQ(undo("stores: [/srv/undo, /srv/undo/]"),
              "p.yaml:2:28: store \"/srv/undo\" comes twice");
}

} // namespace
} // namespace bailiff::policy::tests
