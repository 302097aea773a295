// The token as a whole: issuer, key, signature, audience, time, configuration.
#include "token/verifier.h"

#include <boost/json/serialize.hpp>

#include "base/base64url.h"
#include "base/sha256.h"
#include "tests/unit/token/fixture.h"

namespace bailiff::token {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using tests::jwk_of;
using tests::jwks_of;
using tests::kAudience;
using tests::kIssuer;
using tests::make_key;
using tests::put;
namespace json = boost::json;

class VerifierTest : public tests::VerifierFixture {
protected:
    std::string creation_error() {
        const auto made = Verifier::create({config}, clock);
        return made ? "created" : made.error().message();
    }
};

TEST_F(VerifierTest, GoodTokenIsRead) {
    claims["scope"] = "agent.session fix";
    claims["groups"] = json::array{"developers", "staff"};
    const std::string text = compact();
    const auto token = verify(text);
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_EQ(token->issuer, kIssuer);
    EXPECT_EQ(token->subject, "user:alice");
    EXPECT_EQ(token->client_id, "example-client");
    EXPECT_EQ(token->id, "s-1");
    EXPECT_THAT(token->actors,
                ElementsAre(Actor{"spiffe://corp.example", "agent:code-fixer", "ai_agent"}));
    EXPECT_EQ(token->actor_source, "act");
    EXPECT_THAT(token->scopes, ElementsAre("agent.session", "fix"));
    EXPECT_THAT(token->groups, ElementsAre("developers", "staff"));
    EXPECT_EQ(token->issued_at, clock.unix_seconds());
    EXPECT_EQ(token->expires_at, clock.unix_seconds() + 600);
    EXPECT_FALSE(token->proven);
    EXPECT_EQ(token->digest, hex(sha256(text)));
}

TEST_F(VerifierTest, UnknownIssuerIsRefused) {
    claims["iss"] = "https://idp.corp.example/";
    EXPECT_THAT(refusal(), HasSubstr("the policy names no such issuer"));
}

TEST_F(VerifierTest, TokenWithoutIssuerIsRefused) {
    claims.erase("iss");
    EXPECT_THAT(refusal(), HasSubstr("no \"iss\""));
}

TEST_F(VerifierTest, KeyOfAnotherIssuerIsRefused) {
    const SigningKey other = make_key();
    put(folder.file("other.json"), jwks_of({jwk_of(other, "other")}));
    IssuerConfig second = config;
    second.issuer = "https://other.example";
    second.jwks_file = folder.file("other.json");
    const auto both = Verifier::create({config, second}, clock).value();
    header["kid"] = "other";
    const auto token = both->verify(other.sign(header, json::serialize(claims)).value(), "", {});
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message(), HasSubstr("not a usable key of issuer"));
}

TEST_F(VerifierTest, ForeignSignatureIsRefused) {
    const auto token = verify(make_key().sign(header, json::serialize(claims)).value());
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message(), HasSubstr("signature does not verify"));
}

TEST_F(VerifierTest, TokenWithoutKidIsRefused) {
    header.erase("kid");
    EXPECT_THAT(refusal(), HasSubstr("no \"kid\""));
}

TEST_F(VerifierTest, UnknownKidIsRefused) {
    header["kid"] = "' OR 1=1";
    EXPECT_THAT(refusal(), HasSubstr("not a usable key"));
}

TEST_F(VerifierTest, AlgorithmThatTheIssuerMayNotUseIsRefused) {
    const auto token =
        verify(base64url_encode(R"({"alg":"RS256","typ":"at+jwt","kid":"2026-11"})") + "." +
               base64url_encode(json::serialize(claims)) + ".AAAA");
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message(), HasSubstr("RS256, which issuer"));
}

TEST_F(VerifierTest, TypeMayHaveItsPrefixAndAnyCase) {
    header["typ"] = "application/AT+JWT";
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(VerifierTest, OtherKindsOfTokensAreRefused) {
    for (const char* type : {"JWT", "oauth-id-jag+jwt", "dpop+jwt", "secevent+jwt", "at+jwt "}) {
        header["typ"] = type;
        EXPECT_THAT(refusal(), HasSubstr("expected at+jwt")) << type;
    }
}

TEST_F(VerifierTest, TokenWithoutTypeIsRefused) {
    header.erase("typ");
    EXPECT_THAT(refusal(), HasSubstr("expected at+jwt"));
}

TEST_F(VerifierTest, EmptyPayloadIsRefused) {
    const auto token = verify(key.sign(header, "").value());
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code(), ErrorCode::kUnauthenticated);
    EXPECT_THAT(token.error().message(), HasSubstr("payload is not strict JSON"));
}

TEST_F(VerifierTest, ClaimThatComesTwiceIsRefused) {
    std::string payload = json::serialize(claims);
    payload.insert(1, R"("sub":"user:mallory",)");
    const auto token = verify(key.sign(header, payload).value());
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message(), HasSubstr("comes twice"));
}

TEST_F(VerifierTest, AudienceListThatNamesThisHostIsAccepted) {
    claims["aud"] = json::array{"https://elsewhere", kAudience};
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(VerifierTest, AudienceOfAnotherHostIsRefused) {
    for (const json::value& audience :
         {json::value("bailiff://host-7f3b"), json::value(json::array{"bailiff://host-7f3a/"}),
          json::value(json::array{})}) {
        claims["aud"] = audience;
        EXPECT_THAT(refusal(), HasSubstr("expected \"bailiff://host-7f3a\""));
    }
}

TEST_F(VerifierTest, AudienceThatIsNoTextIsRefused) {
    claims["aud"] = json::array{kAudience, 7};
    EXPECT_THAT(refusal(), HasSubstr("\"aud\" of the token"));
    claims["aud"] = json::object{{kAudience, true}};
    EXPECT_THAT(refusal(), HasSubstr("\"aud\" of the token"));
    claims.erase("aud");
    EXPECT_THAT(refusal(), HasSubstr("no \"aud\""));
}

TEST_F(VerifierTest, ExpiredTokenIsRefusedAfterTheToleratedDifference) {
    const std::string token = compact();
    clock.advance(629);
    EXPECT_TRUE(verify(token));
    clock.advance(1);
    const auto late = verify(token);
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().message(), HasSubstr("expired 30 s ago"));
}

TEST_F(VerifierTest, TimesAreRequired) {
    for (const char* name : {"exp", "iat"}) {
        const json::value before = claims[name];
        claims.erase(name);
        EXPECT_THAT(refusal(), HasSubstr(std::string("no \"") + name + "\""));
        claims[name] = before;
    }
}

TEST_F(VerifierTest, TimesThatAreNoWholeNumbersAreRefused) {
    for (const json::value& bad :
         {json::value("1795430400"), json::value(1795430400.5), json::value(-1), json::value(1e300),
          json::value(9007199254740992), json::value(18446744073709551615U), json::value(true),
          json::value(nullptr)}) {
        claims["exp"] = bad;
        EXPECT_THAT(refusal(), HasSubstr("\"exp\" of the token")) << bad;
    }
}

TEST_F(VerifierTest, WholeNumberWithAFractionOfZeroIsAccepted) {
    claims["exp"] = static_cast<double>(clock.unix_seconds() + 600);
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(VerifierTest, TokenFromTheFutureIsRefused) {
    claims["iat"] = clock.unix_seconds() + 30;
    EXPECT_EQ(refusal(), "accepted");
    claims["iat"] = clock.unix_seconds() + 31;
    EXPECT_THAT(refusal(), HasSubstr("31 s in the future"));
}

TEST_F(VerifierTest, TokenBeforeItsTimeIsRefused) {
    claims["nbf"] = clock.unix_seconds() + 31;
    EXPECT_THAT(refusal(), HasSubstr("\"nbf\""));
    claims["nbf"] = "soon";
    EXPECT_THAT(refusal(), HasSubstr("\"nbf\" of the token"));
}

TEST_F(VerifierTest, TokenThatEndsBeforeItBeginsIsRefused) {
    claims["exp"] = clock.unix_seconds();
    EXPECT_THAT(refusal(), HasSubstr("\"exp\" is not after \"iat\""));
}

TEST_F(VerifierTest, TokenThatLivesTooLongIsRefused) {
    claims["exp"] = clock.unix_seconds() + 900;
    EXPECT_EQ(refusal(), "accepted");
    claims["exp"] = clock.unix_seconds() + 901;
    EXPECT_THAT(refusal(), HasSubstr("lives 901 s; expected at most 900 s"));
}

TEST_F(VerifierTest, RefusalDoesNotContainTheToken) {
    claims["sub"] = "";
    const std::string text = compact();
    const std::string payload = text.substr(text.find('.') + 1, 40);
    const auto token = verify(text);
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message(), Not(HasSubstr(payload)));
}

TEST_F(VerifierTest, ForeignTextInARefusalIsShortAndPrintable) {
    claims["iss"] = "https://evil\x1b[2J" + std::string(400, 'x');
    EXPECT_THAT(refusal(), HasSubstr("\"iss\" of the token"));
    claims["iss"] = "https://\xc3\xa9vil\"" + std::string(400, 'x');
    EXPECT_THAT(refusal(), StartsWith("\"iss\" is \"https://??vil?xxx"));
    EXPECT_LT(refusal().size(), 160U);
}

TEST_F(VerifierTest, RotatedKeyIsUsedWithoutRestart) {
    ASSERT_EQ(refusal(), "accepted");
    key = make_key();
    put(folder.file("jwks.json"), jwks_of({jwk_of(key, "2026-12")}));
    header["kid"] = "2026-12";
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(VerifierTest, BrokenKeySetIsNoticedOnceAndOldKeysStay) {
    ASSERT_EQ(refusal(), "accepted");
    put(folder.file("jwks.json"), "{");
    EXPECT_EQ(refusal(), "accepted");
    EXPECT_THAT(verifier->take_notices(), ElementsAre(HasSubstr("stay in use")));
    EXPECT_THAT(verifier->take_notices(), IsEmpty());
}

TEST_F(VerifierTest, IssuerThatComesTwiceIsAnError) {
    const auto made = Verifier::create({config, config}, clock);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message(), HasSubstr(std::string(kIssuer) + " comes twice"));
}

TEST_F(VerifierTest, UnknownAlgorithmIsAnError) {
    config.algorithms = {"HS256"};
    EXPECT_THAT(creation_error(), HasSubstr("unknown algorithm \"HS256\""));
}

TEST_F(VerifierTest, BrokenKeySetAtStartIsAnError) {
    put(config.jwks_file, "{");
    EXPECT_THAT(creation_error(), StartsWith("issuer " + std::string(kIssuer) + ": key set"));
}

TEST_F(VerifierTest, SettingsOutOfRangeAreErrors) {
    const IssuerConfig good = config;
    config.skew = 61;
    EXPECT_THAT(creation_error(), HasSubstr("skew"));
    config = good;
    config.max_chain = 0;
    EXPECT_THAT(creation_error(), HasSubstr("max_chain"));
    config = good;
    config.max_lifetime = 0;
    EXPECT_THAT(creation_error(), HasSubstr("max_lifetime"));
    config = good;
    config.audiences = {};
    EXPECT_THAT(creation_error(), HasSubstr("no audience"));
    config = good;
    config.algorithms = {};
    EXPECT_THAT(creation_error(), HasSubstr("no algorithm"));
    config = good;
    config.issuer = "";
    EXPECT_THAT(creation_error(), HasSubstr("no name"));
}

} // namespace
} // namespace bailiff::token
