// The rules of a profile with those of the classes that it names in `irreversible`, which count as
// if they were written there. Internal to policy/. Any thread.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "policy/document.h"

namespace bailiff::policy {

// What a profile says of one rule.
struct Word {
    v1::Verdict verdict;
    std::string says; // how the rule's text begins: "deny", "hold class destroy_data:"
    Position at;
    const v1::ClassRule* named = nullptr; // by which the rule, a class's, is the profile's
    bool first_contact = false;
};

template <typename Rule>
struct Given : Word {
    const Rule* rule;
};

template <typename Rule>
bool is_first_contact([[maybe_unused]] const Rule& rule) {
    if constexpr (std::is_same_v<Rule, v1::NetworkRule>) return rule.first_contact();
    return false;
}

// "hold", "hold class destroy_data after 20 in 1m:", "hold class exfiltrate at first contact:"
[[nodiscard]] std::string words_for(v1::Verdict verdict, const v1::ClassRule* named,
                                    bool first_contact);

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
    const auto add = [&all](const Rule& rule, v1::Verdict verdict, Position at,
                            const v1::ClassRule* named) {
        const bool first = is_first_contact(rule);
        all.push_back(
            {{verdict, words_for(verdict, named, first), std::move(at), named, first}, &rule});
    };
    for (const Rule& rule : (profile.*own)())
        add(rule, rule.verdict(), document.at(rule, 1, -1), nullptr);
    for (const v1::ClassRule& named : profile.irreversible()) {
        const v1::Class* found = find_class(document.policy, named.class_());
        if (found == nullptr) continue; // the lint has refused it
        for (const Rule& rule : (found->*of_class)())
            add(rule, named.verdict(), document.at(rule, Document::kItself), &named);
    }
    return all;
}

} // namespace bailiff::policy
