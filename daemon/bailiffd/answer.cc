// The control service's methods for what waits.
#include "bailiffd/request.h"
#include "bailiffd/service.h"
#include "journal/utf8_message.h"

namespace bailiff::daemon {
namespace {

const api::RoleSet kSeeAll{api::Role::kApprover, api::Role::kAuditor, api::Role::kOperator};

// What the journal says of an answer: the question, and who answered what.
v1::Record answer_record(const decision::Approval& approval, bool approve, const std::string& who,
                         const std::string& why) {
    v1::Record record = approval.asked;
    record.clear_time();
    record.clear_sequence();
    record.clear_hook();
    record.set_kind(approve ? "approval.approved" : "approval.denied");
    record.set_verdict(approve ? "allow" : "deny");
    record.set_reason(approve ? "approved" : "disapproved");
    record.set_by(who);
    record.set_message(why);
    return record;
}

} // namespace

bool ControlService::is_own(const api::Caller& caller, const decision::Approval& approval) const {
    const std::string& name = approval.asked.session();
    if (name.empty()) return approval.asked.process().uid() == caller.peer.uid;
    const session::Session* session = manager_.find(name);
    return session != nullptr && session->uid == caller.peer.uid;
}

Result<const decision::Approval*> ControlService::visible_approval(const api::Caller& caller,
                                                                   const std::string& id) const {
    const auto found = approvals_.find(id);
    if (!found || is_own(caller, **found) || caller.roles.meets(kSeeAll)) return found;
    return fail(ErrorCode::kNotFound, "no approval \"" + id.substr(0, 64) +
                                          "\" is known to you; those of others' sessions need "
                                          "role " +
                                          kSeeAll.text(" or "));
}

// Who asked is not who approves, unless the policy says so: also for an approver.
Status ControlService::may_answer(const api::Caller& caller,
                                  const decision::Approval& approval) const {
    const std::string who = "uid " + std::to_string(caller.peer.uid);
    if (is_own(caller, approval)) {
        if (manager_.tables()->policy().settings.approvals.own) return {};
        return fail(ErrorCode::kPermissionDenied,
                    who +
                        " runs the agent, and the policy wants another account to answer "
                        "(`approvals.own`)");
    }
    if (caller.roles.has(api::Role::kApprover)) return {};
    return fail(ErrorCode::kPermissionDenied,
                "to answer for another's session needs the role approver; " + who +
                    " does not have it (see `roles` in the policy)");
}

v1::Approval ControlService::describe(const decision::Approval& approval) const {
    v1::Approval out;
    out.set_id(approval.id);
    *out.mutable_asked() = approval.asked;
    const auto left = static_cast<std::int64_t>(approval.deadline - clock_.boot_nanos());
    out.set_deadline(TimeText(clock_.unix_nanos() + left).c_str());
    out.set_seconds_left(left / 1'000'000'000);
    if (approval.answer)
        out.set_answer(*approval.answer == BAILIFF_VERDICT_ALLOW ? "allow" : "deny");
    journal::make_utf8(out);
    return out;
}

Result<v1::ListApprovalsResponse> ControlService::list_approvals(const api::Caller& caller,
                                                                 const v1::ListApprovalsRequest&) {
    hooks_.drain_events();
    v1::ListApprovalsResponse response;
    for (const decision::Approval* approval : approvals_.list())
        if (is_own(caller, *approval) || caller.roles.meets(kSeeAll))
            *response.add_approvals() = describe(*approval);
    return response;
}

Result<v1::GetApprovalResponse> ControlService::get_approval(
    const api::Caller& caller, const v1::GetApprovalRequest& request) {
    hooks_.drain_events();
    const auto found = visible_approval(caller, request.approval());
    if (!found) return tl::unexpected(found.error());
    v1::GetApprovalResponse response;
    *response.mutable_approval() = describe(**found);
    return response;
}

Result<v1::AnswerApprovalResponse> ControlService::answer_approval(
    const api::Caller& caller, const v1::AnswerApprovalRequest& request) {
    hooks_.drain_events();
    const auto found = visible_approval(caller, request.approval());
    if (!found) return tl::unexpected(found.error());
    if (Status may = may_answer(caller, **found); !may) return tl::unexpected(may.error());
    if (Status short_enough = check_reason(request.reason()); !short_enough)
        return tl::unexpected(short_enough.error());
    v1::Record record = answer_record(**found, request.approve(), by(caller), request.reason());
    const auto verdict = request.approve() ? BAILIFF_VERDICT_ALLOW : BAILIFF_VERDICT_DENY;
    if (Status open = approvals_.check(request.approval()); !open)
        return tl::unexpected(open.error());
    journal_.record(record); // before the act: what happens is on record
    if (Status given = approvals_.answer(request.approval(), verdict); !given) {
        record.set_kind("approval.failed");
        record.set_message("the answer did not reach the kernel: " + given.error().message());
        journal_.record(std::move(record));
        return tl::unexpected(given.error());
    }
    v1::AnswerApprovalResponse response;
    if (const auto answered = approvals_.find(request.approval()))
        *response.mutable_approval() = describe(**answered);
    hooks_.answered();
    return response;
}

} // namespace bailiff::daemon
