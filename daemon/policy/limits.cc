#include "policy/limits.h"

#include <map>
#include <set>
#include <string>

#include "policy/class_rules.h"
#include "policy/document.h"
#include "policy/image.h"

namespace bailiff::policy {
namespace {

std::size_t matches_of(const v1::Match& match) {
    std::size_t count = static_cast<std::size_t>(match.executable_size() + match.script_size() +
                                                 match.interpreter_size());
    for (const std::string& script : match.script())
        if (script.ends_with(".py")) count++; // its compiled form
    for (const std::string* one : {&match.unit(), &match.cgroup(), &match.uid()})
        if (!one->empty()) count++;
    return count;
}

template <typename Rule>
std::size_t values_of(const Rules<Rule>& rules) {
    std::size_t count = 0;
    for (const auto& rule : rules) {
        const auto* access = rule.GetReflection();
        count++;
        for (int i = 0; i < rule.GetDescriptor()->field_count(); i++)
            if (const auto* field = rule.GetDescriptor()->field(i); field->is_repeated())
                count += static_cast<std::size_t>(access->FieldSize(rule, field));
    }
    return count;
}

std::size_t values_of(const v1::Class& of) {
    return values_of(of.exec()) + values_of(of.files()) + values_of(of.network()) +
           values_of(of.system()) + values_of(of.argv());
}

// A class is compiled into each profile that names it.
void check_classes(const Document& document, Problems& problems) {
    const v1::Policy& policy = document.policy;
    if (static_cast<std::size_t>(policy.classes_size()) > kMaxClasses)
        return problems.add(document.at(policy.classes(static_cast<int>(kMaxClasses)), 1),
                            "expected at most " + std::to_string(kMaxClasses) + " classes");
    std::map<std::string, std::size_t> sizes;
    for (const v1::Class& one : policy.classes()) sizes[one.name()] = values_of(one);
    std::size_t values = 0;
    for (const v1::Profile& profile : policy.profiles())
        for (const v1::ClassRule& rule : profile.irreversible()) {
            const auto named = sizes.find(rule.class_());
            if (named == sizes.end()) continue;
            values += named->second;
            if (values > kMaxClassValues)
                return problems.add(document.at(rule, 1),
                                    "up to this class the rules of classes name " +
                                        std::to_string(values) +
                                        " things, counted again for each profile; expected at "
                                        "most " +
                                        std::to_string(kMaxClassValues));
        }
}

} // namespace

void check_limits(const Document& document, Problems& problems) {
    check_classes(document, problems);
    std::size_t agents = 0;
    std::size_t matches = 0;
    for (const v1::Agent& agent : document.policy.agents()) {
        const Position at = document.at(agent, 1);
        agents++;
        matches += matches_of(agent.match());
        if (agents > kMaxAgents)
            return problems.add(at, "expected at most " + std::to_string(kMaxAgents) + " agents");
        if (matches > kMaxMatches)
            return problems.add(at, "up to this agent the policy has " + std::to_string(matches) +
                                        " matches; expected at most " +
                                        std::to_string(kMaxMatches));
    }
}

void check_limits(const Image& image, Problems& problems) {
    std::size_t objects = 0;
    std::size_t listed = 0;
    std::size_t budgets = 0;
    std::set<Label> labels = {image.defaults};
    std::set<RowKey> rows = {RowKey{}};
    const auto add = [&](const Label& label, std::size_t count) {
        if (label.empty()) return true;
        objects += count;
        if (labels.insert(label).second) {
            listed += label.listed().size();
            budgets += label.budgets();
            for (const bailiff_row& row : label.rows()) rows.insert(row_key(row));
        }
        const Position& at = image.rules[label.sayings().front().rule].at;
        if (objects > kMaxObjects)
            problems.add(at,
                         "the policy's rules name too many paths and names: with this one they "
                         "take " +
                             std::to_string(objects) +
                             " rows of the kernel's table; expected at most " +
                             std::to_string(kMaxObjects) +
                             " (a path takes 3, a folder above a denied one 2, a "
                             "name 1)");
        else if (labels.size() > kMaxLabels || rows.size() > kMaxRows + 1)
            problems.add(at,
                         "the policy's rules say too many different things of paths, names and "
                         "addresses: expected at most " +
                             std::to_string(kMaxLabels - 1) + ", and of single rights " +
                             std::to_string(kMaxRows) + "; put what is said alike in one rule");
        else if (listed > kMaxListed)
            problems.add(at, "the policy's rules list too many contents (sha256): with this one " +
                                 std::to_string(listed) + "; expected at most " +
                                 std::to_string(kMaxListed));
        else if (budgets > kMaxBudgets)
            problems.add(at,
                         "the policy's rules hold too much up to a budget or at the first contact: "
                         "with this one they take " +
                             std::to_string(budgets) +
                             " rows of the kernel's table; expected at most " +
                             std::to_string(kMaxBudgets) +
                             " (one for each right that is held so, counted again where other "
                             "rules say something else as well)");
        return problems.empty();
    };
    for (const PortLabel& entry : image.ports)
        if (!add(entry.label, 0)) return;
    for (const Pattern& pattern : image.commands.patterns)
        if (!add(pattern.label, 0)) return;
    std::map<std::string, Label> guards;
    for (const auto* paths : {&image.paths, &image.templates}) {
        for (const auto& [path, label] : *paths) {
            if (!add(label, kObjectsPerPath)) return;
            add_guards(guards, path, label);
        }
    }
    for (const auto& [path, label] : guards)
        if (!add(label, kObjectsPerGuarded)) return;
    for (const auto* names : {&image.names, &image.suffixes})
        for (const auto& [name, label] : *names)
            if (!add(label, 1)) return;
}

} // namespace bailiff::policy
