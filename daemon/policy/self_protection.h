// What every policy holds, whatever is written in it: no session and no agent touches bailiff
// itself. Internal to policy/. Any thread.
#pragma once

#include "policy/document.h"
#include "policy/image.h"

namespace bailiff::policy {

// The name of the profile that says so. A policy has no profile of its own with it.
inline constexpr const char* kSelfProtection = "bailiff";

// Adds the profile, in layer host and to `image.policy.always`. It takes away bailiff's pins,
// sockets, state, undo stores and configuration, the policy file and the issuers' key sets, and
// nothing else.
// Connecting to the control socket is left to other profiles: bailiffd knows a subject there and
// answers it little (api/methods.h).
void add_self_protection(const Document& document, Image& image);

} // namespace bailiff::policy
