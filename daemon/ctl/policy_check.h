// What `bailiffctl policy check` says about a policy that is right. Reads the accounts and the file
// system of this host, writes nothing. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/policy.h"

namespace bailiff::ctl {

// "ok, 1 agent, 5 profiles in use of 256, 14 rules". A profile counts once for each layer it is
// used in; defaults are no rules.
[[nodiscard]] std::string check_text(const policy::Policy& policy);

// One line each, "p.yaml:12:5: warning: ...", in the order of the file: what the policy names and
// this host does not have, which may be right on another host, and what has no effect.
[[nodiscard]] std::vector<std::string> policy_warnings(const policy::Policy& policy,
                                                       const Clock& clock);

} // namespace bailiff::ctl
