// An issuer for a first try: one ES256 key in a folder. Plainly marked as development; a daemon
// trusts it only if its policy names its issuer and key set. Used by bailiffctl and tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bailiff::token {

inline constexpr const char* kDevIssuer = "https://dev-issuer.bailiff.invalid";

struct DevTokenRequest {
    std::string subject;          // user:alice
    std::string actor;            // agent:code-fixer, the outermost
    std::vector<std::string> via; // actors below it, from the outer to the inner
    std::string scope;
    std::string task;
    std::string audience = "bailiff://localhost";
    std::int64_t lifetime = 600; // seconds
    std::string id;              // jti; empty: random
    std::vector<std::string> groups;
    std::string key_thumbprint; // cnf.jkt, or empty
};

struct DevBreakGlassRequest {
    std::string session; // sid
    std::string subject; // who vouches for it
    std::string audience = "bailiff://localhost";
    std::int64_t lifetime = 600; // seconds
};

// Makes `folder` (mode 0700) with key.pem (0600), jwks.json and README. kAlreadyExists if it holds
// a key.
[[nodiscard]] Status init_dev_issuer(const std::string& folder);

// kInvalidArgument, with what was expected, where the verifier would refuse the token whatever the
// policy says.
[[nodiscard]] Status check_dev_token(const DevTokenRequest& request);

// The compact token. Checks the request first; kNotFound without the folder's key.
[[nodiscard]] Result<std::string> sign_dev_token(const std::string& folder,
                                                 const DevTokenRequest& request,
                                                 const Clock& clock);

// A token that relaxes one session (Verifier::verify_break_glass). The same errors.
[[nodiscard]] Result<std::string> sign_dev_break_glass(const std::string& folder,
                                                       const DevBreakGlassRequest& request,
                                                       const Clock& clock);

} // namespace bailiff::token
