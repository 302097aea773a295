#include "session/session.h"

#include <gtest/gtest.h>

namespace bailiff::session {
namespace {

TEST(Session, StatesHaveTheirWords) {
    EXPECT_STREQ(to_string(State::kActive), "active");
    EXPECT_STREQ(to_string(State::kExpired), "expired");
    EXPECT_STREQ(to_string(State::kEnded), "ended");
    EXPECT_STREQ(to_string(State::kRevoked), "revoked");
}

TEST(Session, ARecordHoldsTheWholeChain) {
    Session session;
    session.name = "s-1";
    session.agent = "fixer";
    session.task_note = "note";
    session.token.issuer = "https://idp";
    session.token.subject = "user:alice";
    session.token.actors = {{"i1", "agent:fixer", "ai"}, {"i2", "svc:between", ""}};
    session.token.actor_source = "act";
    session.token.task = "T-1";
    session.token.digest = "abc";
    session.token.expires_at = 1'795'431'000;
    const v1::Record record = record_of("session.ended", session, "over");
    EXPECT_EQ(record.kind(), "session.ended");
    EXPECT_EQ(record.message(), "over");
    EXPECT_EQ(record.session(), "s-1");
    EXPECT_EQ(record.user(), "user:alice");
    EXPECT_EQ(record.user_issuer(), "https://idp");
    ASSERT_EQ(record.actors_size(), 2);
    EXPECT_EQ(record.actors(0).subject(), "agent:fixer");
    EXPECT_EQ(record.actors(0).profile(), "ai");
    EXPECT_EQ(record.actors(1).issuer(), "i2");
    EXPECT_EQ(record.actor_source(), "act");
    EXPECT_EQ(record.task(), "T-1");
    EXPECT_EQ(record.task_note(), "note");
    EXPECT_EQ(record.agent(), "fixer");
    EXPECT_EQ(record.token_digest(), "abc");
    EXPECT_EQ(record.expires(), "2026-11-23T10:50:00.000Z");
}

} // namespace
} // namespace bailiff::session
