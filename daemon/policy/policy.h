// Policy: one policy file, checked and compiled. Immutable once loaded; shared by whoever works
// under it. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/image.h"
#include "policy/settings.h"

namespace bailiff::policy {

struct Policy {
    std::string file;
    std::string digest; // SHA-256 of the file's bytes, hexadecimal
    Settings settings;
    Image image;
};

// kInvalidArgument with one line for each problem: file:line:column: what was expected.
[[nodiscard]] Result<std::shared_ptr<const Policy>> load(const std::string& path);
[[nodiscard]] Result<std::shared_ptr<const Policy>> load_text(std::string_view text,
                                                              const std::string& name);

// Who wants to act, as the token says.
struct Facts {
    std::string issuer;
    std::string subject;
    std::vector<std::string> groups;
    std::string actor_issuer;
    std::string actor;
    std::string task;
    std::vector<std::string> scopes;  // words of `scope`
    std::vector<std::string> actions; // of authorization_details
};

// What the policy gives: the intersection is in the layers.
struct Grant {
    bailiff_mask profiles{};
    std::vector<std::string> names; // layer:profile
    bool kill = false;              // what is left of the session when it is over
    std::size_t agent = 0;          // index in Settings::agents
    std::vector<std::size_t> users; // indexes of the entries that matched
};

// kPermissionDenied with what is missing where user, agent, task or scope get nothing.
// `presenter` are names of the presenting local account (its name and its uid as text); empty
// skips that check.
[[nodiscard]] Result<Grant> grant(const Policy& policy, const Facts& facts,
                                  const std::vector<std::string>& presenter);

// What an agent may do with no session.
[[nodiscard]] bailiff_mask unbound_profiles(const Policy& policy, std::size_t agent);

} // namespace bailiff::policy
