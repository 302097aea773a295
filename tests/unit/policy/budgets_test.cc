// Holds that do not always ask: budgets of classes, and rules for the first contact.
#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Unasked kAlwaysAsks = {};

constexpr const char* kClasses =
    "version: 1\n"
    "host: {profiles: [ceiling]}\n"
    "classes:\n"
    "  - name: destroy_data\n"
    "    files: [{rights: [delete, truncate], path: [/srv]}]\n"
    "    argv: [{command: [rm, -r]}]\n"
    "  - name: exfiltrate\n"
    "    network:\n"
    "      - {to: [192.0.2.0/24]}\n"
    "      - {to: [198.51.100.0/24], first_contact: true}\n"
    "  - name: execute_privileged\n"
    "    system: [{rights: [gain]}]\n"
    "profiles:\n"; // line 13

// A policy with the classes, whose host's profile says this of them, from line 16 on.
std::string said(const std::string& irreversible, const std::string& more = "") {
    return std::string(kClasses) + "  - name: ceiling\n" + more + "    irreversible:\n" +
           irreversible;
}

std::string budget(const std::string& text, const std::string& verdict = "hold") {
    return said("      - {class: destroy_data, verdict: " + verdict + ", budget: " + text + "}\n");
}

Unasked unasked(const Label* label, std::uint8_t right, std::uint16_t bit = 0) {
    const Saying* saying = label == nullptr ? nullptr : label->find(right, bit);
    EXPECT_NE(saying, nullptr) << right_name(right);
    return saying == nullptr ? kAlwaysAsks : saying->unasked;
}

Unasked unasked_to(const Policy& policy, const std::string& address) {
    return unasked(network_label(policy.image, *parse_prefix(address), 6, 443),
                   BAILIFF_RIGHT_CONNECT);
}

std::string text_of(const Policy& policy, const Label& label, std::uint8_t right) {
    const Saying* saying = label.find(right, 0);
    return saying == nullptr ? "" : policy.image.rules[saying->rule].text;
}

bool has_budgets(const Policy& policy) {
    return (policy.image.policy.flags & BAILIFF_POLICY_HAS_BUDGETS) != 0;
}

TEST(Budgets, AllEffectsOfAClassSpendOfOne) {
    const auto policy =
        must_load(said("      - {class: exfiltrate, verdict: hold, budget: {count: 5}}\n"
                       "      - {class: destroy_data, verdict: hold, budget: {count: 20, per: "
                       "1m}}\n"));
    const Unasked destroys = {20, 1, 60, false};
    const Label& srv = policy->image.paths.at("/srv");
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_DELETE), destroys);
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_TRUNCATE), destroys);
    EXPECT_EQ(unasked(&policy->image.commands.patterns.at(0).label, BAILIFF_RIGHT_ARGV), destroys);
    EXPECT_EQ(unasked_to(*policy, "192.0.2.1"), (Unasked{5, 0, 0, false}));
    EXPECT_EQ(unasked_to(*policy, "198.51.100.1"), (Unasked{5, 0, 0, true}));
    EXPECT_TRUE(has_budgets(*policy));
    EXPECT_EQ(text_of(*policy, srv, BAILIFF_RIGHT_DELETE),
              "hold class destroy_data after 20 in 1m: delete, truncate path /srv");
    EXPECT_EQ(text_of(*policy, *network_label(policy->image, *parse_prefix("198.51.100.1"), 6, 1),
                      BAILIFF_RIGHT_CONNECT),
              "hold class exfiltrate after 5 in a session at first contact: connect to "
              "198.51.100.0/24");
}

TEST(Budgets, EachProfileHasItsOwn) {
    std::string text = kClasses;
    text.replace(text.find("[ceiling]"), 9, "[a, b]");
    const auto policy = must_load(text +
                                  "  - {name: unused, irreversible: [{class: destroy_data, "
                                  "verdict: hold, budget: {count: 9}}]}\n"
                                  "  - {name: a, irreversible: [{class: destroy_data, verdict: "
                                  "hold, budget: {count: 1, per: 30d}}]}\n"
                                  "  - {name: b, irreversible: [{class: destroy_data, verdict: "
                                  "hold, budget: {count: 256, per: 1s}}]}\n");
    const Label& srv = policy->image.paths.at("/srv");
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_DELETE, 0), (Unasked{1, 0, 2'592'000, false}));
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_DELETE, 1), (Unasked{256, 1, 1, false}));
}

TEST(Budgets, APolicyWithoutOneSaysSo) {
    EXPECT_FALSE(has_budgets(*must_load(said("      - {class: destroy_data, verdict: hold}\n"))));
    std::string text = budget("{count: 2}");
    text.replace(text.find("[ceiling]"), 9, "[other]");
    EXPECT_FALSE(has_budgets(*must_load(text + "  - {name: other}\n"))) << "nobody uses it";
}

TEST(Budgets, AProfileInModeObserveHasNone) {
    const auto policy =
        must_load(said("      - {class: destroy_data, verdict: hold, budget: {count: 20}}\n"
                       "      - {class: exfiltrate, verdict: hold}\n",
                       "    mode: observe\n"));
    const Label& srv = policy->image.paths.at("/srv");
    EXPECT_EQ(srv.find(BAILIFF_RIGHT_DELETE, 0)->verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_DELETE), kAlwaysAsks);
    EXPECT_EQ(unasked_to(*policy, "198.51.100.1"), kAlwaysAsks);
    EXPECT_TRUE(policy->image.budgets.empty());
    EXPECT_FALSE(has_budgets(*policy));
}

TEST(Budgets, ARuleForTheFirstContactIsForItsAddressesAlone) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [p]}\nprofiles:\n  - name: p\n    network:\n"
        "      - {verdict: hold, to: [192.0.2.0/24], first_contact: true}\n"
        "      - {verdict: hold, to: [192.0.2.128/25], port: [443]}\n"
        "      - {verdict: hold, to: [192.0.2.0/24], port: [22]}\n");
    EXPECT_EQ(unasked_to(*policy, "192.0.2.1"), (Unasked{0, 0, 0, true}));
    EXPECT_EQ(unasked_to(*policy, "192.0.2.129"), kAlwaysAsks) << "a nearer rule";
    EXPECT_EQ(unasked(network_label(policy->image, *parse_prefix("192.0.2.1"), 6, 22),
                      BAILIFF_RIGHT_CONNECT),
              kAlwaysAsks)
        << "another rule for the same address";
    EXPECT_TRUE(has_budgets(*policy));
    EXPECT_EQ(text_of(*policy, *network_label(policy->image, *parse_prefix("192.0.2.1"), 6, 80),
                      BAILIFF_RIGHT_CONNECT),
              "hold at first contact connect to 192.0.2.0/24");
}

TEST(Budgets, OfTwoHoldsTheOneThatAlwaysAsksStands) {
    const Saying always = {BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 3, 7};
    const Saying up_to = {BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 3, 5, {}, {20, 1, 60, false}};
    const Saying contact = {BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 3, 6, {}, {0, 0, 0, true}};
    const Saying denies = {BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_DENY, 3, 9};
    const Saying audits = {BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_AUDIT, 3, 1};
    const auto both = [](const Saying& one, const Saying& other) {
        Label label;
        label.add(one);
        label.add(other);
        EXPECT_EQ(label.sayings().size(), 1U);
        return label.sayings()[0];
    };
    for (const auto& [strict, other] :
         {std::pair{always, up_to}, {always, contact}, {denies, up_to}, {up_to, audits}}) {
        EXPECT_EQ(both(strict, other), strict) << strict.rule << " " << other.rule;
        EXPECT_EQ(both(other, strict), strict) << other.rule << " " << strict.rule;
    }
    // What two rules let go in different ways each of them holds from the other.
    const Saying other_budget = {BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD, 3, 8, {},
                                 {1, 2, 0, false}};
    for (const Saying& other : {contact, other_budget}) {
        EXPECT_FALSE(both(up_to, other).unasked.any());
        EXPECT_FALSE(both(other, up_to).unasked.any());
        EXPECT_EQ(both(other, up_to).rule, 5U) << "the first rule's";
    }
    EXPECT_EQ(both(up_to, up_to), up_to);
}

TEST(Budgets, ARuleOfTheProfileThatAlwaysAsksStandsBesideAClass) {
    const auto policy =
        must_load(said("      - {class: destroy_data, verdict: hold, budget: {count: 20}}\n",
                       "    files: [{verdict: hold, rights: [delete], path: [/srv]}]\n"));
    const Label& srv = policy->image.paths.at("/srv");
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_DELETE), kAlwaysAsks);
    EXPECT_EQ(unasked(&srv, BAILIFF_RIGHT_TRUNCATE), (Unasked{20, 0, 0, false}));
    EXPECT_EQ(text_of(*policy, srv, BAILIFF_RIGHT_DELETE), "hold delete path /srv");
}

// For one profile the first pattern that matches decides.
TEST(Budgets, ACommandThatAlwaysAsksComesBeforeOneWithABudget) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [p, q]}\n"
        "classes:\n"
        "  - {name: a, argv: [{command: [rm, -r]}]}\n"
        "  - {name: b, argv: [{command: [rm, -f]}]}\n"
        "profiles:\n"
        "  - name: p\n"
        "    irreversible:\n"
        "      - {class: a, verdict: hold, budget: {count: 20}}\n"
        "      - {class: b, verdict: hold}\n"
        "  - name: q\n"
        "    irreversible:\n"
        "      - {class: a, verdict: hold}\n"
        "      - {class: b, verdict: hold, budget: {count: 20}}\n");
    std::vector<std::pair<std::string, bool>> found; // rule, and does it always ask?
    for (const Pattern& pattern : policy->image.commands.patterns) {
        ASSERT_EQ(pattern.label.sayings().size(), 1U);
        const Saying& saying = pattern.label.sayings()[0];
        const RuleSource& rule = policy->image.rules[saying.rule];
        found.emplace_back(rule.profile + rule.text.substr(rule.text.size() - 2),
                           !saying.unasked.any());
    }
    EXPECT_EQ(found, (std::vector<std::pair<std::string, bool>>{
                         {"p-f", true}, {"q-r", true}, {"p-r", false}, {"q-f", false}}));
}

TEST(Budgets, AFolderAboveIsMovedWithAnAnswerOnly) {
    const auto policy = must_load(
        "version: 1\nhost: {profiles: [p]}\nclasses:\n"
        "  - {name: a, files: [{rights: [delete], path: [/srv/data]}]}\nprofiles:\n"
        "  - {name: p, irreversible: [{class: a, verdict: hold, budget: {count: 20}}]}\n");
    const Label& data = policy->image.paths.at("/srv/data");
    ASSERT_TRUE(unasked(&data, BAILIFF_RIGHT_DELETE).any());
    const Label guard = data.guard();
    EXPECT_EQ(guard.find(BAILIFF_RIGHT_RENAME, 0)->verdict, BAILIFF_VERDICT_HOLD);
    EXPECT_EQ(unasked(&guard, BAILIFF_RIGHT_RENAME), kAlwaysAsks);
    EXPECT_EQ(data.budgets(), 1U);
    EXPECT_EQ(guard.budgets(), 0U);
    EXPECT_EQ(data.always_asking().budgets(), 0U);
}

TEST(Budgets, ABudgetGoesBeforeAHold) {
    for (const char* verdict : {"deny", "audit"})
        EXPECT_EQ(problem(budget("{count: 20, per: 1m}", verdict)),
                  "p.yaml:16:" + std::string(verdict == std::string("deny") ? "46" : "47") +
                      ": a budget goes before a hold: expected verdict hold, found " + verdict);
    EXPECT_EQ(problem(said("      - {class: destroy_data, budget: {count: 20}}\n")),
              "p.yaml:16:10: rule needs `verdict`: deny, hold, preserve or audit");
}

TEST(Budgets, ACountIsOf1To256) {
    EXPECT_EQ(problem(budget("{count: 1}")), "no problem");
    EXPECT_EQ(problem(budget("{count: 256}")), "no problem");
    const std::string missing = ": budget needs `count`: how many acts go without asking, 1 to 256";
    EXPECT_EQ(problem(budget("{per: 1m}")), "p.yaml:16:55" + missing);
    EXPECT_EQ(problem(budget("{}")), "p.yaml:16:54" + missing);
    for (const char* count : {"0", "257", "4294967295"})
        EXPECT_EQ(problem(budget("{count: " + std::string(count) + "}")),
                  "p.yaml:16:62: expected how many acts go without asking, 1 to 256, found " +
                      std::string(count));
    EXPECT_EQ(problem(budget("{count: some}")),
              "p.yaml:16:62: expected a whole number for \"count\", found \"some\"");
    EXPECT_EQ(problem(budget("20")),
              "p.yaml:16:54: expected a map of fields of budget, found \"20\"");
    EXPECT_THAT(problem(budget("{cuont: 1}")), HasSubstr("did you mean \"count\"?"));
}

TEST(Budgets, APeriodIsOfASecondToAMonth) {
    const auto period = [](const std::string& text) {
        return problem(budget("{count: 1, per: " + text + "}"));
    };
    EXPECT_EQ(period("1s"), "no problem");
    EXPECT_EQ(period("30d"), "no problem");
    EXPECT_EQ(period("31d"), "p.yaml:16:70: expected a period of 1s to 30d, found \"31d\"");
    EXPECT_EQ(period("2592001s"),
              "p.yaml:16:70: expected a period of 1s to 30d, found \"2592001s\"");
    for (const char* text : {"0s", "1", "1w", "minute", "400d"})
        EXPECT_EQ(period(text),
                  "p.yaml:16:70: expected a duration such as 30s, 15m or 1h, found \"" +
                      std::string(text) + "\"");
}

TEST(Budgets, RightsOverTheSystemHaveNone) {
    EXPECT_EQ(problem(said("      - {class: execute_privileged, verdict: hold, budget: {count: "
                           "1}}\n")),
              "p.yaml:16:52: no budget is for rights over the system: they are asked for each "
              "time; class \"execute_privileged\" names some: put them in a class of their own");
}

std::string network(const std::string& rule) {
    return problem("version: 1\nprofiles:\n  - name: p\n    network:\n      - {" + rule + "}\n");
}

TEST(Budgets, AFirstContactIsForAHoldOfConnections) {
    EXPECT_EQ(network("verdict: hold, first_contact: true"), "no problem");
    EXPECT_EQ(network("verdict: hold, rights: [connect], first_contact: true"), "no problem");
    EXPECT_EQ(network("verdict: deny, first_contact: false"), "no problem");
    EXPECT_EQ(network("verdict: audit, first_contact: true"),
              "p.yaml:5:26: first_contact is for rules that hold: expected verdict hold, found "
              "audit");
    EXPECT_EQ(network("verdict: hold, first_contact: true, rights: [connect, bind]"),
              "p.yaml:5:64: a rule with first_contact is for right connect alone, found bind");
    EXPECT_EQ(network("verdict: hold, first_contact: 1"),
              "p.yaml:5:40: expected true or false for \"first_contact\", found \"1\"");
    EXPECT_EQ(problem("version: 1\nclasses: [{name: a, network: [{rights: [bind], first_contact: "
                      "true}]}]\n"),
              "p.yaml:2:41: a rule with first_contact is for right connect alone, found bind");
}

TEST(Budgets, AClassWithAFirstContactIsHeld) {
    EXPECT_EQ(problem(said("      - {class: exfiltrate, verdict: hold}\n")), "no problem");
    EXPECT_EQ(problem(said("      - {class: exfiltrate, verdict: deny}\n")),
              "p.yaml:16:38: class \"exfiltrate\" has rules with first_contact, which are for a "
              "hold: expected verdict hold, found deny");
}

TEST(Budgets, MoreThanTheKernelHoldsNameARule) {
    const auto ports = [](int count) {
        std::string text =
            "version: 1\nhost: {profiles: [p]}\nprofiles:\n  - name: p\n    network:\n";
        for (int i = 0; i < count; i++)
            text += "      - {verdict: hold, to: [192.0.2.1], first_contact: true, port: [" +
                    std::to_string(1000 + i) + "]}\n";
        return problem(text);
    };
    EXPECT_EQ(ports(1'024), "no problem");
    EXPECT_THAT(ports(1'025), ::testing::ContainsRegex("^p.yaml:[0-9]+:10: the policy's rules hold "
                                                       "too much up to a budget or at the first "
                                                       "contact: with this one they take 1025 "));
    EXPECT_THAT(ports(1'025), HasSubstr("expected at most 1024"));
}

TEST(Budgets, EvalNamesTheRuleWithItsBudget) {
    const auto policy =
        must_load(around("  - {name: user, default: {files: allow}}\n"
                         "  - {name: agent, default: {files: allow}, irreversible: [{class: c, "
                         "verdict: hold, budget: {count: 3, per: 2h}}]}\n"
                         "classes: [{name: c, files: [{rights: [delete], path: [/srv]}]}]\n"));
    Question question;
    question.right = BAILIFF_RIGHT_DELETE;
    question.path = "/srv/x";
    const auto granted = grant(*policy, alice(), {});
    ASSERT_TRUE(granted);
    EXPECT_EQ(evaluate(*policy, granted->profiles, {}, question).sentence,
              "hold: p.yaml:9:29 hold class c after 3 in 2h: delete path /srv, profile agent, "
              "layer agent");
}

} // namespace
} // namespace bailiff::policy::tests
