#include "ctl/standing_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::StandingAnswer denial(const std::string& id) {
    v1::StandingAnswer answer;
    answer.set_approval(id);
    answer.set_answer("deny");
    answer.set_scope("same-object");
    answer.set_uses_left(2);
    answer.set_by("uid 0 (root)");
    v1::Record& asked = *answer.mutable_asked();
    asked.set_user("user:alice");
    asked.add_actors()->set_subject("agent:fixer");
    asked.set_task("T-1");
    asked.set_right("delete");
    asked.mutable_object()->set_path("/srv/data\x1b[2J");
    return answer;
}

StandingAnswerList two() {
    StandingAnswerList list;
    *list.Add() = denial("a1000000000000f7");
    *list.Add() = denial("b1000000000000f7");
    return list;
}

TEST(StandingAnswerTable, SaysWhoseAnswerItIsAndEscapesWhatTheAgentChose) {
    const std::string table = standing_answer_table(two());
    EXPECT_THAT(table, HasSubstr("a1000000000000f7  deny    2 uses  same-object  user:alice  "
                                 "agent:fixer  T-1   delete /srv/data\\x1b[2J  uid 0 (root)\n"));
    EXPECT_THAT(table, HasSubstr("b1000000000000f7"));
    EXPECT_EQ(standing_answer_table({}), "nothing stands\n");
}

TEST(StandingAnswerTable, PrintsNoFieldAsItCame) {
    StandingAnswerList list;
    v1::StandingAnswer& answer = *list.Add() = denial("a1000000\x1b");
    answer.set_answer("deny\x1b");
    answer.set_scope("this\x1b");
    answer.set_by("uid 0\x1b");
    answer.mutable_asked()->set_user("user:alice\x1b");
    answer.mutable_asked()->mutable_actors(0)->set_subject("agent:fixer\x1b");
    answer.mutable_asked()->set_task("T-1\x1b");
    answer.mutable_asked()->set_right("delete\x1b");
    EXPECT_THAT(standing_answer_table(list), Not(HasSubstr("\x1b")));
}

TEST(StandingAnswerTable, SaysHowOftenAndHowLong) {
    StandingAnswerList list;
    v1::StandingAnswer& answer = *list.Add() = denial("a1000000000000f7");
    answer.set_uses_left(1);
    EXPECT_THAT(standing_answer_table(list), HasSubstr("  1 use  "));
    answer.set_until("2026-11-24T02:03:04.005Z");
    answer.set_seconds_left(90);
    EXPECT_THAT(standing_answer_table(list), HasSubstr("  1 use, 1 min 30 s  "));
    answer.set_uses_left(0);
    EXPECT_THAT(standing_answer_table(list), HasSubstr("  deny    1 min 30 s  "));
}

TEST(PickStandingAnswer, TakesTheFirstEightDigits) {
    EXPECT_EQ(*pick_standing_answer(two(), "a1000000"), "a1000000000000f7");
    EXPECT_EQ(pick_standing_answer(two(), "a100000").error().code(), ErrorCode::kInvalidArgument);
    const auto none = pick_standing_answer(two(), "c1000000");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(none.error().message(), HasSubstr("bailiffctl approvals standing"));
    StandingAnswerList same = two();
    *same.Add() = denial("a1000000000000f8");
    EXPECT_THAT(pick_standing_answer(same, "a1000000").error().message(),
                HasSubstr("more than one"));
}

class StandingAnswersProgram : public testing::Test, public Program {
protected:
    void SetUp() override {
        *service.standing_answers.mutable_answers() = two();
        server.start();
    }
    int run_with(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", server.path(), "approvals"});
        return run(std::move(words));
    }
    api::LiveServer server;
    api::FakeService& service = server.service;
};

TEST_F(StandingAnswersProgram, ListsThem) {
    EXPECT_EQ(run_with({"standing"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("ID                ANSWER  LEFT"));
    EXPECT_EQ(run_with({"standing", "--json"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr(R"("approval":"b1000000000000f7")"));
}

TEST_F(StandingAnswersProgram, WithdrawsOneByAPartOfItsId) {
    EXPECT_EQ(run_with({"withdraw", "b1000000", "--reason", "known"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("withdrawn: b1000000000000f7\n"));
    ASSERT_EQ(service.withdrawals.size(), 1U);
    EXPECT_EQ(service.withdrawals[0].approval(), "b1000000000000f7");
    EXPECT_EQ(service.withdrawals[0].reason(), "known");
    EXPECT_EQ(run_with({"withdraw", "a1000000", "--json"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr(R"({"withdrawn":{"approval":"a1000000000000f7")"));
}

TEST_F(StandingAnswersProgram, RefusesWhatIsUnknownOrMeansSeveral) {
    *service.standing_answers.add_answers() = denial("a1000000000000f8");
    EXPECT_NE(run_with({"withdraw", "a1000000"}), 0);
    EXPECT_THAT(err(), HasSubstr("more than one"));
    EXPECT_NE(run_with({"withdraw", "zzzzzzzz"}), 0);
    EXPECT_THAT(err(), HasSubstr("no answer that you may see stands"));
    EXPECT_TRUE(service.withdrawals.empty());
}

} // namespace
} // namespace bailiff::ctl
