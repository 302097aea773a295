// Compact JWS: parsed strictly, verified under one key (RFC 7515 sections 5.2 and 7.1). Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "token/jwk.h"

namespace bailiff::token {

inline constexpr std::size_t kMaxCompactBytes = 16384;

// Nothing in it may be believed before verify_jws succeeded.
struct Jws {
    std::string algorithm;                           // alg
    std::string type;                                // typ, or empty
    std::string kid;                                 // kid, or empty
    std::optional<boost::json::object> embedded_key; // jwk, in proofs
    std::string signing_input; // what the signature covers: header and payload, encoded
    std::string payload;       // decoded; may be empty
    std::string signature;     // decoded
};

// Where the key comes from decides whether the header may carry one.
enum class EmbeddedKey {
    kRefused,  // session tokens: the key comes from the local store
    kRequired, // proofs (RFC 9449 section 4.2)
};

// kUnauthenticated for anything but three strict base64url parts with a strict JSON header (no
// name twice) of a known algorithm; `crit`, `b64`, `jku`, `x5u` and `x5c` are refused.
[[nodiscard]] Result<Jws> parse_jws(std::string_view compact, EmbeddedKey embedded);

// kUnauthenticated unless `alg` is exactly the key's and the signature is good.
[[nodiscard]] Status verify_jws(const Jws& jws, const Jwk& key);

// RFC 7515 section 4.1.9: case does not count, "application/" may be left out.
[[nodiscard]] bool same_media_type(std::string_view one, std::string_view other);

} // namespace bailiff::token
