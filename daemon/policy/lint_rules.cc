#include <set>

#include "base/duration.h"
#include "policy/lint.h"
#include "policy/lint_effects.h"
#include "policy/self_protection.h"

namespace bailiff::policy {
namespace {

constexpr std::int64_t kMinHoldSeconds = 10;
constexpr std::int64_t kMaxHoldSeconds = 24 * 3600;

void lint_approvals(const v1::Approvals& approvals, LintReport& report) {
    if (approvals.deadline().empty()) return;
    const auto seconds = parse_duration(approvals.deadline());
    if (!seconds)
        report.add(approvals, 1, 0, seconds.error().message());
    else if (*seconds < kMinHoldSeconds || *seconds > kMaxHoldSeconds)
        report.add(approvals, 1, 0, "expected 10s to 1d, found " + quoted(approvals.deadline()));
}

} // namespace

void lint_rules(const Document& document, Problems& problems) {
    LintReport report(document, problems);
    lint_approvals(document.policy.approvals(), report);
    std::set<std::string> seen;
    for (const v1::Profile& profile : document.policy.profiles()) {
        report.required(profile, 1, profile.name(), "how other parts name it");
        if (!seen.insert(profile.name()).second)
            report.add(profile, 1, 0, "profile " + quoted(profile.name()) + " comes twice");
        if (profile.name() == kSelfProtection)
            report.add(profile, 1, 0,
                       "every policy has a profile " + quoted(kSelfProtection) +
                           " already, which protects bailiff itself; choose another name");
        lint_effects(profile, report);
    }
}

} // namespace bailiff::policy
