// Who may see and withdraw answers that are good for more than one act.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using api::Role;
using testing::HasSubstr;
using tests::kAlicesUid;
using tests::kBobsUid;

constexpr std::uint64_t kMinute = 60'000'000'000;
const api::RoleSet kApproves{Role::kApprover};

// Alice's session asks, Bob answers.
class StandingAnswersOfAlice : public testing::Test, public tests::Host {
protected:
    void wait_for_answer(std::uint64_t hold) {
        bailiff_hold row{};
        row.deadline = clock.boot_nanos() + kMinute;
        row.event.hold = hold;
        port.held[hold] = row;
        v1::Record asked;
        asked.set_session(session);
        asked.set_user("user:alice");
        asked.set_right("delete");
        asked.set_verdict("hold");
        asked.set_hook("inode_unlink");
        asked.set_approval(approval_id(hold));
        approvals.add(row, asked);
        service->meet_hold(hold);
    }
    // `request` but for its approval, to an act that waits. Gives the id.
    std::string answer(std::uint64_t hold, bool approve, v1::AnswerApprovalRequest request) {
        wait_for_answer(hold);
        request.set_approval(approval_id(hold));
        request.set_approve(approve);
        request.set_reason("known");
        const auto done = service->answer_approval(caller(kBobsUid, kApproves), request);
        EXPECT_TRUE(done) << done.error().message();
        return approval_id(hold);
    }
    // For five acts of it.
    std::string answer(std::uint64_t hold, bool approve) {
        v1::AnswerApprovalRequest request;
        request.set_uses(5);
        return answer(hold, approve, request);
    }
    int count_seen(uid_t uid, api::RoleSet roles) {
        return service->list_standing_answers(caller(uid, roles), {})->answers_size();
    }
    Result<v1::WithdrawStandingAnswerResponse> withdraw(uid_t uid, api::RoleSet roles,
                                                        const std::string& id,
                                                        const std::string& reason = "") {
        v1::WithdrawStandingAnswerRequest request;
        request.set_approval(id);
        request.set_reason(reason);
        return service->withdraw_standing_answer(caller(uid, roles), request);
    }
    std::string session = session_of_alice();
};

TEST_F(StandingAnswersOfAlice, AreListedWithWhatTheyCover) {
    v1::AnswerApprovalRequest request;
    request.set_uses(5);
    request.set_ttl_seconds(60);
    request.set_scope("same-object");
    answer(9, false, request);
    clock.advance(10);
    const auto listed = service->list_standing_answers(caller(kAlicesUid), {});
    ASSERT_TRUE(listed);
    EXPECT_EQ(drained, 2) << "what the kernel has to tell may use them up";
    ASSERT_EQ(listed->answers_size(), 1);
    const v1::StandingAnswer& found = listed->answers(0);
    EXPECT_EQ(found.approval(), approval_id(9));
    EXPECT_EQ(found.answer(), "deny");
    EXPECT_EQ(found.asked().user(), "user:alice");
    EXPECT_EQ(found.given(), TimeText(clock.unix_nanos() - 10'000'000'000).c_str());
    EXPECT_EQ(found.until(), TimeText(clock.unix_nanos() + 50'000'000'000).c_str());
    EXPECT_EQ(found.seconds_left(), 50);
    EXPECT_EQ(found.uses_left(), 4U);
    EXPECT_EQ(found.scope(), "same-object");
    EXPECT_EQ(found.reason(), "known");
    EXPECT_THAT(found.by(), HasSubstr("uid 61002"));
}

TEST_F(StandingAnswersOfAlice, HaveNoEndOrNoNumberWhereTheirTermsHaveNone) {
    answer(9, true);
    ASSERT_TRUE(withdraw(kBobsUid, kApproves, approval_id(9)))
        << "else it answers the next as well";
    v1::AnswerApprovalRequest request;
    request.set_ttl_seconds(60);
    answer(10, true, request);
    const auto timed = service->list_standing_answers(caller(kAlicesUid), {});
    ASSERT_TRUE(timed);
    ASSERT_EQ(timed->answers_size(), 1);
    EXPECT_EQ(timed->answers(0).answer(), "allow");
    EXPECT_EQ(timed->answers(0).uses_left(), 0U);
    clock.advance(60);
    EXPECT_EQ(count_seen(kAlicesUid, {Role::kUser}), 0);
    answer(11, true);
    const auto counted = service->list_standing_answers(caller(kAlicesUid), {});
    ASSERT_EQ(counted->answers_size(), 1);
    EXPECT_EQ(counted->answers(0).uses_left(), 4U);
    EXPECT_EQ(counted->answers(0).until(), "");
    EXPECT_EQ(counted->answers(0).seconds_left(), 0);
}

TEST_F(StandingAnswersOfAlice, AreSeenByTheUserAndByRolesThatSeeAllApprovals) {
    answer(9, true);
    EXPECT_EQ(count_seen(kAlicesUid, {Role::kUser}), 1);
    EXPECT_EQ(count_seen(kBobsUid, {Role::kUser}), 0);
    for (const Role role : {Role::kApprover, Role::kAuditor, Role::kOperator})
        EXPECT_EQ(count_seen(kBobsUid, {role}), 1) << api::role_name(role);
}

TEST_F(StandingAnswersOfAlice, OfASessionThatIsOverDoNotShow) {
    const std::string id = answer(9, true);
    v1::RevokeSessionRequest request;
    request.set_session(session);
    ASSERT_TRUE(service->revoke_session(caller(kAlicesUid), request));
    EXPECT_EQ(count_seen(kAlicesUid, {Role::kUser}), 0);
    EXPECT_EQ(withdraw(kBobsUid, kApproves, id).error().code(), ErrorCode::kNotFound);
}

TEST_F(StandingAnswersOfAlice, AnApprovalIsWithdrawnByItsUserAndTheNextActIsAskedFor) {
    const std::string id = answer(9, true);
    wait_for_answer(10);
    ASSERT_EQ(port.answers.count(10), 1U);
    const auto done = withdraw(kAlicesUid, {Role::kUser}, id, "too much");
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->withdrawn().approval(), id);
    EXPECT_EQ(done->withdrawn().uses_left(), 3U);
    wait_for_answer(11);
    EXPECT_EQ(port.answers.count(11), 0U);
    EXPECT_EQ(count_seen(kAlicesUid, {Role::kUser}), 0);
    EXPECT_EQ(withdraw(kAlicesUid, {Role::kUser}, id).error().code(), ErrorCode::kNotFound);
}

TEST_F(StandingAnswersOfAlice, AWithdrawalIsOnRecordWithWhoAndWhy) {
    const std::string id = answer(9, false);
    ASSERT_TRUE(withdraw(kBobsUid, kApproves, id, "it was a mistake"));
    const auto page = journal.read({});
    ASSERT_TRUE(page);
    const v1::Record& last = page->records.back();
    EXPECT_EQ(last.kind(), "approval.withdrawn");
    EXPECT_EQ(last.approval(), id);
    EXPECT_EQ(last.session(), session);
    EXPECT_EQ(last.verdict(), "");
    EXPECT_EQ(last.hook(), "");
    EXPECT_EQ(last.reason(), "withdrawn");
    EXPECT_EQ(last.message(), "it was a mistake");
    EXPECT_EQ(last.terms(), "denial for 5 uses, this");
    EXPECT_THAT(last.by(), HasSubstr("uid 61002"));
}

TEST_F(StandingAnswersOfAlice, ADenialIsWithdrawnOnlyByWhoMayAnswer) {
    const std::string id = answer(9, false);
    const api::RoleSet all{Role::kUser, Role::kApprover, Role::kAuditor, Role::kOperator};
    const auto own = withdraw(kAlicesUid, all, id);
    ASSERT_FALSE(own);
    EXPECT_EQ(own.error().code(), ErrorCode::kPermissionDenied);
    const auto seen = withdraw(kBobsUid, {Role::kUser, Role::kAuditor, Role::kOperator}, id);
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code(), ErrorCode::kPermissionDenied);
    wait_for_answer(10);
    EXPECT_EQ(port.answers.at(10), BAILIFF_VERDICT_DENY) << "it still stands";
    EXPECT_TRUE(withdraw(kBobsUid, kApproves, id));
}

TEST_F(StandingAnswersOfAlice, ADenialIsWithdrawnByItsUserWhereThePolicyLetsItAnswer) {
    more = "approvals: {own: true}\n";
    ASSERT_TRUE(service->reload_policy(caller(kBobsUid, {Role::kOperator}), {}));
    const std::string id = answer(9, false);
    EXPECT_TRUE(withdraw(kAlicesUid, {Role::kUser}, id));
}

TEST_F(StandingAnswersOfAlice, AnApprovalIsNotWithdrawnByWhoOnlySees) {
    const std::string id = answer(9, true);
    const auto done = withdraw(kBobsUid, {Role::kUser, Role::kAuditor, Role::kOperator}, id);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(count_seen(kAlicesUid, {Role::kUser}), 1);
    EXPECT_TRUE(withdraw(kBobsUid, kApproves, id));
}

TEST_F(StandingAnswersOfAlice, AStrangerCannotTellAnothersFromNone) {
    const std::string id = answer(9, true);
    const auto there = withdraw(kBobsUid, {Role::kUser}, id);
    ASSERT_TRUE(withdraw(kBobsUid, kApproves, id));
    const auto gone = withdraw(kBobsUid, {Role::kUser}, id);
    ASSERT_FALSE(there);
    ASSERT_FALSE(gone);
    EXPECT_EQ(there.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(gone.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(there.error().message(), gone.error().message());
}

TEST_F(StandingAnswersOfAlice, ALongReasonIsRefusedBeforeAnythingHappens) {
    const std::string id = answer(9, true);
    const auto done = withdraw(kBobsUid, kApproves, id, std::string(1025, 'x'));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(count_seen(kAlicesUid, {Role::kUser}), 1);
}

} // namespace
} // namespace bailiff::daemon
