// Service: what stands behind the control API, one method for each rpc of control.proto. The server
// has checked the caller's role and that no subject calls what it may not; whose session it is, the
// service checks itself. All methods run on the server's thread and must not block, except that
// read_events may suspend.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "api/peer.h"
#include "api/roles.h"
#include "bailiff/control.pb.h"
#include "base/result.h"

namespace bailiff::api {

// What the kernel side holds a process for.
struct Subjection {
    std::uint32_t slot = 0; // 0: no subject
    bool unbound = false;   // an agent that has no session, and so may open one
};

// Who calls, as checked just before the call. `peer` lives as long as the call.
struct Caller {
    const Peer& peer;
    RoleSet roles; // an unbound agent has at most that of a user
    Subjection subject = {};
};

class Service {
public:
    Service() = default;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    virtual ~Service() = default;

    // What the kernel side holds a caller for, asked before each call. An error refuses the call:
    // kUnavailable where bailiff-kernel does not answer.
    [[nodiscard]] virtual Result<Subjection> subject_of(const Peer& peer) = 0;
    // The roles of the policy in force; the reference holds until the next call of the service.
    [[nodiscard]] virtual const Roles& roles() const = 0;

    // What each rpc is for, and which role may call it, is in control.proto. Besides the errors
    // that are named, a method fails with kNotFound for a session that does not exist or that the
    // caller may not know of, with kUnavailable where bailiff-kernel does not answer, and with
    // kInternal.

    // Role user. kUnauthenticated and kPermissionDenied for the token, kAlreadyExists for one that
    // was used, kInvalidArgument, kResourceExhausted, kFailedPrecondition if the caller is gone.
    virtual Result<v1::OpenSessionResponse> open_session(const Caller& caller,
                                                         const v1::OpenSessionRequest& request) = 0;
    // Role user, its own sessions only. As open_session; kPermissionDenied also for a token of
    // another user, agent or task and for wider rights, kFailedPrecondition for a session that is
    // over.
    virtual Result<v1::RenewSessionResponse> renew_session(
        const Caller& caller, const v1::RenewSessionRequest& request) = 0;
    // Role user for its own, operator for all. A session that is over stays as it is.
    virtual Result<v1::EndSessionResponse> end_session(const Caller& caller,
                                                       const v1::EndSessionRequest& request) = 0;
    // The same roles. kInvalidArgument for a long reason, kFailedPrecondition for a session that is
    // over.
    virtual Result<v1::RevokeSessionResponse> revoke_session(
        const Caller& caller, const v1::RevokeSessionRequest& request) = 0;
    // Role user sees its own, auditor and operator see all.
    virtual Result<v1::ListSessionsResponse> list_sessions(
        const Caller& caller, const v1::ListSessionsRequest& request) = 0;
    // As list_sessions.
    virtual Result<v1::GetSessionResponse> get_session(const Caller& caller,
                                                       const v1::GetSessionRequest& request) = 0;
    // As list_sessions. May wait for a first record, as long as the request says. `caller` and
    // `request` outlive it. kInvalidArgument for a verdict that is none.
    virtual boost::asio::awaitable<Result<v1::ReadEventsResponse>> read_events(
        const Caller& caller, const v1::ReadEventsRequest& request) = 0;
    // Any role. Answers also where bailiff-kernel does not: that is then the posture.
    virtual Result<v1::GetStatusResponse> get_status(const Caller& caller,
                                                     const v1::GetStatusRequest& request) = 0;
    // Role operator, for sessions that it did not open. As open_session, and kFailedPrecondition
    // for a session that is over.
    virtual Result<v1::BreakGlassResponse> break_glass(const Caller& caller,
                                                       const v1::BreakGlassRequest& request) = 0;
    // Role user sees its own, approver, auditor and operator see all.
    virtual Result<v1::ListApprovalsResponse> list_approvals(
        const Caller& caller, const v1::ListApprovalsRequest& request) = 0;
    // As list_approvals; kNotFound also for one that waits no more.
    virtual Result<v1::GetApprovalResponse> get_approval(const Caller& caller,
                                                         const v1::GetApprovalRequest& request) = 0;
    // Role approver, of what others' sessions do; for its own sessions any role, where the policy
    // lets it. As get_approval; kPermissionDenied, kInvalidArgument for a long reason,
    // kFailedPrecondition for one that was answered or whose time is over.
    virtual Result<v1::AnswerApprovalResponse> answer_approval(
        const Caller& caller, const v1::AnswerApprovalRequest& request) = 0;
    // As list_approvals.
    virtual Result<v1::ListStandingAnswersResponse> list_standing_answers(
        const Caller& caller, const v1::ListStandingAnswersRequest& request) = 0;
    // Who may answer such an act; of an approval also role user, for its own sessions. kNotFound
    // also for one that the caller may not see, kPermissionDenied, kInvalidArgument for a long
    // reason.
    virtual Result<v1::WithdrawStandingAnswerResponse> withdraw_standing_answer(
        const Caller& caller, const v1::WithdrawStandingAnswerRequest& request) = 0;
    // Role user sees its own, auditor and operator see all. kInvalidArgument for an `after` that is
    // none.
    virtual Result<v1::ListPreservedResponse> list_preserved(
        const Caller& caller, const v1::ListPreservedRequest& request) = 0;
    // Role user for its own, operator for all. kInvalidArgument for too many; what is wrong with
    // one of them is in the answer.
    virtual Result<v1::RestorePreservedResponse> restore_preserved(
        const Caller& caller, const v1::RestorePreservedRequest& request) = 0;
    // Role operator. kInvalidArgument with the policy's problems, one a line; whatever the error,
    // the policy before stays in force.
    virtual Result<v1::ReloadPolicyResponse> reload_policy(
        const Caller& caller, const v1::ReloadPolicyRequest& request) = 0;
    // A subject, of its own; kFailedPrecondition for who is none.
    virtual Result<v1::GetRefusalResponse> get_refusal(const Caller& caller,
                                                       const v1::GetRefusalRequest& request) = 0;
    // Anyone, also from inside a session.
    virtual Result<v1::WhoAmIResponse> who_am_i(const Caller& caller,
                                                const v1::WhoAmIRequest& request) = 0;
};

} // namespace bailiff::api
