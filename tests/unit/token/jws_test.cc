#include "token/jws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/base64url.h"
#include "tests/unit/token/fixture.h"

namespace bailiff::token {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// RFC 7515 appendix A.3.
constexpr const char* kEs256Key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr const char* kEs256Jws =
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
// RFC 8037 appendix A.4.
constexpr const char* kEdDsaKey =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr const char* kEdDsaJws =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

Jwk key_of(const char* text, const std::string& algorithm) {
    return parse_jwk(boost::json::parse(text).as_object(), {algorithm}).value();
}

std::string outcome(std::string_view compact, const Jwk& key) {
    const auto jws = parse_jws(compact, EmbeddedKey::kRefused);
    if (!jws) return jws.error().message();
    const auto verified = verify_jws(*jws, key);
    return verified ? "verified" : verified.error().message();
}

std::string parse_refusal(std::string_view compact) {
    const auto jws = parse_jws(compact, EmbeddedKey::kRefused);
    return jws ? "parsed" : jws.error().message();
}

std::string with_header(std::string_view header) {
    return base64url_encode(header) + ".e30.AAAA";
}

// The A.3 token with another signature.
std::string with_signature(std::string_view signature) {
    const std::string_view token = kEs256Jws;
    return std::string(token.substr(0, token.rfind('.') + 1)) + base64url_encode(signature);
}

std::string good_signature() {
    const std::string_view token = kEs256Jws;
    return base64url_decode(token.substr(token.rfind('.') + 1)).value();
}

TEST(JwsTest, Es256ExampleOfRfc7515Verifies) {
    EXPECT_EQ(outcome(kEs256Jws, key_of(kEs256Key, "ES256")), "verified");
}

TEST(JwsTest, EdDsaExampleOfRfc8037Verifies) {
    EXPECT_EQ(outcome(kEdDsaJws, key_of(kEdDsaKey, "EdDSA")), "verified");
    EXPECT_EQ(parse_jws(kEdDsaJws, EmbeddedKey::kRefused)->payload, "Example of Ed25519 signing");
}

TEST(JwsTest, EdDsaHeaderUnderAnEd25519KeyIsRefused) {
    EXPECT_THAT(outcome(kEdDsaJws, key_of(kEdDsaKey, "Ed25519")),
                HasSubstr("its key verifies Ed25519 only"));
}

TEST(JwsTest, SignatureOfAnotherKeyIsRefused) {
    EXPECT_THAT(outcome(tests::make_key().sign({}, "{}").value(), key_of(kEs256Key, "ES256")),
                HasSubstr("does not verify"));
}

TEST(JwsTest, AlgOfAnotherKeyIsRefused) {
    EXPECT_THAT(outcome(kEs256Jws, key_of(kEdDsaKey, "EdDSA")),
                HasSubstr("its key verifies EdDSA only"));
}

TEST(JwsTest, DerSignatureIsRefused) {
    const std::string raw = good_signature();
    const std::string der = std::string("\x30\x45\x02\x20", 4) + raw.substr(0, 32) +
                            std::string("\x02\x21\x00", 3) + raw.substr(32);
    EXPECT_THAT(outcome(with_signature(der), key_of(kEs256Key, "ES256")),
                HasSubstr("does not verify"));
}

TEST(JwsTest, SignatureNumbersOutOfRangeAreRefused) {
    const Jwk key = key_of(kEs256Key, "ES256");
    const std::string raw = good_signature();
    const std::string zero(32, '\0');
    const std::string huge(32, '\xff');
    for (const std::string& bad : {zero + zero, zero + raw.substr(32), raw.substr(0, 32) + zero,
                                   huge + raw.substr(32), raw.substr(0, 32) + huge})
        EXPECT_THAT(outcome(with_signature(bad), key), HasSubstr("does not verify"));
}

TEST(JwsTest, LongerSignatureIsRefused) {
    EXPECT_THAT(outcome(with_signature(good_signature() + '\0'), key_of(kEs256Key, "ES256")),
                HasSubstr("does not verify"));
}

TEST(JwsTest, EmptyPayloadIsAccepted) {
    const auto key = tests::make_key();
    EXPECT_EQ(outcome(key.sign({}, "").value(), parse_jwk(key.public_jwk(), {"ES256"}).value()),
              "verified");
}

TEST(JwsTest, EmptyTextIsRefused) {
    EXPECT_THAT(parse_refusal(""), HasSubstr("empty"));
}

TEST(JwsTest, TextAboveTheLimitIsRefused) {
    EXPECT_THAT(parse_refusal(std::string(kMaxCompactBytes + 1, 'A')),
                HasSubstr("expected at most 16384"));
}

TEST(JwsTest, JsonSerializationIsRefused) {
    EXPECT_THAT(parse_refusal(R"({"payload":"e30","signature":"AAAA"})"),
                HasSubstr("a character other than"));
}

TEST(JwsTest, PaddingIsRefused) {
    EXPECT_THAT(parse_refusal(std::string(kEs256Jws) + "=="), HasSubstr("a character other than"));
}

TEST(JwsTest, EncryptedTokenIsRefused) {
    EXPECT_THAT(parse_refusal("e30.e30.e30.e30.e30"), HasSubstr("4 dots; expected 2"));
}

TEST(JwsTest, MissingSignatureIsRefused) {
    EXPECT_THAT(parse_refusal(base64url_encode(R"({"alg":"ES256"})") + ".e30."),
                HasSubstr("no signature"));
}

TEST(JwsTest, NoneInAnySpellingIsRefused) {
    for (const char* name : {"none", "NONE", "nOnE"})
        EXPECT_THAT(parse_refusal(with_header(std::string(R"({"alg":")") + name + "\"}")),
                    StartsWith("its \"alg\" is"));
}

TEST(JwsTest, SymmetricAlgorithmIsRefused) {
    EXPECT_THAT(parse_refusal(with_header(R"({"alg":"HS256"})")), StartsWith("its \"alg\" is"));
}

TEST(JwsTest, HeaderWithoutAlgIsRefused) {
    EXPECT_THAT(parse_refusal(with_header("{}")), HasSubstr("no \"alg\""));
}

TEST(JwsTest, NameThatComesTwiceInTheHeaderIsRefused) {
    EXPECT_THAT(parse_refusal(with_header(R"({"alg":"ES256","alg":"ES256"})")),
                HasSubstr("comes twice"));
}

TEST(JwsTest, HeaderThatIsNoObjectIsRefused) {
    EXPECT_THAT(parse_refusal(with_header("[]")), HasSubstr("not a JSON object"));
}

TEST(JwsTest, BytesAfterTheHeaderAreRefused) {
    EXPECT_THAT(parse_refusal(with_header(R"({"alg":"ES256"}x)")), HasSubstr("not strict JSON"));
}

TEST(JwsTest, InvalidUtf8InTheHeaderIsRefused) {
    EXPECT_THAT(parse_refusal(with_header("{\"alg\":\"ES256\",\"x\":\"\xff\"}")),
                HasSubstr("not strict JSON"));
}

TEST(JwsTest, HeaderMembersThatBringKeysOrRulesAreRefused) {
    for (const char* name : {"crit", "b64", "jku", "x5u", "x5c"})
        EXPECT_THAT(
            parse_refusal(with_header(std::string(R"({"alg":"ES256",")") + name + R"(":[]})")),
            HasSubstr("never accepted"));
}

TEST(JwsTest, EmbeddedKeyIsRefusedInASessionToken) {
    EXPECT_THAT(parse_refusal(with_header(R"({"alg":"ES256","jwk":{}})")),
                HasSubstr("local store only"));
}

TEST(JwsTest, EmbeddedKeyIsExpectedInAProof) {
    EXPECT_FALSE(parse_jws(with_header(R"({"alg":"ES256"})"), EmbeddedKey::kRequired));
    EXPECT_TRUE(parse_jws(with_header(R"({"alg":"ES256","jwk":{}})"), EmbeddedKey::kRequired));
}

TEST(JwsTest, MediaTypesIgnoreCaseAndTheApplicationPrefix) {
    EXPECT_TRUE(same_media_type("AT+JWT", "application/at+jwt"));
    EXPECT_FALSE(same_media_type("JWT", "at+jwt"));
    EXPECT_FALSE(same_media_type("", "at+jwt"));
    EXPECT_FALSE(same_media_type("text/at+jwt", "at+jwt"));
}

} // namespace
} // namespace bailiff::token
