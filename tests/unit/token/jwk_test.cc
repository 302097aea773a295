#include "token/jwk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "token/signing_key.h"

namespace bailiff::token {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

// RFC 7638 section 3.1.
constexpr const char* kRsaKey =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aP)"
    R"(FFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ)"
    R"(5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdk)"
    R"(t-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",)"
    R"("e":"AQAB","alg":"RS256","kid":"2011-04-29"})";
// RFC 8037 appendix A.2.
constexpr const char* kEd25519Key =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
// RFC 7515 appendix A.3.1.
constexpr const char* kEcKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

json::object object(const char* text) {
    return json::parse(text).as_object();
}

std::string refusal(const json::object& jwk,
                    const std::vector<std::string>& allowed = known_algorithms()) {
    const auto key = parse_jwk(jwk, allowed);
    return key ? "accepted as " + key->algorithm : key.error().message();
}

TEST(JwkTest, RsaThumbprintIsTheOneOfRfc7638) {
    const auto key = parse_jwk(object(kRsaKey), {"RS256"});
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_EQ(key->thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    EXPECT_EQ(key->kid, "2011-04-29");
    EXPECT_EQ(key->algorithm, "RS256");
}

TEST(JwkTest, Ed25519ThumbprintIsTheOneOfRfc8037) {
    const auto key = parse_jwk(object(kEd25519Key), {"EdDSA"});
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_EQ(key->thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(JwkTest, EcKeyWithoutAlgGetsTheOnlyAlgorithmThatFits) {
    EXPECT_EQ(refusal(object(kEcKey)), "accepted as ES256");
}

TEST(JwkTest, RsaKeyWithoutAlgGetsTheOnlyAllowedOne) {
    json::object jwk = object(kRsaKey);
    jwk.erase("alg");
    EXPECT_EQ(refusal(jwk, {"ES256", "PS256"}), "accepted as PS256");
}

TEST(JwkTest, RsaKeyWithoutAlgIsRefusedIfTwoAreAllowed) {
    json::object jwk = object(kRsaKey);
    jwk.erase("alg");
    EXPECT_THAT(refusal(jwk), HasSubstr("both RS256 and PS256 are allowed"));
}

TEST(JwkTest, KeyWhoseAlgIsNotAllowedIsRefused) {
    EXPECT_THAT(refusal(object(kRsaKey), {"ES256", "PS256"}), HasSubstr("RS256 is not allowed"));
}

TEST(JwkTest, KeyWithoutAllowedAlgorithmOfItsTypeIsRefused) {
    EXPECT_THAT(refusal(object(kEcKey), {"RS256"}), HasSubstr("no allowed algorithm fits"));
}

TEST(JwkTest, AlgOfAnotherTypeOfKeyIsRefused) {
    json::object jwk = object(kEcKey);
    jwk["alg"] = "RS256";
    EXPECT_THAT(refusal(jwk), HasSubstr("does not fit a key of type EC"));
}

TEST(JwkTest, AlgIsComparedExactly) {
    json::object jwk = object(kEcKey);
    jwk["alg"] = "es256";
    EXPECT_THAT(refusal(jwk), HasSubstr("does not fit"));
}

TEST(JwkTest, SymmetricKeyIsRefused) {
    EXPECT_THAT(refusal(object(R"({"kty":"oct","k":"AAAA","alg":"HS256"})")),
                HasSubstr("symmetric"));
}

TEST(JwkTest, PrivateKeyIsRefused) {
    json::object jwk = object(kEcKey);
    jwk["d"] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
    EXPECT_THAT(refusal(jwk), HasSubstr("private member \"d\""));
}

TEST(JwkTest, KeyForEncryptionIsRefused) {
    json::object jwk = object(kEcKey);
    jwk["use"] = "enc";
    EXPECT_THAT(refusal(jwk), HasSubstr("\"use\" is not \"sig\""));
}

TEST(JwkTest, KeyOpsWithoutVerifyAreRefused) {
    json::object jwk = object(kEcKey);
    jwk["key_ops"] = json::array{"sign"};
    EXPECT_THAT(refusal(jwk), HasSubstr("key_ops"));
}

TEST(JwkTest, KeyOpsWithVerifyAreAccepted) {
    json::object jwk = object(kEcKey);
    jwk["key_ops"] = json::array{"verify"};
    EXPECT_EQ(refusal(jwk), "accepted as ES256");
}

TEST(JwkTest, PointOffTheCurveIsRefused) {
    json::object jwk = object(kEcKey);
    jwk["y"] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1";
    EXPECT_THAT(refusal(jwk), HasSubstr("not base64url")); // bits left over
    jwk["y"] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5bA";
    EXPECT_THAT(refusal(jwk), HasSubstr("not on P-256"));
}

TEST(JwkTest, CoordinateOfAnotherLengthIsRefused) {
    json::object jwk = object(kEcKey);
    jwk["x"] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA";
    EXPECT_THAT(refusal(jwk), HasSubstr("31 bytes, expected 32"));
}

TEST(JwkTest, AnotherCurveIsRefused) {
    json::object jwk = object(kEcKey);
    jwk["crv"] = "P-384";
    EXPECT_THAT(refusal(jwk), HasSubstr("expected P-256"));
}

TEST(JwkTest, X25519KeyIsRefused) {
    json::object jwk = object(kEd25519Key);
    jwk["crv"] = "X25519";
    EXPECT_THAT(refusal(jwk, {"EdDSA"}), HasSubstr("expected Ed25519"));
}

TEST(JwkTest, ShortRsaModulusIsRefused) {
    json::object jwk = object(kRsaKey);
    jwk["n"] = std::string(170, 'z') + "w"; // 1024 bits
    EXPECT_THAT(refusal(jwk), HasSubstr("expected 2048 to 8192"));
}

TEST(JwkTest, SmallRsaExponentIsRefused) {
    json::object jwk = object(kRsaKey);
    jwk["e"] = "Aw";
    EXPECT_THAT(refusal(jwk), HasSubstr("public exponent"));
}

TEST(JwkTest, RsaNumberWithLeadingZeroIsRefused) {
    json::object jwk = object(kRsaKey);
    jwk["e"] = "AAEAAQ";
    EXPECT_THAT(refusal(jwk), HasSubstr("begins with a zero byte"));
}

TEST(JwkTest, UnknownTypeIsRefused) {
    EXPECT_THAT(refusal(object(R"({"kty":"AKP"})")), HasSubstr("none of EC, OKP, RSA"));
}

TEST(JwkTest, KeyWithoutTypeIsRefused) {
    EXPECT_THAT(refusal(object("{}")), HasSubstr("no \"kty\""));
}

TEST(SigningKeyTest, KeySurvivesItsPemForm) {
    const auto key = SigningKey::generate();
    ASSERT_TRUE(key);
    const auto again = SigningKey::from_pem(key->pem().value());
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->thumbprint(), key->thumbprint());
}

TEST(SigningKeyTest, TextThatIsNoPemIsRefused) {
    EXPECT_FALSE(SigningKey::from_pem("hello"));
}

} // namespace
} // namespace bailiff::token
