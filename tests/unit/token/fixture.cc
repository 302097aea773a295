#include "tests/unit/token/fixture.h"

#include <boost/json/serialize.hpp>
#include <fstream>
#include <utility>

#include "base/base64url.h"
#include "base/sha256.h"

namespace bailiff::tests {

void put(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

token::SigningKey make_key() {
    return token::SigningKey::generate().value();
}

json::object jwk_of(const token::SigningKey& key, const std::string& kid) {
    json::object jwk = key.public_jwk();
    jwk["kid"] = kid;
    jwk["alg"] = "ES256";
    jwk["use"] = "sig";
    return jwk;
}

std::string jwks_of(json::array keys) {
    return json::serialize(json::object{{"keys", std::move(keys)}});
}

std::string hash_of(std::string_view text) {
    const Sha256 digest = sha256(text);
    return base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

VerifierFixture::VerifierFixture() {
    put(folder.file("jwks.json"), jwks_of({jwk_of(key, "2026-11")}));
    config.issuer = kIssuer;
    config.jwks_file = folder.file("jwks.json");
    config.algorithms = {"ES256"};
    config.audiences = {kAudience};
    claims = {{"iss", kIssuer},
              {"sub", "user:alice"},
              {"aud", kAudience},
              {"client_id", "example-client"},
              {"iat", clock.unix_seconds()},
              {"exp", clock.unix_seconds() + 600},
              {"jti", "s-1"},
              {"act", json::object{{"iss", "spiffe://corp.example"},
                                   {"sub", "agent:code-fixer"},
                                   {"sub_profile", "ai_agent"}}}};
    header = {{"typ", "at+jwt"}, {"kid", "2026-11"}};
}

std::string VerifierFixture::compact() const {
    return key.sign(header, json::serialize(claims)).value();
}

Result<token::Token> VerifierFixture::verify(const std::string& token, const std::string& proof) {
    if (!verifier) {
        auto made = token::Verifier::create({config}, clock);
        if (!made) return tl::unexpected(made.error());
        verifier = std::move(*made);
    }
    return verifier->verify(token, proof, {"POST", kUri});
}

Result<token::Token> VerifierFixture::verify() {
    return verify(compact());
}

std::string VerifierFixture::refusal() {
    const auto token = verify();
    if (token) return "accepted";
    EXPECT_EQ(token.error().code(), ErrorCode::kUnauthenticated);
    return token.error().message();
}

} // namespace bailiff::tests
