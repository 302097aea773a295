// Acts that cannot be undone: `classes`, and what profiles say of them.
#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;

constexpr const char* kClasses =
    "version: 1\n"
    "host: {profiles: [ceiling]}\n"
    "classes:\n"
    "  - name: destroy_data\n"
    "    files: [{rights: [delete, truncate], path: [/srv]}]\n"
    "    argv:\n"
    "      - command: [rm, \"-r\"]\n"
    "  - name: exfiltrate\n"
    "    network: [{to: [0.0.0.0/0, \"::/0\"], protocol: tcp}]\n"
    "  - name: execute_privileged\n"
    "    system: [{rights: [gain]}]\n"
    "    exec: [{path: [/usr/bin/sudo]}]\n"
    "profiles:\n"; // line 13

constexpr const char* kOpen = "default: {exec: allow, files: allow, network: allow, system: allow}";

// A policy with the classes, whose host's profile says this of them.
std::string said(const std::string& irreversible, const std::string& more = "") {
    return kClasses + ("  - name: ceiling\n    " + std::string(kOpen) + "\n") + more +
           "    irreversible:\n" + irreversible;
}

// -1 where it says nothing.
int verdict_of(const Label& label, std::uint8_t right, std::uint16_t bit = 0) {
    const Saying* saying = label.find(right, bit);
    return saying == nullptr ? -1 : saying->verdict;
}

const RuleSource& rule_of(const Policy& policy, const Label& label, std::uint8_t right,
                          std::uint16_t bit = 0) {
    static const RuleSource none;
    const Saying* saying = label.find(right, bit);
    EXPECT_NE(saying, nullptr) << right_name(right);
    return saying == nullptr ? none : policy.image.rules[saying->rule];
}

TEST(Classes, AClassCountsAsIfItsRulesWereTheProfilesOwn) {
    const auto policy =
        must_load(said("      - {class: destroy_data, verdict: hold}\n"
                       "      - {class: execute_privileged, verdict: deny}\n"));
    const Label& srv = policy->image.paths.at("/srv");
    EXPECT_EQ(srv.sayings().size(), 2U);
    EXPECT_EQ(verdict_of(srv, BAILIFF_RIGHT_DELETE), BAILIFF_VERDICT_HOLD);
    const RuleSource& files = rule_of(*policy, srv, BAILIFF_RIGHT_TRUNCATE);
    EXPECT_EQ(files.text, "hold class destroy_data: delete, truncate path /srv");
    EXPECT_EQ(files.at.text(), "p.yaml:5:13");
    EXPECT_EQ(files.profile, "ceiling");

    ASSERT_EQ(policy->image.commands.patterns.size(), 1U);
    const Label& command = policy->image.commands.patterns[0].label;
    EXPECT_EQ(verdict_of(command, BAILIFF_RIGHT_ARGV), BAILIFF_VERDICT_HOLD);
    EXPECT_EQ(rule_of(*policy, command, BAILIFF_RIGHT_ARGV).text,
              "hold class destroy_data: argv rm -r");
    EXPECT_EQ(rule_of(*policy, command, BAILIFF_RIGHT_ARGV).at.text(), "p.yaml:7:9");

    const Label& sudo = policy->image.paths.at("/usr/bin/sudo");
    EXPECT_EQ(verdict_of(sudo, BAILIFF_RIGHT_LOAD), BAILIFF_VERDICT_DENY);
    EXPECT_EQ(rule_of(*policy, sudo, BAILIFF_RIGHT_EXEC).text,
              "deny class execute_privileged: exec path /usr/bin/sudo");
    const Label& defaults = policy->image.defaults;
    EXPECT_EQ(verdict_of(defaults, BAILIFF_RIGHT_GAIN), BAILIFF_VERDICT_DENY);
    EXPECT_EQ(rule_of(*policy, defaults, BAILIFF_RIGHT_GAIN).text,
              "deny class execute_privileged: gain");
    EXPECT_EQ(rule_of(*policy, defaults, BAILIFF_RIGHT_GAIN).at.text(), "p.yaml:11:14");
    EXPECT_EQ(rule_of(*policy, defaults, BAILIFF_RIGHT_JIT).text, "default allow jit");
}

TEST(Classes, AnAddressIsAnEffectToo) {
    const auto policy = must_load(said("      - {class: exfiltrate, verdict: audit}\n"));
    const Label* label = network_label(policy->image, *parse_prefix("192.0.2.1"), 6, 443);
    ASSERT_NE(label, nullptr);
    EXPECT_EQ(verdict_of(*label, BAILIFF_RIGHT_CONNECT), BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(rule_of(*policy, *label, BAILIFF_RIGHT_CONNECT).text,
              "audit class exfiltrate: connect to 0.0.0.0/0, ::/0 tcp");
    EXPECT_EQ(rule_of(*policy, *label, BAILIFF_RIGHT_CONNECT).at.text(), "p.yaml:9:15");
    EXPECT_FALSE(policy->image.paths.contains("/srv")) << "of a class that nobody names";
}

TEST(Classes, EachProfileSaysItsOwnVerdict) {
    std::string text = kClasses;
    text.replace(text.find("[ceiling]"), 9, "[a, b, c]");
    const auto policy = must_load(text +
                                  "  - {name: a, irreversible: [{class: destroy_data, verdict: "
                                  "hold}]}\n"
                                  "  - {name: b, irreversible: [{class: destroy_data, verdict: "
                                  "deny}]}\n"
                                  "  - {name: c, mode: observe, irreversible: [{class: "
                                  "destroy_data, verdict: hold}]}\n");
    const auto& patterns = policy->image.commands.patterns;
    ASSERT_EQ(patterns.size(), 3U);
    const Label& srv = policy->image.paths.at("/srv");
    const int expected[] = {BAILIFF_VERDICT_HOLD, BAILIFF_VERDICT_DENY, BAILIFF_VERDICT_AUDIT};
    const std::size_t order[] = {1, 0, 2}; // b's pattern is the strictest
    for (std::uint16_t bit = 0; bit < 3; bit++) {
        EXPECT_EQ(verdict_of(srv, BAILIFF_RIGHT_DELETE, bit), expected[bit]) << bit;
        EXPECT_EQ(patterns[order[bit]].label.sayings().size(), 1U);
        EXPECT_EQ(verdict_of(patterns[order[bit]].label, BAILIFF_RIGHT_ARGV, bit), expected[bit])
            << bit;
    }
}

TEST(Classes, OfAClassAndARuleTheStricterStands) {
    const auto policy =
        must_load(said("      - {class: destroy_data, verdict: audit}\n"
                       "      - {class: execute_privileged, verdict: hold}\n",
                       "    files: [{verdict: deny, rights: [delete], path: [/srv]}]\n"
                       "    system: [{verdict: allow, rights: [gain]}]\n"));
    const Label& srv = policy->image.paths.at("/srv");
    EXPECT_EQ(verdict_of(srv, BAILIFF_RIGHT_DELETE), BAILIFF_VERDICT_DENY);
    EXPECT_EQ(verdict_of(srv, BAILIFF_RIGHT_TRUNCATE), BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(verdict_of(policy->image.defaults, BAILIFF_RIGHT_GAIN), BAILIFF_VERDICT_HOLD);
}

TEST(Classes, APolicyThatHoldsAClassHasHolds) {
    const auto holds = [](const std::string& verdict) {
        return must_load(said("      - {class: exfiltrate, verdict: " + verdict + "}\n"))
                   ->image.policy.flags &
               BAILIFF_POLICY_HAS_HOLDS;
    };
    EXPECT_EQ(holds("hold"), BAILIFF_POLICY_HAS_HOLDS);
    EXPECT_EQ(holds("deny"), 0U);
}

TEST(Classes, AProfileNamesClassesThatAreThere) {
    EXPECT_EQ(problem(said("      - {class: destroy_dat, verdict: hold}\n")),
              "p.yaml:17:17: no class is named \"destroy_dat\" (did you mean \"destroy_data\"?)");
    EXPECT_EQ(problem(said("      - {class: publish, verdict: hold}\n")),
              "p.yaml:17:17: no class is named \"publish\"");
    EXPECT_EQ(problem(said("      - {verdict: hold}\n")),
              "p.yaml:17:10: rule needs `class`: the name of one of the `classes`");
    EXPECT_EQ(problem(said("      - {class: exfiltrate}\n")),
              "p.yaml:17:10: rule needs `verdict`: deny, hold, preserve or audit");
    EXPECT_EQ(
        problem(said("      - {class: exfiltrate, verdict: allow}\n")),
        "p.yaml:17:38: expected deny, hold, preserve or audit: a class takes away, and what is "
        "not named stays as the other rules have it");
    EXPECT_EQ(problem(said("      - {class: exfiltrate, verdict: deny}\n"
                           "      - {class: exfiltrate, verdict: hold}\n")),
              "p.yaml:18:17: class \"exfiltrate\" comes twice in profile \"ceiling\"");
}

std::string classes(const std::string& text) {
    return problem("version: 1\nclasses: [" + text + "]\n");
}

TEST(Classes, AClassHasANameAndAnEffect) {
    EXPECT_EQ(classes("{name: a1_b, argv: [{command: [rm]}]}"), "no problem");
    for (const char* name : {"A", "1a", "_a", "a-b", "a.b", "\xc3\xa4"})
        EXPECT_EQ(classes("{name: \"" + std::string(name) + "\", argv: [{command: [rm]}]}"),
                  "p.yaml:2:18: expected a name of lower-case letters, digits and _ that begins "
                  "with a letter, such as destroy_data, found \"" +
                      std::string(name) + "\"");
    EXPECT_EQ(classes("{argv: [{command: [rm]}]}"),
              "p.yaml:2:12: class needs `name`: how profiles name it");
    EXPECT_EQ(classes("{name: a}"),
              "p.yaml:2:12: class needs at least one of `exec`, `files`, `network`, `system` and "
              "`argv`: what its acts are");
    EXPECT_EQ(classes("{name: a, argv: [{command: [rm]}]}, {name: a, argv: [{command: [rm]}]}"),
              "p.yaml:2:54: class \"a\" comes twice");
}

TEST(Classes, AClassesRulesHaveNoVerdict) {
    const std::string refused =
        "a class's rule has no verdict: the profiles that name the class in `irreversible` say it";
    for (const char* rule :
         {"files: [{verdict: deny, path: [/x]}]", "exec: [{verdict: hold, path: [/x]}]",
          "network: [{verdict: allow, to: [10.0.0.1]}]", "system: [{verdict: deny, rights: [bpf]}]",
          "argv: [{verdict: deny, command: [rm]}]"})
        EXPECT_THAT(classes("{name: a, " + std::string(rule) + "}"), HasSubstr(": " + refused))
            << rule;
    EXPECT_EQ(classes("{name: a, files: [{verdict: deny, path: [/x]}]}"),
              "p.yaml:2:30: " + refused);
}

// The same checks with the same words as of a profile's rules.
TEST(Classes, AClassesRulesAreCheckedLikeAProfiles) {
    const auto effect = [](const std::string& text) { return classes("{name: a, " + text + "}"); };
    EXPECT_EQ(effect("files: [{rights: [delete]}]"),
              "p.yaml:2:30: rule needs `path`, `name` or `suffix`");
    EXPECT_THAT(effect("files: [{path: [srv]}]"), HasSubstr("expected an absolute path"));
    EXPECT_THAT(effect("files: [{rights: [exec], path: [/x]}]"),
                HasSubstr("expected one of read,"));
    EXPECT_THAT(effect("exec: [{rights: [read], path: [/x]}]"),
                HasSubstr("expected one of exec, load for \"rights\""));
    EXPECT_THAT(effect("network: [{to: [here]}]"), HasSubstr("\"here\": "));
    EXPECT_THAT(effect("network: [{rights: [read]}]"), HasSubstr("expected one of connect, bind"));
    EXPECT_THAT(effect("system: [{}]"), HasSubstr("rule needs `rights`, such as"));
    EXPECT_THAT(effect("argv: [{command: [/bin/rm]}]"), HasSubstr("file name of a program"));
    EXPECT_EQ(effect("exec: [{path: [/x], sha256: [" + std::string(64, 'a') + "]}]"),
              "p.yaml:2:41: a class's rule has no sha256: contents are listed by rules that allow "
              "or audit");
}

TEST(Classes, WhatCannotWaitIsNotHeldInAClass) {
    const auto held = [](const std::string& effect, const std::string& verdict) {
        return problem(
            "version: 1\nclasses: [{name: a, " + effect +
            "}]\nprofiles:\n  - {name: p, irreversible: [{class: a, verdict: " + verdict + "}]}\n");
    };
    for (const char* effect : {"files: [{rights: [read], path: [/x]}]", "files: [{path: [/x]}]",
                               "system: [{rights: [bpf]}]"}) {
        EXPECT_EQ(held(effect, "deny"), "no problem") << effect;
        EXPECT_THAT(held(effect, "hold"), HasSubstr(" cannot be held; what can: ")) << effect;
    }
    EXPECT_EQ(
        held("files: [{rights: [delete, read], path: [/x]}]", "hold"),
        "p.yaml:2:47: read cannot be held; what can: exec, load, argv, write, create, delete, "
        "rename, truncate, metadata, connect, bind, signal, gain; profile \"p\" holds class "
        "\"a\"");
    for (const char* effect : {"exec: [{path: [/x]}]", "network: [{}]", "argv: [{command: [rm]}]",
                               "system: [{rights: [gain, signal]}]"})
        EXPECT_EQ(held(effect, "hold"), "no problem") << effect;
}

std::vector<std::string> advice(const std::string& text) {
    std::vector<std::string> lines;
    const auto policy = must_load(text);
    for (const Advice& one : policy->settings.advice)
        lines.push_back(one.at.text() + " " + one.text);
    return lines;
}

TEST(Classes, AClassThatNobodyNamesIsTold) {
    EXPECT_EQ(advice(said("      - {class: exfiltrate, verdict: hold}\n"
                          "      - {class: destroy_data, verdict: hold}\n")),
              (std::vector<std::string>{"p.yaml:10:11 class execute_privileged has no effect: no "
                                        "profile names it in `irreversible`"}));
}

TEST(Classes, AHoldThatOpensWhatTheDefaultDeniesIsTold) {
    const auto with = [](const std::string& by_default, const std::string& verdict) {
        return advice(
            "version: 1\nclasses:\n  - name: a\n    files: [{rights: [delete], path: "
            "[/x]}]\n    network: [{to: [10.0.0.1]}]\n    argv: [{command: [rm]}]\n"
            "profiles:\n  - {name: p, default: {" +
            by_default + "}, irreversible: [{class: a, verdict: " + verdict + "}]}\n");
    };
    const auto found = with("exec: allow", "hold");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0],
                HasSubstr(" profile p denies by default what class a names of files, network: with "
                          "verdict hold it gives more than without; name the class in a profile "
                          "that allows by default"));
    EXPECT_THAT(with("files: allow", "audit")[0], HasSubstr("of network: with verdict audit"));
    EXPECT_TRUE(with("exec: allow", "deny").empty());
    EXPECT_TRUE(with("files: allow, network: hold", "hold").empty());
}

TEST(Classes, MoreThanAPolicyMayHaveIsRefused) {
    std::string text = "version: 1\nclasses:\n";
    for (int i = 0; i < 257; i++)
        text += "  - {name: c" + std::to_string(i) + ", argv: [{command: [rm]}]}\n";
    EXPECT_EQ(problem(text), "p.yaml:259:12: expected at most 256 classes");

    text = "version: 1\nclasses:\n  - {name: a, files: [{path: [";
    for (int i = 0; i < 9'997; i++) text += "/p" + std::to_string(i) + ", ";
    text += "/q], rights: [delete]}]}\nprofiles:\n"; // 10,000 with the rule
    for (int i = 0; i < 11; i++)
        text +=
            "  - {name: p" + std::to_string(i) + ", irreversible: [{class: a, verdict: deny}]}\n";
    EXPECT_EQ(problem(text),
              "p.yaml:15:40: up to this class the rules of classes name 110000 things, counted "
              "again for each profile; expected at most 100000");
}

} // namespace
} // namespace bailiff::policy::tests
