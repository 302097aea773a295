// What the token says of the user, the actors, the task and the key: daemon/token/delegation.cc
// and the claims that verifier.cc reads.
#include "tests/unit/token/fixture.h"
#include "token/verifier.h"

namespace bailiff::token {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::kIssuer;
namespace json = boost::json;

class VerifierClaimsTest : public tests::VerifierFixture {
protected:
    static json::object actor(const std::string& subject) {
        return {{"iss", "https://agents.example"}, {"sub", subject}};
    }
    // agent:1 outermost, agent:`length` innermost.
    static json::object chain(int length) {
        json::object act = actor("agent:" + std::to_string(length));
        for (int i = length - 1; i > 0; i--) {
            json::object outer = actor("agent:" + std::to_string(i));
            outer["act"] = act;
            act = outer;
        }
        return act;
    }
    static json::object detail() {
        return {{"type", kSessionDetails}, {"identifier", "JIRA-42"}, {"actions", {"fix"}}};
    }
};

TEST_F(VerifierClaimsTest, NamesAreRequired) {
    for (const char* name : {"sub", "client_id", "jti"}) {
        const json::value before = claims[name];
        claims.erase(name);
        EXPECT_THAT(refusal(), HasSubstr(std::string("no \"") + name + "\""));
        claims[name] = before;
    }
}

TEST_F(VerifierClaimsTest, NamesThatAreNoProperTextAreRefused) {
    for (const char* name : {"sub", "client_id", "jti"}) {
        const json::value before = claims[name];
        for (const json::value& bad : {json::value(""), json::value(7), json::value(nullptr),
                                       json::value(std::string(513, 'x')), json::value("a\nb")}) {
            claims[name] = bad;
            EXPECT_THAT(refusal(), HasSubstr(std::string("\"") + name + "\" of the token"));
        }
        claims[name] = before;
    }
}

TEST_F(VerifierClaimsTest, TokenWithoutActorHidesTheUser) {
    claims.erase("act");
    EXPECT_THAT(refusal(), HasSubstr("it hides the user"));
}

TEST_F(VerifierClaimsTest, ChainIsKeptWhole) {
    claims["act"] = chain(4);
    const auto token = verify();
    ASSERT_TRUE(token) << token.error().message();
    ASSERT_THAT(token->actors, SizeIs(4));
    EXPECT_EQ(token->actors.front().subject, "agent:1");
    EXPECT_EQ(token->actors.back().subject, "agent:4");
}

TEST_F(VerifierClaimsTest, LongerChainIsRefused) {
    claims["act"] = chain(5);
    EXPECT_THAT(refusal(), HasSubstr("longer than 4"));
}

TEST_F(VerifierClaimsTest, ActorNeedsIssuerAndSubject) {
    for (const char* name : {"iss", "sub"}) {
        claims["act"] = actor("agent:1");
        claims["act"].as_object().erase(name);
        EXPECT_THAT(refusal(), HasSubstr(std::string("no \"") + name + "\""));
    }
}

TEST_F(VerifierClaimsTest, InnerActorNeedsIssuerAndSubject) {
    claims["act"] = chain(2);
    claims["act"].at("act").as_object()["sub"] = 7;
    EXPECT_THAT(refusal(), HasSubstr("actor 2"));
}

TEST_F(VerifierClaimsTest, ActorThatIsNoObjectIsRefused) {
    for (const json::value& bad : {json::value("agent:1"), json::value(nullptr),
                                   json::value(json::array{}), json::value(true)}) {
        claims["act"] = bad;
        EXPECT_THAT(refusal(), HasSubstr("actor 1 (\"act\") is not an object"));
    }
}

TEST_F(VerifierClaimsTest, UserAsAnyActorIsRefused) {
    claims["act"] = chain(2);
    claims["act"].at("act") = json::object{{"iss", kIssuer}, {"sub", "user:alice"}};
    EXPECT_THAT(refusal(), HasSubstr("the user of the token"));
}

TEST_F(VerifierClaimsTest, SameNameOfAnotherIssuerIsAnotherActor) {
    claims["act"] = json::object{{"iss", "https://other.example"}, {"sub", "user:alice"}};
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(VerifierClaimsTest, UnknownMembersOfAnActorAreIgnored) {
    claims["act"].as_object()["exp"] = 1;
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(VerifierClaimsTest, MappedClaimNamesTheActor) {
    config.actor_claim = "azp";
    claims.erase("act");
    claims.erase("client_id");
    claims["azp"] = "code-fixer";
    const auto token = verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_THAT(token->actors, ElementsAre(Actor{"", "code-fixer", ""}));
    EXPECT_EQ(token->actor_source, "azp");
    EXPECT_EQ(token->client_id, "");
}

TEST_F(VerifierClaimsTest, MappedClientIdIsStillRequired) {
    config.actor_claim = "client_id";
    claims.erase("act");
    EXPECT_EQ(refusal(), "accepted");
    claims.erase("client_id");
    EXPECT_THAT(refusal(), HasSubstr("no \"client_id\""));
}

TEST_F(VerifierClaimsTest, MissingMappedClaimHidesTheUser) {
    config.actor_claim = "azp";
    claims.erase("act");
    EXPECT_THAT(refusal(), HasSubstr("it hides the user"));
}

TEST_F(VerifierClaimsTest, MappedActorThatIsTheUserIsRefused) {
    config.actor_claim = "azp";
    claims.erase("act");
    claims["azp"] = "user:alice";
    EXPECT_THAT(refusal(), HasSubstr("it hides the user"));
}

// RFC 9068 section 2.2: with no user the client is the subject.
TEST_F(VerifierClaimsTest, ATokenOfTheClientItselfIsRefused) {
    claims["sub"] = "example-client";
    EXPECT_THAT(refusal(), HasSubstr("the same as \"sub\""));
    verifier.reset();
    config.actor_claim = "azp";
    claims["azp"] = "agent:code-fixer";
    claims.erase("act");
    EXPECT_THAT(refusal(), HasSubstr("the client acts as itself"));
}

TEST_F(VerifierClaimsTest, TheUserIsNoActorClaim) {
    config.actor_claim = "sub";
    const auto made = Verifier::create({config}, clock);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message(), HasSubstr("actor_claim is sub"));
}

TEST_F(VerifierClaimsTest, ATokenWithAStatusIsRefused) {
    claims["status"] =
        json::object{{"status_list", json::object{{"idx", 7}, {"uri", "https://idp.example/s"}}}};
    EXPECT_THAT(refusal(), HasSubstr("\"status\""));
}

TEST_F(VerifierClaimsTest, ActIsPreferredToTheMappedClaim) {
    config.actor_claim = "azp";
    claims["azp"] = "someone";
    const auto token = verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_EQ(token->actors.front().subject, "agent:code-fixer");
    EXPECT_EQ(token->actor_source, "act");
}

TEST_F(VerifierClaimsTest, BrokenActDoesNotFallBackToTheMappedClaim) {
    config.actor_claim = "azp";
    claims["azp"] = "someone";
    claims["act"] = "agent:1";
    EXPECT_THAT(refusal(), HasSubstr("not an object"));
}

TEST_F(VerifierClaimsTest, EmptyScopeIsNone) {
    claims["scope"] = "";
    const auto token = verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_THAT(token->scopes, IsEmpty());
}

TEST_F(VerifierClaimsTest, MalformedScopeIsRefused) {
    for (const json::value& bad : {json::value("a  b"), json::value(" a"), json::value("a "),
                                   json::value(json::array{"a"})}) {
        claims["scope"] = bad;
        EXPECT_THAT(refusal(), HasSubstr("\"scope\"")) << bad;
    }
}

TEST_F(VerifierClaimsTest, GroupsMustBeTexts) {
    claims["groups"] = json::array{"a", 7};
    EXPECT_THAT(refusal(), HasSubstr("\"groups\""));
    claims["groups"] = "a";
    EXPECT_THAT(refusal(), HasSubstr("\"groups\""));
}

TEST_F(VerifierClaimsTest, TaskClaimNamesTheTask) {
    claims["task"] = "JIRA-42";
    EXPECT_EQ(verify()->task, "JIRA-42");
}

TEST_F(VerifierClaimsTest, TaskClaimMayHaveAnotherName) {
    config.task_claim = "purpose";
    claims["purpose"] = "JIRA-42";
    claims["task"] = "other";
    EXPECT_EQ(verify()->task, "JIRA-42");
}

TEST_F(VerifierClaimsTest, TaskThatIsNoTextIsRefused) {
    claims["task"] = 42;
    EXPECT_THAT(refusal(), HasSubstr("\"task\""));
}

TEST_F(VerifierClaimsTest, DetailNamesTaskAndActions) {
    claims["authorization_details"] = json::array{detail()};
    const auto token = verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_EQ(token->task, "JIRA-42");
    EXPECT_THAT(token->details, ElementsAre(AuthorizationDetail{"JIRA-42", {"fix"}}));
}

TEST_F(VerifierClaimsTest, TwoDifferentTasksAreRefused) {
    claims["authorization_details"] = json::array{detail()};
    claims["task"] = "JIRA-42";
    EXPECT_EQ(refusal(), "accepted");
    claims["task"] = "JIRA-43";
    EXPECT_THAT(refusal(), HasSubstr("names two tasks"));
}

TEST_F(VerifierClaimsTest, DetailOfUnknownTypeIsRefused) {
    json::object other = detail();
    other["type"] = "payment_initiation";
    claims["authorization_details"] = json::array{detail(), other};
    EXPECT_THAT(refusal(), HasSubstr("has type \"payment_initiation\""));
}

TEST_F(VerifierClaimsTest, DetailWithUnknownMemberIsRefused) {
    json::object other = detail();
    other["max_calls"] = 3;
    claims["authorization_details"] = json::array{other};
    EXPECT_THAT(refusal(), HasSubstr("has the member \"max_calls\""));
}

TEST_F(VerifierClaimsTest, MalformedDetailsAreRefused) {
    json::object number = detail();
    number["identifier"] = 1;
    json::object actions = detail();
    actions["actions"] = "fix";
    json::object untyped = detail();
    untyped.erase("type");
    for (const json::value& bad :
         {json::value(detail()), json::value(json::array{1}), json::value(json::array{number}),
          json::value(json::array{actions}), json::value(json::array{untyped})}) {
        claims["authorization_details"] = bad;
        EXPECT_THAT(refusal(), HasSubstr("authorization_details")) << bad;
    }
}

TEST_F(VerifierClaimsTest, ConfirmationOfAnotherKindIsRefused) {
    claims["cnf"] = json::object{{"x5t#S256", key.thumbprint()}};
    EXPECT_THAT(refusal(), HasSubstr("has the member \"x5t#S256\""));
    claims["cnf"] = json::object{{"jkt", key.thumbprint()}, {"jwk", json::object{}}};
    EXPECT_THAT(refusal(), HasSubstr("has the member \"jwk\""));
}

TEST_F(VerifierClaimsTest, MalformedConfirmationIsRefused) {
    for (const json::value& bad :
         {json::value("x"), json::value(nullptr), json::value(json::object{}),
          json::value(json::object{{"jkt", "AAAA"}}), json::value(json::object{{"jkt", 1}})}) {
        claims["cnf"] = bad;
        EXPECT_THAT(refusal(), HasSubstr("\"cnf\"")) << bad;
    }
}

TEST_F(VerifierClaimsTest, TokenWithoutKeyIsRefusedWhereProofIsRequired) {
    config.require_proof = true;
    EXPECT_THAT(refusal(), HasSubstr("must be proven"));
}

} // namespace
} // namespace bailiff::token
