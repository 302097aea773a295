#include <string>
#include <utility>

#include "base/duration.h"
#include "policy/class_rules.h"
#include "policy/compile.h"
#include "policy/limits.h"

namespace bailiff::policy {
namespace {

// One for each class that the profile holds up to a budget.
void number_budgets(const v1::Profile& profile, Image& image) {
    static_assert((BAILIFF_MAX_PROFILES - 1) * kMaxClasses <= 0xffff, "a budget's number");
    if (bits_of(image, profile.name()).empty()) return; // no layer uses it
    for (const v1::ClassRule& rule : profile.irreversible())
        if (rule.has_budget() && verdict_of(profile, rule.verdict()) == BAILIFF_VERDICT_HOLD)
            image.budgets.emplace(std::pair(profile.name(), rule.class_()),
                                  static_cast<std::uint16_t>(image.budgets.size()));
}

} // namespace

void compile_budgets(const Document& document, Image& image) {
    for (const v1::Profile& profile : document.policy.profiles()) number_budgets(profile, image);
}

Unasked unasked_of(Image& image, const v1::Profile& profile, const Word& word) {
    if (verdict_of(profile, word.verdict) != BAILIFF_VERDICT_HOLD) return {};
    Unasked unasked;
    unasked.first_contact = word.first_contact;
    if (word.named != nullptr && word.named->has_budget()) {
        const v1::Budget& budget = word.named->budget();
        unasked.count = static_cast<std::uint16_t>(budget.count());
        unasked.number = image.budgets.at({profile.name(), word.named->class_()});
        unasked.seconds = static_cast<std::uint32_t>(parse_duration(budget.per()).value_or(0));
    }
    if (unasked.any()) image.policy.flags |= BAILIFF_POLICY_HAS_BUDGETS;
    return unasked;
}

std::string words_for(v1::Verdict verdict, const v1::ClassRule* named, bool first_contact) {
    std::string words = v1::Verdict_Name(verdict);
    if (named != nullptr) words += " class " + named->class_();
    if (named != nullptr && named->has_budget())
        words += " after " + std::to_string(named->budget().count()) + " in " +
                 (named->budget().per().empty() ? "a session" : named->budget().per());
    if (first_contact) words += " at first contact";
    return words + (named != nullptr ? ":" : "");
}

} // namespace bailiff::policy
