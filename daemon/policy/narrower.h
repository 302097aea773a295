// Whether a session that loses profiles is narrower for it. Often it is not: inside a layer a deny
// denies, so that dropping the profile that says it gives rights back. Any thread.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace bailiff::policy {

// Both are names as in Grant::names. Empty where `now` can do nothing that `before` could not; else
// the reason, for a message. Where that cannot be told from the rules alone, there is a reason.
[[nodiscard]] std::string why_not_narrower(const Policy& policy,
                                           const std::vector<std::string>& before,
                                           const std::vector<std::string>& now);

} // namespace bailiff::policy
