#include "ctl/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

Sessions two_sessions() {
    Sessions sessions;
    v1::Session& first = *sessions.Add();
    first.set_id("s-01ARZ3NDEKTSV4RRFFQ69G5FAV");
    first.set_state("active");
    first.set_user("user:alice");
    first.add_actors()->set_subject("agent:fixer");
    first.set_seconds_left(90);
    first.set_tasks(3);
    v1::Session& second = *sessions.Add();
    second.set_id("s-01ARZ3NDEKTSV4RRFFQ69G5XYZ");
    second.set_state("revoked");
    second.set_why("stolen");
    second.set_seconds_left(-5);
    return sessions;
}

TEST(PickSession, TakesABeginningOrAnEndThatIsUnique) {
    const Sessions sessions = two_sessions();
    EXPECT_EQ(*pick_session(sessions, "s-01ARZ3NDEKTSV4RRFFQ69G5F"), sessions[0].id());
    EXPECT_EQ(*pick_session(sessions, "01arz3ndektsv4rrffq69g5x"), sessions[1].id());
    EXPECT_EQ(*pick_session(sessions, short_id(sessions[1].id())), sessions[1].id());
}

TEST(PickSession, RefusesWhatIsNotUnique) {
    const Result<std::string> picked = pick_session(two_sessions(), "s-01");
    ASSERT_FALSE(picked);
    EXPECT_EQ(picked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(picked.error().message(), HasSubstr("more than one session"));
}

TEST(PickSession, RefusesWhatIsNotThere) {
    for (const char* text : {"", "s-", "s-02", "zzz"}) {
        const Result<std::string> picked = pick_session(two_sessions(), text);
        ASSERT_FALSE(picked) << text;
        EXPECT_EQ(picked.error().code(), ErrorCode::kNotFound);
    }
}

TEST(SessionTable, ShowsWhatIsLeftOfActiveOnes) {
    const std::string table = session_table(two_sessions());
    EXPECT_THAT(table, HasSubstr("s-01ARZ3NDEKTSV4RRFFQ69G5FAV  active   user:alice  agent:fixer"));
    EXPECT_THAT(table, HasSubstr("1 min 30 s"));
    EXPECT_THAT(table, Not(HasSubstr("over")));
    EXPECT_EQ(session_table({}), "no sessions\n");
}

TEST(SessionText, SaysWhyItEndedAndLeavesEmptyFieldsOut) {
    const std::string text = session_text(two_sessions()[1]);
    EXPECT_THAT(text, HasSubstr("state      revoked (stolen)\n"));
    EXPECT_THAT(text, Not(HasSubstr("workspace")));
}

} // namespace
} // namespace bailiff::ctl
