// A verified token: what the issuer vouched for, and nothing else. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bailiff::token {

// One link of the delegation chain (RFC 8693 section 4.1). Only the outermost decides; the rest is
// evidence.
struct Actor {
    std::string issuer;  // act.iss; empty where the actor was mapped from a claim
    std::string subject; // act.sub
    std::string profile; // act.sub_profile, or empty

    friend bool operator==(const Actor&, const Actor&) = default;
};

// One element of authorization_details (RFC 9396) of type kSessionDetails.
struct AuthorizationDetail {
    std::string identifier;           // the task, or empty
    std::vector<std::string> actions; // names that the policy maps to profiles, as it does scopes

    friend bool operator==(const AuthorizationDetail&, const AuthorizationDetail&) = default;
};
inline constexpr const char* kSessionDetails = "urn:bailiff:params:session";

struct Token {
    std::string issuer;              // iss
    std::string subject;             // sub: the user
    std::string client_id;           // client_id
    std::string id;                  // jti
    std::vector<Actor> actors;       // outermost first; never empty
    std::string actor_source;        // "act", or the claim the actor was mapped from
    std::string task;                // the issuer's task claim or a detail's identifier, or empty
    std::vector<std::string> scopes; // scope, split at spaces
    std::vector<std::string> groups; // groups (RFC 9068 section 2.2.3.1)
    std::vector<AuthorizationDetail> details;
    std::int64_t issued_at = 0;  // iat, Unix seconds
    std::int64_t expires_at = 0; // exp, Unix seconds
    std::string key_thumbprint;  // cnf.jkt (RFC 9449 section 6), or empty
    bool proven = false;         // a proof of that key was verified
    std::string digest;          // SHA-256 of the compact form, hexadecimal: the only trace of it
};

// A token that relaxes one session for a while.
struct BreakGlass {
    std::string issuer;          // iss
    std::string subject;         // sub: who vouches for it
    std::string id;              // jti
    std::string session;         // sid: the session's name
    std::int64_t issued_at = 0;  // iat, Unix seconds
    std::int64_t expires_at = 0; // exp, Unix seconds
    std::string digest;          // SHA-256 of the compact form, hexadecimal
};

} // namespace bailiff::token
