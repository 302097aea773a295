#include "token/dev_issuer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>

#include "base/file.h"
#include "tests/unit/token/fixture.h"
#include "token/jws.h"
#include "token/verifier.h"

namespace bailiff::token {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

unsigned mode_of(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

class DevIssuerTest : public ::testing::Test {
protected:
    DevIssuerTest() {
        request.subject = "user:alice";
        request.actor = "agent:code-fixer";
        request.via = {"svc:orchestrator", "svc:front"};
        request.scope = "fix read";
        request.task = "JIRA-42";
        request.groups = {"developers"};
    }

    Result<Token> sign_and_verify() {
        const auto made = init_dev_issuer(issuer);
        if (!made) return tl::unexpected(made.error());
        const auto compact = sign_dev_token(issuer, request, clock);
        if (!compact) return tl::unexpected(compact.error());
        IssuerConfig config;
        config.issuer = kDevIssuer;
        config.jwks_file = issuer + "/jwks.json";
        config.algorithms = {"ES256"};
        config.audiences = {request.audience};
        return Verifier::create({config}, clock).value()->verify(*compact, "", {});
    }

    tests::ManualClock clock;
    tests::TemporaryFolder folder;
    std::string issuer = folder.file("issuer");
    DevTokenRequest request;
};

TEST_F(DevIssuerTest, ItsTokenVerifiesUnderItsKeySet) {
    const auto token = sign_and_verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_EQ(token->subject, "user:alice");
    EXPECT_EQ(token->client_id, "agent:code-fixer");
    EXPECT_EQ(token->task, "JIRA-42");
    EXPECT_THAT(token->scopes, ElementsAre("fix", "read"));
    EXPECT_THAT(token->groups, ElementsAre("developers"));
    EXPECT_EQ(token->expires_at, clock.unix_seconds() + 600);
}

TEST_F(DevIssuerTest, ChainRunsFromTheActorInwards) {
    const auto token = sign_and_verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_THAT(token->actors, ElementsAre(Actor{kDevIssuer, "agent:code-fixer", ""},
                                           Actor{kDevIssuer, "svc:orchestrator", ""},
                                           Actor{kDevIssuer, "svc:front", ""}));
}

TEST_F(DevIssuerTest, TokensHaveDifferentIds) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    const auto id = [&] {
        const auto jws =
            parse_jws(sign_dev_token(issuer, request, clock).value(), EmbeddedKey::kRefused);
        return std::string(boost::json::parse(jws->payload).at("jti").as_string());
    };
    EXPECT_NE(id(), id());
}

TEST_F(DevIssuerTest, TokenIsMarkedAsDevelopment) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    const auto jws =
        parse_jws(sign_dev_token(issuer, request, clock).value(), EmbeddedKey::kRefused);
    EXPECT_EQ(boost::json::parse(jws->payload).at("bailiff_dev"), true);
}

TEST_F(DevIssuerTest, GivenIdIsKept) {
    request.id = "mine";
    const auto token = sign_and_verify();
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_EQ(token->id, "mine");
}

TEST_F(DevIssuerTest, TokenThatNamesAKeyMustBeProven) {
    request.key_thumbprint = tests::make_key().thumbprint();
    const auto token = sign_and_verify();
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message(), HasSubstr("must be proven"));
}

TEST_F(DevIssuerTest, FilesAreForTheOwnerOnly) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    EXPECT_EQ(mode_of(issuer), 0700U);
    EXPECT_EQ(mode_of(issuer + "/key.pem"), 0600U);
    EXPECT_NE(mode_of(issuer + "/README"), 0U);
}

TEST_F(DevIssuerTest, FolderWithAKeyIsLeftAsItIs) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    const std::string before = read_file(issuer + "/key.pem", 4096).value();
    const auto again = init_dev_issuer(issuer);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(read_file(issuer + "/key.pem", 4096).value(), before);
}

TEST_F(DevIssuerTest, AnExistingFolderKeepsItsMode) {
    ASSERT_EQ(mkdir(issuer.c_str(), 0755), 0);
    ASSERT_EQ(chmod(issuer.c_str(), 0755), 0);
    ASSERT_TRUE(init_dev_issuer(issuer));
    EXPECT_EQ(mode_of(issuer), 0755U);
    EXPECT_EQ(mode_of(issuer + "/key.pem"), 0600U) << "the key is for its owner all the same";
    ASSERT_FALSE(init_dev_issuer(issuer));
    EXPECT_EQ(mode_of(issuer), 0755U) << "also where it is refused";
}

TEST_F(DevIssuerTest, TheReadmeNamesTheCommandAndWhereTheKeySetGoes) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    const std::string readme = read_file(issuer + "/README", 4096).value();
    EXPECT_THAT(readme, HasSubstr("`bailiffctl dev issuer init`"));
    EXPECT_THAT(readme, HasSubstr("install -m 644 jwks.json /etc/bailiff/"));
}

TEST_F(DevIssuerTest, PublicKeySetHoldsNoPrivateKey) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    EXPECT_THAT(read_file(issuer + "/jwks.json", 4096).value(), ::testing::Not(HasSubstr("\"d\"")));
}

TEST_F(DevIssuerTest, FolderWithoutAKeyCannotSign) {
    const auto compact = sign_dev_token(issuer, request, clock);
    ASSERT_FALSE(compact);
    EXPECT_EQ(compact.error().code(), ErrorCode::kNotFound);
}

TEST_F(DevIssuerTest, WhatTheVerifierAlwaysRefusesIsNotSigned) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    const auto refusal = [&](const DevTokenRequest& wrong) {
        const auto compact = sign_dev_token(issuer, wrong, clock);
        return compact ? "signed" : compact.error().message();
    };
    const DevTokenRequest sound = request;
    EXPECT_EQ(refusal(sound), "signed");
    DevTokenRequest wrong = sound;
    wrong.actor = wrong.subject;
    EXPECT_EQ(refusal(wrong),
              "the actor is \"user:alice\", the user of the token; expected "
              "someone who acts for the user");
    wrong = sound;
    wrong.via = {"svc:front", "user:alice"};
    EXPECT_THAT(refusal(wrong), HasSubstr("an actor of the chain is \"user:alice\""));
    for (const char* scope : {" x  y ", " x", "x ", "x  y", " "}) {
        wrong = sound;
        wrong.scope = scope;
        EXPECT_THAT(refusal(wrong), HasSubstr("expected words with one space between")) << scope;
    }
    wrong = sound;
    wrong.via.assign(8, "svc:front");
    EXPECT_EQ(refusal(wrong), "the chain has 9 actors; expected at most 8");
    wrong = sound;
    wrong.task = "a\nb";
    EXPECT_EQ(refusal(wrong), "the task has a control character in it");
    wrong = sound;
    wrong.groups = {std::string(513, 'g')};
    EXPECT_EQ(refusal(wrong), "a group has 513 bytes; expected at most 512");
}

TEST_F(DevIssuerTest, RequestWithoutUserIsRefused) {
    ASSERT_TRUE(init_dev_issuer(issuer));
    request.subject = "";
    EXPECT_EQ(sign_dev_token(issuer, request, clock).error().code(), ErrorCode::kInvalidArgument);
}

} // namespace
} // namespace bailiff::token
