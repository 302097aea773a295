#include "token/proof.h"

#include <boost/json/serialize.hpp>

#include "tests/unit/token/fixture.h"
#include "token/verifier.h"

namespace bailiff::token {
namespace {

using ::testing::HasSubstr;
using tests::hash_of;
using tests::kUri;
using tests::make_key;
namespace json = boost::json;

class ProofTest : public tests::VerifierFixture {
protected:
    ProofTest() {
        claims["cnf"] = json::object{{"jkt", client.thumbprint()}};
        token = compact();
        proof_header = {{"typ", "dpop+jwt"}, {"jwk", client.public_jwk()}};
        proof_claims = {{"jti", "p-1"},
                        {"htm", "POST"},
                        {"htu", kUri},
                        {"iat", clock.unix_seconds()},
                        {"ath", hash_of(token)}};
    }

    std::string proof() { return client.sign(proof_header, json::serialize(proof_claims)).value(); }

    std::string outcome(const std::string& text) {
        const auto verified = verify(token, text);
        if (verified) return verified->proven ? "proven" : "accepted without proof";
        EXPECT_EQ(verified.error().code(), ErrorCode::kUnauthenticated);
        return verified.error().message();
    }
    std::string outcome() { return outcome(proof()); }

    SigningKey client = make_key();
    std::string token;
    json::object proof_header;
    json::object proof_claims;
};

TEST_F(ProofTest, GoodProofIsAccepted) {
    EXPECT_EQ(outcome(), "proven");
}

TEST_F(ProofTest, TokenThatNamesAKeyMustBeProven) {
    EXPECT_THAT(outcome(""), HasSubstr("must be proven"));
}

TEST_F(ProofTest, ProofForATokenWithoutKeyIsRefused) {
    claims.erase("cnf");
    token = compact();
    EXPECT_THAT(outcome(), HasSubstr("expected none"));
}

TEST_F(ProofTest, ProofIsAcceptedOnce) {
    const std::string once = proof();
    ASSERT_EQ(outcome(once), "proven");
    EXPECT_THAT(outcome(once), HasSubstr("used before"));
}

TEST_F(ProofTest, SameJtiInAnotherProofOfTheKeyIsRefused) {
    ASSERT_EQ(outcome(), "proven");
    EXPECT_THAT(outcome(), HasSubstr("used before"));
    proof_claims["jti"] = "p-2";
    EXPECT_EQ(outcome(), "proven");
}

TEST_F(ProofTest, RefusedProofDoesNotUseUpItsJti) {
    proof_claims["htm"] = "GET";
    ASSERT_THAT(outcome(), HasSubstr("\"htm\""));
    proof_claims["htm"] = "POST";
    EXPECT_EQ(outcome(), "proven");
}

TEST_F(ProofTest, ProofOfAnotherKeyIsRefused) {
    client = make_key();
    proof_header["jwk"] = client.public_jwk();
    EXPECT_THAT(outcome(), HasSubstr("the token's \"cnf\" expects"));
}

TEST_F(ProofTest, ProofSignedByAnotherKeyThanItCarriesIsRefused) {
    client = make_key();
    EXPECT_THAT(outcome(), HasSubstr("signature does not verify"));
}

TEST_F(ProofTest, ProofWithoutKeyIsRefused) {
    proof_header.erase("jwk");
    EXPECT_THAT(outcome(), HasSubstr("no \"jwk\""));
}

TEST_F(ProofTest, ProofWithPrivateKeyIsRefused) {
    proof_header["jwk"].as_object()["d"] = "AAAA";
    EXPECT_THAT(outcome(), HasSubstr("private member"));
}

TEST_F(ProofTest, AnotherTypeIsRefused) {
    for (const char* type : {"JWT", "at+jwt", "wpt+jwt"}) {
        proof_header["typ"] = type;
        EXPECT_THAT(outcome(), HasSubstr("expected dpop+jwt"));
    }
}

TEST_F(ProofTest, AnotherMethodIsRefused) {
    proof_claims["htm"] = "post";
    EXPECT_THAT(outcome(), HasSubstr("\"htm\" of the proof is \"post\"; expected \"POST\""));
}

TEST_F(ProofTest, AnotherUriIsRefused) {
    proof_claims["htu"] = std::string(kUri) + "/";
    EXPECT_THAT(outcome(), HasSubstr("\"htu\""));
}

TEST_F(ProofTest, ProofMadeForAnotherTokenIsRefused) {
    proof_claims["ath"] = hash_of(token + "x");
    EXPECT_THAT(outcome(), HasSubstr("made for another"));
}

TEST_F(ProofTest, EveryClaimIsRequired) {
    for (const char* name : {"jti", "htm", "htu", "iat", "ath"}) {
        const json::value before = proof_claims[name];
        proof_claims.erase(name);
        EXPECT_THAT(outcome(), HasSubstr(std::string("the proof has no \"") + name + "\""));
        proof_claims[name] = before;
    }
}

TEST_F(ProofTest, ProofIsAcceptedWithinAMinuteOnly) {
    const std::int64_t now = clock.unix_seconds();
    for (const std::int64_t offset : {-60, 60}) {
        proof_claims["iat"] = now + offset;
        proof_claims["jti"] = "p" + std::to_string(offset);
        EXPECT_EQ(outcome(), "proven") << offset;
    }
    for (const std::int64_t offset : {-61, 61}) {
        proof_claims["iat"] = now + offset;
        EXPECT_THAT(outcome(), HasSubstr("\"iat\" of the proof")) << offset;
    }
}

TEST_F(ProofTest, JtiIsRememberedAsLongAsTheProofCouldBeAccepted) {
    proof_claims["iat"] = clock.unix_seconds() + 60;
    const std::string once = proof();
    ASSERT_EQ(outcome(once), "proven");
    clock.advance(120);
    EXPECT_THAT(outcome(once), HasSubstr("used before"));
    clock.advance(1);
    EXPECT_THAT(outcome(once), HasSubstr("\"iat\" of the proof"));
}

TEST_F(ProofTest, TokenAsItsOwnProofIsRefused) {
    EXPECT_THAT(outcome(token), HasSubstr("no \"jwk\""));
}

} // namespace
} // namespace bailiff::token
