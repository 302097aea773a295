// The rules of a profile with those of the classes that it names in `irreversible`, which count as
// if they were written there. Internal to policy/. Any thread.
#pragma once

#include <string>
#include <vector>

#include "policy/document.h"

namespace bailiff::policy {

// One rule and the verdict that the profile gives it.
template <typename Rule>
struct Given {
    const Rule* rule;
    v1::Verdict verdict;
    std::string says; // how the rule's text begins: "deny", "hold class destroy_data:"
    Position at;
};

// Null where no class has the name.
[[nodiscard]] inline const v1::Class* find_class(const v1::Policy& policy,
                                                 const std::string& name) {
    for (const v1::Class& found : policy.classes())
        if (found.name() == name) return &found;
    return nullptr;
}

template <typename Rule>
using Rules = google::protobuf::RepeatedPtrField<Rule>;

// The rules of one kind, such as &v1::Profile::exec and &v1::Class::exec.
template <typename Rule>
std::vector<Given<Rule>> rules_of(const Document& document, const v1::Profile& profile,
                                  const Rules<Rule>& (v1::Profile::*own)() const,
                                  const Rules<Rule>& (v1::Class::*of_class)() const) {
    std::vector<Given<Rule>> all;
    for (const Rule& rule : (profile.*own)())
        all.push_back(
            {&rule, rule.verdict(), v1::Verdict_Name(rule.verdict()), document.at(rule, 1, -1)});
    for (const v1::ClassRule& named : profile.irreversible()) {
        const v1::Class* found = find_class(document.policy, named.class_());
        if (found == nullptr) continue; // the lint has refused it
        for (const Rule& rule : (found->*of_class)())
            all.push_back({&rule, named.verdict(),
                           v1::Verdict_Name(named.verdict()) + " class " + named.class_() + ":",
                           document.at(rule, Document::kItself)});
    }
    return all;
}

} // namespace bailiff::policy
