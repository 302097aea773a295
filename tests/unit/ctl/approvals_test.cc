#include "ctl/approvals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::Approval deletion(const std::string& id) {
    v1::Approval approval;
    approval.set_id(id);
    approval.set_seconds_left(90);
    v1::Record& asked = *approval.mutable_asked();
    asked.set_user("user:alice");
    asked.add_actors()->set_subject("agent:fixer");
    asked.set_task("T-1");
    asked.set_right("delete");
    asked.mutable_object()->set_path("/srv/data\x1b[2J");
    for (const char* word : {"rm", "-rf", "/srv/data\n"}) asked.mutable_process()->add_argv(word);
    asked.mutable_process()->set_pid(41);
    return approval;
}

ApprovalList two() {
    ApprovalList list;
    *list.Add() = deletion("a1000000000000f7");
    *list.Add() = deletion("b1000000000000f7");
    return list;
}

TEST(PickApproval, TakesTheFirstEightDigits) {
    EXPECT_EQ(*pick_approval(two(), "a1000000"), "a1000000000000f7");
    EXPECT_EQ(pick_approval(two(), "a100000").error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(pick_approval(two(), "000000f7").error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(pick_approval(two(), "").error().code(), ErrorCode::kInvalidArgument);
    ApprovalList same = two();
    *same.Add() = deletion("a1000000000000f8");
    EXPECT_THAT(pick_approval(same, "a1000000").error().message(), HasSubstr("more than one"));
}

TEST(ApprovalTable, SaysWhoWantsWhatAndEscapesWhatTheAgentChose) {
    const std::string table = approval_table(two());
    EXPECT_THAT(table, HasSubstr("a1000000000000f7  1 min 30 s  user:alice  agent:fixer  T-1"));
    EXPECT_THAT(table, HasSubstr("delete /srv/data\\x1b[2J"));
    EXPECT_THAT(table, HasSubstr("rm -rf /srv/data\\x0a"));
    EXPECT_EQ(approval_table({}), "nothing waits\n");
}

TEST(ApprovalText, SaysWhatMayBeLost) {
    v1::Approval approval = deletion("a1000000000000f7");
    v1::Object& object = *approval.mutable_asked()->mutable_object();
    object.set_mode(0100640);
    object.set_size(12);
    object.set_owner(1001);
    object.set_change("mode 4777");
    EXPECT_THAT(approval_text(approval),
                HasSubstr("file       regular file, 12 bytes, mode 0640, owner uid 1001\n"));
    EXPECT_THAT(approval_text(approval), HasSubstr("change     mode 4777\n"));
    object.set_mode(040755);
    EXPECT_THAT(approval_text(approval), HasSubstr("file       directory, mode 0755, "));
}

TEST(ApprovalText, LeavesEmptyFieldsOut) {
    const std::string text = approval_text(deletion("a1000000000000f7"));
    EXPECT_THAT(text, HasSubstr("actors     agent:fixer\n"));
    EXPECT_THAT(text, Not(HasSubstr("answer")));
    EXPECT_THAT(text, Not(HasSubstr("\nfile")));
    EXPECT_THAT(text, Not(HasSubstr("task note")));
}

class ApprovalsProgram : public testing::Test, public Program {
protected:
    void SetUp() override {
        *service.approvals.mutable_approvals() = two();
        server.start();
    }
    int run_with(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", server.path()});
        return run(std::move(words));
    }
    api::LiveServer server;
    api::FakeService& service = server.service;
};

TEST_F(ApprovalsProgram, ApprovesAndDeniesByAPartOfTheId) {
    EXPECT_EQ(run_with({"approvals", "approve", "a1000000", "--reason", "known"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("approved, for this once: a1000000000000f7"));
    EXPECT_EQ(run_with({"approvals", "deny", "b1000000000000f7"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("denied: b1000000000000f7"));
    ASSERT_EQ(service.answers.size(), 2U);
    EXPECT_TRUE(service.answers[0].approve());
    EXPECT_EQ(service.answers[0].reason(), "known");
    EXPECT_FALSE(service.answers[1].approve());
    EXPECT_NE(run_with({"approvals", "approve", "zzzzzzzz"}), 0);
    EXPECT_THAT(err(), HasSubstr("bailiffctl approvals list"));
    EXPECT_EQ(service.answers.size(), 2U);
}

TEST_F(ApprovalsProgram, AnAnswerOfEitherKindMayBeForMore) {
    EXPECT_EQ(run_with({"approvals", "approve", "a1000000", "--uses", "2"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("approved, and what comes like it: a1000000000000f7"));
    EXPECT_EQ(run_with({"approvals", "deny", "b1000000", "--uses", "3", "--ttl", "10m", "--scope",
                        "same-object"}),
              0)
        << err();
    EXPECT_THAT(out(), HasSubstr("denied, and what comes like it: b1000000000000f7"));
    ASSERT_EQ(service.answers.size(), 2U);
    EXPECT_FALSE(service.answers[1].approve());
    EXPECT_EQ(service.answers[1].uses(), 3U);
    EXPECT_EQ(service.answers[1].ttl_seconds(), 600U);
    EXPECT_EQ(service.answers[1].scope(), "same-object");
    EXPECT_NE(run_with({"approvals", "deny", "b1000000", "--scope", "all"}), 0);
    EXPECT_EQ(service.answers.size(), 2U);
}

} // namespace
} // namespace bailiff::ctl
