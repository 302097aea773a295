// Who may see and answer what waits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using api::Role;
using testing::HasSubstr;
using tests::kAlicesUid;
using tests::kBobsUid;

class Answers : public testing::Test, public tests::Host {
protected:
    void SetUp() override {
        bailiff_hold row{};
        row.deadline = clock.boot_nanos() + 60'000'000'000;
        row.event.hold = 9;
        row.event.pid = 41;
        port.held[9] = row;
        v1::Record asked;
        asked.set_session(session_of_alice());
        asked.set_user("user:alice");
        asked.set_right("delete");
        asked.set_verdict("hold");
        asked.set_approval("0000000000000009");
        approvals.add(row, asked);
    }
    Result<v1::AnswerApprovalResponse> answer(uid_t uid, api::RoleSet roles, bool approve = true,
                                              const std::string& reason = "") {
        v1::AnswerApprovalRequest request;
        request.set_approval("0000000000000009");
        request.set_approve(approve);
        request.set_reason(reason);
        return service->answer_approval(caller(uid, roles), request);
    }
    // An approval for two acts.
    Result<v1::AnswerApprovalResponse> approve_twice() {
        v1::AnswerApprovalRequest request;
        request.set_approval("0000000000000009");
        request.set_approve(true);
        request.set_uses(2);
        return service->answer_approval(caller(kBobsUid, {Role::kApprover}), request);
    }
    // Hold 11, of the same process.
    void meet_another() {
        bailiff_hold row{};
        row.deadline = clock.boot_nanos() + 60'000'000'000;
        row.event.hold = 11;
        row.event.pid = 41;
        port.held[11] = row;
        approvals.add(row, {});
        service->meet_hold(11);
    }
};

TEST_F(Answers, AnApproverAnswersForAnother) {
    const auto done = answer(kBobsUid, {Role::kApprover}, true, "asked by phone");
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->approval().answer(), "allow");
    EXPECT_EQ(port.answers.at(9), BAILIFF_VERDICT_ALLOW);
    EXPECT_EQ(answered, 1);
    const auto page = journal.read({});
    ASSERT_TRUE(page);
    const v1::Record& last = page->records.back();
    EXPECT_EQ(last.kind(), "approval.approved");
    EXPECT_EQ(last.approval(), "0000000000000009");
    EXPECT_EQ(last.user(), "user:alice");
    EXPECT_THAT(last.by(), HasSubstr("uid 61002"));
    EXPECT_EQ(last.message(), "asked by phone");
}

TEST_F(Answers, AnAnswerThatDoesNotReachTheKernelIsRecordedAsThat) {
    port.fail_every("answer");
    EXPECT_FALSE(answer(kBobsUid, {Role::kApprover}));
    const auto page = journal.read({});
    ASSERT_TRUE(page);
    const int last = static_cast<int>(page->records.size()) - 1;
    ASSERT_GE(last, 1);
    EXPECT_EQ(page->records[last - 1].kind(), "approval.approved");
    EXPECT_EQ(page->records[last].kind(), "approval.failed");
}

TEST_F(Answers, AnApprovalForMoreAnswersWhatComesLikeIt) {
    v1::AnswerApprovalRequest request;
    request.set_approval("0000000000000009");
    request.set_approve(true);
    request.set_reason("the clean-up");
    request.set_uses(2);
    request.set_scope("same-class-this-session");
    ASSERT_TRUE(service->answer_approval(caller(kBobsUid, {Role::kApprover}), request));
    EXPECT_EQ(port.answers.at(9), BAILIFF_VERDICT_ALLOW);
    for (const std::uint64_t hold : {11, 12}) {
        bailiff_hold row{};
        row.deadline = clock.boot_nanos() + 60'000'000'000;
        row.event.hold = hold;
        port.held[hold] = row;
        approvals.add(row, {});
        service->meet_hold(hold);
    }
    EXPECT_EQ(port.answers.count(11), 1U);
    EXPECT_EQ(port.answers.count(12), 0U) << "two uses in all";
    const auto page = journal.read({});
    ASSERT_TRUE(page);
    const v1::Record& last = page->records.back();
    EXPECT_EQ(last.kind(), "approval.approved");
    EXPECT_EQ(last.terms(), "good from approval 0000000000000009");
    EXPECT_THAT(last.by(), HasSubstr("uid 61002"));
    EXPECT_EQ(last.message(), "the clean-up");
}

TEST_F(Answers, ASecondAnswerLeavesTheFirstOnesTerms) {
    ASSERT_TRUE(approve_twice());
    EXPECT_FALSE(answer(kBobsUid, {Role::kApprover}, false));
    meet_another();
    EXPECT_EQ(port.answers.count(11), 1U);
}

TEST_F(Answers, LookingAgainAtWhatWasAnsweredSpendsNoUse) {
    ASSERT_TRUE(approve_twice());
    service->meet_hold(9);
    meet_another();
    EXPECT_EQ(port.answers.count(11), 1U);
}

TEST_F(Answers, ADenialForMoreAnswersWhatComesLikeIt) {
    v1::AnswerApprovalRequest request;
    request.set_approval("0000000000000009");
    request.set_reason("not in this task");
    request.set_uses(2);
    ASSERT_TRUE(service->answer_approval(caller(kBobsUid, {Role::kApprover}), request));
    EXPECT_EQ(journal.read({})->records.back().terms(), "2 uses, this");
    meet_another();
    ASSERT_EQ(port.answers.count(11), 1U);
    EXPECT_EQ(port.answers.at(11), BAILIFF_VERDICT_DENY);
    const auto page = journal.read({});
    ASSERT_TRUE(page);
    const v1::Record& last = page->records.back();
    EXPECT_EQ(last.kind(), "approval.denied");
    EXPECT_EQ(last.verdict(), "deny");
    EXPECT_EQ(last.reason(), "disapproved");
    EXPECT_EQ(last.terms(), "good from approval 0000000000000009");
    EXPECT_THAT(last.by(), HasSubstr("uid 61002"));
    EXPECT_EQ(last.message(), "not in this task");
}

TEST_F(Answers, ADenialForOnceIsNotRemembered) {
    ASSERT_TRUE(answer(kBobsUid, {Role::kApprover}, false));
    EXPECT_EQ(journal.read({})->records.back().terms(), "");
    meet_another();
    EXPECT_EQ(port.answers.count(11), 0U);
}

TEST_F(Answers, TheTermsOfADenialHaveTheLimitsOfAnApprovals) {
    v1::AnswerApprovalRequest request;
    request.set_approval("0000000000000009");
    request.set_scope("same-object");
    const auto endless = service->answer_approval(caller(kBobsUid, {Role::kApprover}), request);
    ASSERT_FALSE(endless);
    EXPECT_EQ(endless.error().code(), ErrorCode::kInvalidArgument);
    request.set_uses(10'001);
    EXPECT_FALSE(service->answer_approval(caller(kBobsUid, {Role::kApprover}), request));
    EXPECT_TRUE(port.answers.empty());
}

TEST_F(Answers, AnAnswerThatDoesNotReachTheKernelDoesNotStand) {
    port.fail_every("answer");
    EXPECT_FALSE(approve_twice());
    EXPECT_EQ(
        service->list_standing_answers(caller(kBobsUid, {Role::kApprover}), {})->answers_size(), 0);
}

TEST_F(Answers, ADenialIsRecordedAsOne) {
    ASSERT_TRUE(answer(kBobsUid, {Role::kApprover}, false));
    EXPECT_EQ(port.answers.at(9), BAILIFF_VERDICT_DENY);
    EXPECT_EQ(journal.read({})->records.back().kind(), "approval.denied");
}

TEST_F(Answers, WhoAskedDoesNotApproveWhateverTheRoles) {
    const api::RoleSet all{Role::kUser, Role::kApprover, Role::kAuditor, Role::kOperator};
    const auto done = answer(kAlicesUid, all);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(done.error().message(), HasSubstr("approvals.own"));
    EXPECT_TRUE(port.answers.empty());
}

TEST_F(Answers, AnAgentWithoutASessionIsItsAccountsOwn) {
    bailiff_hold row{};
    row.deadline = clock.boot_nanos() + 60'000'000'000;
    row.event.hold = 10;
    port.held[10] = row;
    v1::Record asked;
    asked.mutable_process()->set_uid(kBobsUid);
    approvals.add(row, asked);
    v1::AnswerApprovalRequest request;
    request.set_approval("000000000000000a");
    request.set_approve(true);
    EXPECT_FALSE(service->answer_approval(caller(kBobsUid, {Role::kApprover}), request));
    EXPECT_TRUE(service->answer_approval(caller(kAlicesUid, {Role::kApprover}), request));
}

TEST_F(Answers, WhoSeesMayNotAnswer) {
    const auto done = answer(kBobsUid, {Role::kUser, Role::kAuditor, Role::kOperator});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message(), HasSubstr("needs the role approver"));
}

TEST_F(Answers, AStrangerCannotTellAnothersFromNone) {
    const auto there = answer(kBobsUid, {Role::kUser});
    ASSERT_FALSE(there);
    EXPECT_EQ(there.error().code(), ErrorCode::kNotFound);
    const auto listed = service->list_approvals(caller(kBobsUid), {});
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->approvals_size(), 0);
    const auto own = service->list_approvals(caller(kAlicesUid), {});
    ASSERT_TRUE(own);
    ASSERT_EQ(own->approvals_size(), 1);
    EXPECT_EQ(own->approvals(0).seconds_left(), 60);
}

TEST_F(Answers, ALongReasonIsRefusedBeforeAnythingHappens) {
    const auto done = answer(kBobsUid, {Role::kApprover}, true, std::string(1025, 'x'));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(port.answers.empty());
}

} // namespace
} // namespace bailiff::daemon
