// An issuer with one ES256 key, its key set in a temporary folder, and a verifier that trusts it.
// A test changes one claim of a token that would be accepted and looks at what happens.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/temporary_folder.h"
#include "token/signing_key.h"
#include "token/verifier.h"

namespace bailiff::tests {

namespace json = boost::json;

void put(const std::string& path, std::string_view content);
token::SigningKey make_key();
json::object jwk_of(const token::SigningKey& key, const std::string& kid);
std::string jwks_of(json::array keys);
std::string hash_of(std::string_view text);

inline constexpr const char* kIssuer = "https://idp.corp.example";
inline constexpr const char* kAudience = "bailiff://host-7f3a";
inline constexpr const char* kUri = "https://bailiff.invalid/open";

class VerifierFixture : public ::testing::Test {
protected:
    VerifierFixture();

    [[nodiscard]] std::string compact() const;
    Result<token::Token> verify(const std::string& token, const std::string& proof = "");
    Result<token::Token> verify();
    // The reason why the token is refused, or "accepted".
    std::string refusal();

    ManualClock clock;
    TemporaryFolder folder;
    token::SigningKey key = make_key();
    token::IssuerConfig config;
    json::object header;
    json::object claims;
    std::unique_ptr<token::Verifier> verifier;
};

} // namespace bailiff::tests
