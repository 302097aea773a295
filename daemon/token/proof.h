// Proof of possession: a JWT shaped as DPoP (RFC 9449 section 4), signed by the key that the token
// names in cnf.jkt. Any thread; ProofMemory has one owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff::token {

inline constexpr std::int64_t kProofWindow = 60; // seconds between iat and now, either way

struct ProofExpectation {
    std::string key_thumbprint; // cnf.jkt of the token
    std::string token;          // the compact token, for ath
    std::string method;         // htm
    std::string uri;            // htu
    std::int64_t now;           // Unix seconds
};

struct Proof {
    std::string id;             // jti
    std::int64_t issued_at = 0; // iat, Unix seconds
};

// RFC 9449 section 4.3, without the server's nonce. kUnauthenticated with the reason. Does not
// look at reuse of the jti: see ProofMemory.
[[nodiscard]] Result<Proof> verify_proof(std::string_view compact,
                                         const ProofExpectation& expected);

// Proofs seen while they could be accepted again (RFC 9449 section 11.1). In memory: the token's
// own jti is what survives a restart, in ReplayCache.
class ProofMemory {
public:
    // kUnauthenticated if this key used this jti before, or if too many proofs are remembered.
    [[nodiscard]] Status remember(const std::string& key_thumbprint, const Proof& proof,
                                  std::int64_t now);

private:
    std::map<std::string, std::int64_t> expires_; // by thumbprint and jti; Unix seconds
};

} // namespace bailiff::token
