// An issuer with one ES256 key, its key set in a temporary folder, and a verifier that trusts it.
// A test changes one claim of a token that would be accepted and looks at what happens.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/base64url.h"
#include "base/sha256.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/temporary_folder.h"
#include "token/signing_key.h"
#include "token/verifier.h"

namespace bailiff::tests {

namespace json = boost::json;

inline void put(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

inline token::SigningKey make_key() {
    return token::SigningKey::generate().value();
}

inline json::object jwk_of(const token::SigningKey& key, const std::string& kid) {
    json::object jwk = key.public_jwk();
    jwk["kid"] = kid;
    jwk["alg"] = "ES256";
    jwk["use"] = "sig";
    return jwk;
}

inline std::string jwks_of(json::array keys) {
    return json::serialize(json::object{{"keys", std::move(keys)}});
}

inline std::string hash_of(std::string_view text) {
    const Sha256 digest = sha256(text);
    return base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

inline constexpr const char* kIssuer = "https://idp.corp.example";
inline constexpr const char* kAudience = "bailiff://host-7f3a";
inline constexpr const char* kUri = "https://bailiff.invalid/open";

class VerifierFixture : public ::testing::Test {
protected:
    VerifierFixture() {
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

    [[nodiscard]] std::string compact() const {
        return key.sign(header, json::serialize(claims)).value();
    }

    Result<token::Token> verify(const std::string& token, const std::string& proof = "") {
        if (!verifier) {
            auto made = token::Verifier::create({config}, clock);
            if (!made) return tl::unexpected(made.error());
            verifier = std::move(*made);
        }
        return verifier->verify(token, proof, {"POST", kUri});
    }

    Result<token::Token> verify() { return verify(compact()); }

    // The reason why the token is refused, or "accepted".
    std::string refusal() {
        const auto token = verify();
        if (token) return "accepted";
        EXPECT_EQ(token.error().code(), ErrorCode::kUnauthenticated);
        return token.error().message();
    }

    ManualClock clock;
    TemporaryFolder folder;
    token::SigningKey key = make_key();
    token::IssuerConfig config;
    json::object header;
    json::object claims;
    std::unique_ptr<token::Verifier> verifier;
};

} // namespace bailiff::tests
