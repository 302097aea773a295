// ControlService: the methods of the control API over the session manager. I/O thread only.
#pragma once

#include <functional>
#include <string>

#include "api/service.h"
#include "bailiffd/journal.h"
#include "bailiffd/posture.h"
#include "decision/approvals.h"
#include "decision/refusals.h"
#include "decision/standing_answers.h"
#include "session/manager.h"

namespace bailiff::daemon {

// What the service needs of the daemon around it.
struct ServiceHooks {
    std::function<Result<std::uint32_t>()> reload_policy; // how many sessions it revoked
    std::function<void(const session::Session&)> opened;  // to watch its first process
    std::function<void()> drain_events;                   // what the kernel has to say, now
    std::function<Posture()> posture;
    std::function<void()> answered; // a task is to take an answer soon
};

class ControlService final : public api::Service {
public:
    ControlService(session::Manager& manager, kernel::KernelPort& port, Journal& journal,
                   decision::Approvals& approvals, const decision::Refusals& refusals,
                   const Clock& clock, ServiceHooks hooks);

    // The groups of the policy in force.
    void set_roles(const policy::RoleSettings& roles);

    Result<api::Subjection> subject_of(const api::Peer& peer) override;
    const api::Roles& roles() const override { return roles_; }
    Result<v1::OpenSessionResponse> open_session(const api::Caller& caller,
                                                 const v1::OpenSessionRequest& request) override;
    Result<v1::RenewSessionResponse> renew_session(const api::Caller& caller,
                                                   const v1::RenewSessionRequest& request) override;
    Result<v1::EndSessionResponse> end_session(const api::Caller& caller,
                                               const v1::EndSessionRequest& request) override;
    Result<v1::RevokeSessionResponse> revoke_session(
        const api::Caller& caller, const v1::RevokeSessionRequest& request) override;
    Result<v1::ListSessionsResponse> list_sessions(const api::Caller& caller,
                                                   const v1::ListSessionsRequest& request) override;
    Result<v1::GetSessionResponse> get_session(const api::Caller& caller,
                                               const v1::GetSessionRequest& request) override;
    boost::asio::awaitable<Result<v1::ReadEventsResponse>> read_events(
        const api::Caller& caller, const v1::ReadEventsRequest& request) override;
    Result<v1::GetStatusResponse> get_status(const api::Caller& caller,
                                             const v1::GetStatusRequest& request) override;
    Result<v1::BreakGlassResponse> break_glass(const api::Caller& caller,
                                               const v1::BreakGlassRequest& request) override;
    Result<v1::ListApprovalsResponse> list_approvals(
        const api::Caller& caller, const v1::ListApprovalsRequest& request) override;
    Result<v1::GetApprovalResponse> get_approval(const api::Caller& caller,
                                                 const v1::GetApprovalRequest& request) override;
    Result<v1::AnswerApprovalResponse> answer_approval(
        const api::Caller& caller, const v1::AnswerApprovalRequest& request) override;
    Result<v1::ListStandingAnswersResponse> list_standing_answers(
        const api::Caller& caller, const v1::ListStandingAnswersRequest& request) override;
    Result<v1::WithdrawStandingAnswerResponse> withdraw_standing_answer(
        const api::Caller& caller, const v1::WithdrawStandingAnswerRequest& request) override;
    Result<v1::ListPreservedResponse> list_preserved(
        const api::Caller& caller, const v1::ListPreservedRequest& request) override;
    Result<v1::RestorePreservedResponse> restore_preserved(
        const api::Caller& caller, const v1::RestorePreservedRequest& request) override;
    Result<v1::ReloadPolicyResponse> reload_policy(const api::Caller& caller,
                                                   const v1::ReloadPolicyRequest& request) override;
    Result<v1::GetRefusalResponse> get_refusal(const api::Caller& caller,
                                               const v1::GetRefusalRequest& request) override;
    Result<v1::WhoAmIResponse> who_am_i(const api::Caller& caller,
                                        const v1::WhoAmIRequest& request) override;

    // Answers an act that waits, if an answer from before is good for it too.
    void meet_hold(std::uint64_t hold);
    // Forgets answers that were for sessions which are over.
    void forget_old_answers();
    // Forgets what was kept for longer than the policy says.
    void prune_preserved();
    // Has bailiff-kernel use the stores that the policy names.
    void add_stores();

private:
    // The session, if the caller owns it or has one of `roles`; else kNotFound for strangers, so
    // that ids cannot be tried out.
    [[nodiscard]] Result<const session::Session*> visible(const api::Caller& caller,
                                                          const std::string& name,
                                                          api::RoleSet roles) const;
    // kInvalidArgument for a verdict that is none; kNotFound as visible() has it.
    [[nodiscard]] Result<journal::Filter> filter_for(const api::Caller& caller,
                                                     const v1::ReadEventsRequest& request) const;
    [[nodiscard]] v1::Session describe(const session::Session& session) const;
    [[nodiscard]] v1::Approval describe(const api::Caller& caller,
                                        const decision::Approval& approval) const;
    [[nodiscard]] v1::StandingAnswer describe(const decision::StandingAnswer& answer) const;
    // Of the record of an act that waits, or waited: is the session the caller's own, or of an
    // agent without one the process?
    [[nodiscard]] bool is_own(const api::Caller& caller, const v1::Record& asked) const;
    [[nodiscard]] bool may_see(const api::Caller& caller, const v1::Record& asked) const;
    // kNotFound also for one of others that the caller may not see.
    [[nodiscard]] Result<const decision::Approval*> visible_approval(const api::Caller& caller,
                                                                     const std::string& id) const;
    // The same, and for one that does not stand. Good until the next call about standing answers.
    [[nodiscard]] Result<const decision::StandingAnswer*> visible_standing_answer(
        const api::Caller& caller, const std::string& approval);
    // kPermissionDenied.
    [[nodiscard]] Status may_answer(const api::Caller& caller, const v1::Record& asked) const;
    [[nodiscard]] Status may_withdraw(const api::Caller& caller,
                                      const decision::StandingAnswer& answer) const;
    // First the record, then the answer, to what Approvals::check() found open. As
    // Approvals::answer().
    [[nodiscard]] Status give_answer(const std::string& approval, bailiff_verdict verdict,
                                     v1::Record record);
    // Until when what is in the way of an entry was changed by the entry's own session.
    [[nodiscard]] std::int64_t changed_until(const undo::Entry& entry) const;
    // Empty, or why it is not restored.
    [[nodiscard]] std::string restore(const api::Caller& caller, const undo::Entry& entry,
                                      bool replace);

    session::Manager& manager_;
    kernel::KernelPort& port_;
    Journal& journal_;
    decision::Approvals& approvals_;
    const decision::Refusals& refusals_;
    decision::StandingAnswers standing_answers_;
    const Clock& clock_;
    ServiceHooks hooks_;
    api::Roles roles_;
};

} // namespace bailiff::daemon
