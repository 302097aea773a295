// One JSON Web Key as a public key that verifies exactly one algorithm. Values; any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct evp_pkey_st; // OpenSSL's EVP_PKEY

namespace bailiff::token {

struct KeyDeleter {
    void operator()(evp_pkey_st* key) const;
};
using KeyPtr = std::unique_ptr<evp_pkey_st, KeyDeleter>;

struct Jwk {
    std::string kid;        // or empty
    std::string algorithm;  // the one `alg` it may verify (RFC 8725 section 3.1)
    std::string thumbprint; // RFC 7638, RFC 8037 section 2
    KeyPtr key;
};

// ES256, RS256, PS256 (RFC 7518 section 3.1), EdDSA (RFC 8037), Ed25519 (RFC 9864).
[[nodiscard]] const std::vector<std::string>& known_algorithms();

// Reads OKP/Ed25519, EC/P-256 and RSA from 2048 to 8192 bits with e >= 65537 (RFC 7517, RFC 7518
// section 6, RFC 8037). The algorithm is the key's `alg`, which must be one of `allowed`; a key
// without one gets the only allowed algorithm that fits its type, and is refused if there are two.
// Refused: symmetric and private keys, `use` other than sig, `key_ops` without verify, a point off
// its curve, RSA moduli with the ROCA fingerprint. kInvalidArgument with the reason.
[[nodiscard]] Result<Jwk> parse_jwk(const boost::json::object& jwk,
                                    const std::vector<std::string>& allowed);

} // namespace bailiff::token
