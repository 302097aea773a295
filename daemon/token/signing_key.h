// SigningKey: an ES256 key pair that makes compact JWS, for the development issuer, for proofs of
// possession and for tests. Any thread, one at a time.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "token/jwk.h"

namespace bailiff::token {

class SigningKey {
public:
    [[nodiscard]] static Result<SigningKey> generate();
    // Unencrypted PKCS #8. kInvalidArgument unless it is a private key on P-256.
    [[nodiscard]] static Result<SigningKey> from_pem(const std::string& pem);

    [[nodiscard]] Result<std::string> pem() const;
    // kty, crv, x, y (RFC 7518 section 6.2.1).
    [[nodiscard]] const boost::json::object& public_jwk() const { return jwk_; }
    // RFC 7638.
    [[nodiscard]] const std::string& thumbprint() const { return thumbprint_; }

    // The compact JWS (RFC 7515 section 7.1); sets `alg` of the header to ES256.
    [[nodiscard]] Result<std::string> sign(boost::json::object header,
                                           std::string_view payload) const;

private:
    [[nodiscard]] static Result<SigningKey> from_key(KeyPtr key);
    KeyPtr key_;
    boost::json::object jwk_;
    std::string thumbprint_;
};

} // namespace bailiff::token
