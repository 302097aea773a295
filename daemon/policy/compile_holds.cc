#include <algorithm>

#include "base/duration.h"
#include "policy/class_rules.h"
#include "policy/compile.h"
#include "policy/limits.h"

namespace bailiff::policy {
namespace {

// What cannot be preserved is held.
template <typename Rule>
bool holds(const Rules<Rule>& rules) {
    return std::any_of(rules.begin(), rules.end(), [](const auto& rule) {
        return rule.verdict() == v1::hold || rule.verdict() == v1::preserve;
    });
}

// Does it, enforced or not, have a rule or a default that holds or preserves?
bool has_holds(const v1::Profile& profile) {
    const v1::Defaults& by_default = profile.default_();
    return holds(profile.exec()) || holds(profile.files()) || holds(profile.network()) ||
           holds(profile.system()) || holds(profile.argv()) || holds(profile.irreversible()) ||
           by_default.exec() == v1::hold || by_default.files() == v1::hold ||
           by_default.network() == v1::hold || by_default.system() == v1::hold;
}

std::uint32_t hold_seconds(const v1::Approvals& approvals) {
    const auto seconds = parse_duration(approvals.deadline());
    return static_cast<std::uint32_t>(seconds ? *seconds : kHoldSeconds);
}

} // namespace

void compile_holds(const Document& document, Image& image) {
    const v1::Policy& policy = document.policy;
    image.policy.hold_seconds = hold_seconds(policy.approvals());
    if (std::any_of(policy.profiles().begin(), policy.profiles().end(), has_holds))
        image.policy.flags |= BAILIFF_POLICY_HAS_HOLDS;
}

} // namespace bailiff::policy
