#include <algorithm>
#include <set>

#include "base/duration.h"
#include "policy/class_rules.h"
#include "policy/limits.h"
#include "policy/lint.h"
#include "policy/lint_effects.h"
#include "policy/lint_preserve.h"
#include "policy/spelling.h"

namespace bailiff::policy {
namespace {

bool is_class_name(const std::string& name) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_empty(const v1::Class& of) {
    return of.exec_size() + of.files_size() + of.network_size() + of.system_size() +
               of.argv_size() ==
           0;
}

class ClassLint {
public:
    ClassLint(const Document& document, Problems& problems)
        : document_(document), problems_(problems), report_(document, problems) {}

    void run() {
        for (const v1::Class& one : document_.policy.classes()) check(one);
        for (const v1::Profile& profile : document_.policy.profiles()) check(profile);
    }

private:
    void check(const v1::Class& of) {
        report_.required(of, 1, of.name(), "how profiles name it");
        if (!of.name().empty() && !is_class_name(of.name()))
            report_.add(of, 1, 0,
                        "expected a name of lower-case letters, digits and _ that begins with a "
                        "letter, such as destroy_data, found " +
                            quoted(of.name()));
        if (!names_.insert(of.name()).second)
            report_.add(of, 1, 0, "class " + quoted(of.name()) + " comes twice");
        if (is_empty(of))
            report_.add(of,
                        "class needs at least one of `exec`, `files`, `network`, `system` and "
                        "`argv`: what its acts are");
        lint_effects(of, report_);
    }

    void check(const v1::Profile& profile) {
        std::set<std::string> here;
        for (const v1::ClassRule& rule : profile.irreversible()) {
            report_.required(rule, 1, rule.class_(), "the name of one of the `classes`");
            if (rule.verdict() == v1::VERDICT_UNSPECIFIED)
                report_.add(rule, "rule needs `verdict`: deny, hold, preserve or audit");
            if (rule.verdict() == v1::allow)
                report_.add(
                    rule, 2, 0,
                    "expected deny, hold, preserve or audit: a class takes away, and what is "
                    "not named stays as the other rules have it");
            if (rule.has_budget()) budget(rule);
            if (rule.class_().empty()) continue;
            if (!here.insert(rule.class_()).second)
                report_.add(rule, 1, 0,
                            "class " + quoted(rule.class_()) + " comes twice in profile " +
                                quoted(profile.name()));
            const v1::Class* found = find_class(document_.policy, rule.class_());
            if (found == nullptr)
                unknown(rule);
            else if (rule.verdict() == v1::hold && held_.insert(found).second)
                lint_held_class(*found, profile.name(), report_);
            else if (rule.verdict() == v1::preserve && preserved_.insert(found).second)
                lint_preserved_class(*found, profile.name(), report_);
            if (found != nullptr) unasked(rule, *found);
        }
    }

    void budget(const v1::ClassRule& rule) {
        constexpr const char* kAsked = "how many acts go without asking, 1 to ";
        const v1::Budget& budget = rule.budget();
        const std::string most = std::to_string(BAILIFF_MAX_BUDGET);
        if (rule.verdict() != v1::hold && rule.verdict() != v1::VERDICT_UNSPECIFIED)
            report_.add(rule, v1::ClassRule::kBudgetFieldNumber, -1,
                        "a budget goes before a hold: expected verdict hold, found " +
                            v1::Verdict_Name(rule.verdict()));
        if (document_.at(budget, v1::Budget::kCountFieldNumber, -1).line == 0)
            report_.add(budget, "budget needs `count`: " + (kAsked + most));
        else if (budget.count() < 1 || budget.count() > BAILIFF_MAX_BUDGET)
            report_.add(
                budget, v1::Budget::kCountFieldNumber, 0,
                "expected " + (kAsked + most) + ", found " + std::to_string(budget.count()));
        if (budget.per().empty()) return;
        const auto period = parse_duration(budget.per());
        if (!period || *period > kMaxBudgetSeconds)
            report_.add(budget, v1::Budget::kPerFieldNumber, 0,
                        period ? "expected a period of 1s to 30d, found " + quoted(budget.per())
                               : period.error().message());
    }

    // What goes without asking by a budget, or after the first contact: can it?
    void unasked(const v1::ClassRule& rule, const v1::Class& of) {
        if (rule.has_budget() && of.system_size() > 0)
            report_.add(rule, v1::ClassRule::kBudgetFieldNumber, -1,
                        "no budget is for rights over the system: they are asked for each time; "
                        "class " +
                            quoted(of.name()) + " names some: put them in a class of their own");
        const bool meets = std::any_of(of.network().begin(), of.network().end(),
                                       [](const auto& one) { return one.first_contact(); });
        if (meets && (rule.verdict() == v1::deny || rule.verdict() == v1::audit))
            report_.add(rule, 2, 0,
                        "class " + quoted(of.name()) +
                            " has rules with first_contact, which are for a hold: expected "
                            "verdict hold, found " +
                            v1::Verdict_Name(rule.verdict()));
    }

    void unknown(const v1::ClassRule& rule) {
        const auto close = problems_.full()
                               ? std::nullopt
                               : closest(rule.class_(), {names_.begin(), names_.end()});
        report_.add(rule, 1, 0,
                    "no class is named " + quoted(rule.class_()) +
                        (close ? " (did you mean " + quoted(*close) + "?)" : ""));
    }

    const Document& document_;
    Problems& problems_;
    LintReport report_;
    std::set<std::string> names_;
    std::set<const v1::Class*> held_;      // each is told of once
    std::set<const v1::Class*> preserved_; // the same
};

// The kinds of what a class names that the profile denies where no rule speaks: "files, network".
std::string denied_kinds(const v1::Class& of, const v1::Defaults& defaults) {
    struct KindOf {
        const char* name;
        int count;
        v1::Verdict by_default;
    };
    std::string kinds;
    for (const KindOf& kind : {KindOf{"exec", of.exec_size(), defaults.exec()},
                               KindOf{"files", of.files_size(), defaults.files()},
                               KindOf{"network", of.network_size(), defaults.network()},
                               KindOf{"system", of.system_size(), defaults.system()}})
        if (kind.count > 0 &&
            (kind.by_default == v1::deny || kind.by_default == v1::VERDICT_UNSPECIFIED))
            kinds += (kinds.empty() ? "" : ", ") + std::string(kind.name);
    return kinds;
}

} // namespace

void lint_classes(const Document& document, Problems& problems) {
    ClassLint(document, problems).run();
}

std::vector<Advice> class_advice(const Document& document) {
    std::vector<Advice> advice;
    std::set<std::string> used;
    for (const v1::Profile& profile : document.policy.profiles())
        for (const v1::ClassRule& rule : profile.irreversible()) {
            used.insert(rule.class_());
            const v1::Class* named = find_class(document.policy, rule.class_());
            if (named == nullptr || rule.verdict() == v1::deny) continue;
            const std::string kinds = denied_kinds(*named, profile.default_());
            if (kinds.empty()) continue;
            advice.push_back(
                {document.at(rule, 2),
                 "profile " + profile.name() + " denies by default what class " + named->name() +
                     " names of " + kinds + ": with verdict " + v1::Verdict_Name(rule.verdict()) +
                     " it gives more than without; name the class in a profile that allows by "
                     "default, such as one of the host"});
        }
    for (const v1::Class& one : document.policy.classes())
        if (!used.contains(one.name()))
            advice.push_back({document.at(one, 1), "class " + one.name() +
                                                       " has no effect: no profile names it in "
                                                       "`irreversible`"});
    return advice;
}

} // namespace bailiff::policy
