// Project Wycheproof's JWS, JWK and Ed25519 vectors, from the folder that BAILIFF_VECTORS names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <vector>

#include "base/base64url.h"
#include "base/file.h"
#include "token/jwks.h"
#include "token/jws.h"

namespace bailiff::token {
namespace {

using ::testing::ElementsAre;
namespace json = boost::json;

const std::vector<std::string> kAllowed = {"ES256", "RS256", "PS256", "EdDSA"};

class WycheproofTest : public ::testing::Test {
protected:
    void SetUp() override {
        folder = std::getenv("BAILIFF_VECTORS");
        if (folder == nullptr)
            GTEST_SKIP() << "BAILIFF_VECTORS names no folder with Wycheproof's vectors";
    }
    [[nodiscard]] json::value read(const std::string& name) const {
        return json::parse(read_file(std::string(folder) + "/" + name, 16 << 20).value());
    }
    const char* folder = nullptr;
};

const json::value& key_of(const json::object& group) {
    const json::value* key = group.if_contains("public");
    return key == nullptr ? group.at("private") : *key;
}

std::string_view view(const json::value& text) {
    return {text.as_string().data(), text.as_string().size()};
}

bool accepted(const json::value& test, const Jwk& key) {
    const auto jws = parse_jws(view(test.at("jws")), EmbeddedKey::kRefused);
    return jws && verify_jws(*jws, key);
}

std::string from_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    return bytes;
}

// Not accepted although marked valid: HMAC, RS and PS with 384 and 512 bits, ES512, headers with
// '?' (372, 373), and keys whose alg is not the header's (346, 347, 350, 351).
TEST_F(WycheproofTest, ExactlyTheExpectedSignaturesAreAccepted) {
    std::vector<std::int64_t> ids;
    std::size_t tests = 0;
    const json::value file = read("json_web_signature_test.json");
    for (const json::value& group : file.at("testGroups").as_array()) {
        const auto key = parse_jwk(key_of(group.as_object()).as_object(), kAllowed);
        for (const json::value& test : group.at("tests").as_array()) {
            tests++;
            if (!key || !accepted(test, *key)) continue;
            ids.push_back(test.at("tcId").as_int64());
            EXPECT_EQ(test.at("result"), "valid") << ids.back();
        }
    }
    EXPECT_EQ(tests, 401U);
    EXPECT_THAT(ids, ElementsAre(18, 33, 259, 260, 261, 262, 263, 272, 273, 274, 275, 287, 288, 345,
                                 349, 378));
}

// Of the 26, seven are valid; six of them are HMAC, which a host never verifies.
TEST_F(WycheproofTest, ExactlyTheExpectedKeySetIsAccepted) {
    std::vector<std::int64_t> ids;
    std::size_t tests = 0;
    const json::value file = read("json_web_key_test.json");
    for (const json::value& group : file.at("testGroups").as_array()) {
        const auto set = parse_jwks(json::serialize(key_of(group.as_object())), kAllowed);
        for (const json::value& test : group.at("tests").as_array()) {
            tests++;
            const auto jws = parse_jws(view(test.at("jws")), EmbeddedKey::kRefused);
            if (!set || !jws || !set->keys.contains(jws->kid)) continue;
            if (verify_jws(*jws, set->keys.at(jws->kid))) ids.push_back(test.at("tcId").as_int64());
        }
    }
    EXPECT_EQ(tests, 26U);
    EXPECT_THAT(ids, ElementsAre(5));
}

TEST_F(WycheproofTest, Ed25519SignaturesAreJudgedAsTheFileSays) {
    std::size_t tests = 0;
    const json::value file = read("ed25519_test.json");
    for (const json::value& group : file.at("testGroups").as_array()) {
        const json::object jwk = {
            {"kty", "OKP"},
            {"crv", "Ed25519"},
            {"x", base64url_encode(from_hex(view(group.at("publicKey").at("pk"))))}};
        const auto key = parse_jwk(jwk, {"Ed25519"});
        ASSERT_TRUE(key) << key.error().message();
        for (const json::value& test : group.at("tests").as_array()) {
            tests++;
            Jws jws;
            jws.algorithm = "Ed25519";
            jws.signing_input = from_hex(view(test.at("msg")));
            jws.signature = from_hex(view(test.at("sig")));
            EXPECT_EQ(verify_jws(jws, *key).has_value(), test.at("result") == "valid")
                << "tcId " << test.at("tcId");
        }
    }
    EXPECT_GE(tests, 150U);
}

} // namespace
} // namespace bailiff::token
