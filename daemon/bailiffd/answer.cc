// The control service's methods for what waits.
#include "bailiffd/request.h"
#include "bailiffd/service.h"
#include "base/ids.h"
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

// kInvalidArgument.
Result<decision::Terms> terms_of(const v1::AnswerApprovalRequest& request) {
    const auto scope = decision::parse_scope(request.scope());
    if (!scope) return tl::unexpected(scope.error());
    return decision::complete({*scope, request.uses(), request.ttl_seconds()});
}

} // namespace

bool ControlService::is_own(const api::Caller& caller, const v1::Record& asked) const {
    const std::string& name = asked.session();
    if (name.empty()) return asked.process().uid() == caller.peer.uid;
    const session::Session* session = manager_.find(name);
    return session != nullptr && session->uid == caller.peer.uid;
}

bool ControlService::may_see(const api::Caller& caller, const v1::Record& asked) const {
    return is_own(caller, asked) || caller.roles.meets(kSeeAll);
}

Result<const decision::Approval*> ControlService::visible_approval(const api::Caller& caller,
                                                                   const std::string& id) const {
    const auto found = approvals_.find(id);
    if (!found || may_see(caller, (*found)->asked)) return found;
    return fail(ErrorCode::kNotFound, "no approval \"" + id.substr(0, 64) +
                                          "\" is known to you; those of others' sessions need "
                                          "role " +
                                          kSeeAll.text(" or "));
}

// Who asked is not who approves, unless the policy says so: also for an approver.
Status ControlService::may_answer(const api::Caller& caller, const v1::Record& asked) const {
    const std::string who = "uid " + std::to_string(caller.peer.uid);
    if (is_own(caller, asked)) {
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

v1::Approval ControlService::describe(const api::Caller& caller,
                                      const decision::Approval& approval) const {
    v1::Approval out;
    out.set_id(approval.id);
    *out.mutable_asked() = approval.asked;
    const auto left = static_cast<std::int64_t>(approval.deadline - clock_.boot_nanos());
    out.set_deadline(TimeText(clock_.unix_nanos() + left).c_str());
    out.set_seconds_left(left / 1'000'000'000);
    if (approval.answer)
        out.set_answer(*approval.answer == BAILIFF_VERDICT_ALLOW ? "allow" : "deny");
    out.set_may_answer(may_answer(caller, approval.asked).has_value());
    journal::make_utf8(out);
    return out;
}

Result<v1::ListApprovalsResponse> ControlService::list_approvals(const api::Caller& caller,
                                                                 const v1::ListApprovalsRequest&) {
    hooks_.drain_events();
    v1::ListApprovalsResponse response;
    for (const decision::Approval* approval : approvals_.list())
        if (may_see(caller, approval->asked))
            *response.add_approvals() = describe(caller, *approval);
    return response;
}

Result<v1::GetApprovalResponse> ControlService::get_approval(
    const api::Caller& caller, const v1::GetApprovalRequest& request) {
    hooks_.drain_events();
    const auto found = visible_approval(caller, request.approval());
    if (!found) return tl::unexpected(found.error());
    v1::GetApprovalResponse response;
    *response.mutable_approval() = describe(caller, **found);
    return response;
}

Status ControlService::give_answer(const std::string& approval, bailiff_verdict verdict,
                                   v1::Record record) {
    journal_.record(record);
    Status given = approvals_.answer(approval, verdict);
    if (!given) {
        record.set_kind("approval.failed");
        record.clear_verdict();
        record.set_reason("failed");
        record.set_message("the answer did not reach the kernel: " + given.error().message());
        journal_.record(std::move(record));
    }
    hooks_.answered();
    return given;
}

Result<v1::AnswerApprovalResponse> ControlService::answer_approval(
    const api::Caller& caller, const v1::AnswerApprovalRequest& request) {
    hooks_.drain_events();
    const auto found = visible_approval(caller, request.approval());
    if (!found) return tl::unexpected(found.error());
    if (Status may = may_answer(caller, (*found)->asked); !may) return tl::unexpected(may.error());
    if (Status short_enough = check_reason(request.reason()); !short_enough)
        return tl::unexpected(short_enough.error());
    const auto terms = terms_of(request);
    if (!terms) return tl::unexpected(terms.error());
    const decision::Approval approval = **found;
    v1::Record record = answer_record(approval, request.approve(), by(caller), request.reason());
    record.set_terms(decision::terms_text(*terms));
    const auto verdict = request.approve() ? BAILIFF_VERDICT_ALLOW : BAILIFF_VERDICT_DENY;
    if (Status open = approvals_.check(approval.id); !open) return tl::unexpected(open.error());
    if (Status kept =
            standing_answers_.add(approval, verdict, *terms, by(caller), request.reason());
        !kept)
        return tl::unexpected(kept.error());
    if (Status given = give_answer(approval.id, verdict, std::move(record)); !given) {
        standing_answers_.withdraw(approval.id);
        return tl::unexpected(given.error());
    }
    v1::AnswerApprovalResponse response;
    if (const auto answered = approvals_.find(approval.id))
        *response.mutable_approval() = describe(caller, **answered);
    return response;
}

void ControlService::meet_hold(std::uint64_t hold) {
    const std::string id = approval_id(hold);
    if (!approvals_.check(id)) return;
    const auto found = approvals_.find(id);
    const auto standing = standing_answers_.take(**found);
    if (!standing) return;
    const bool approve = standing->verdict == BAILIFF_VERDICT_ALLOW;
    v1::Record record = answer_record(**found, approve, standing->by, standing->reason);
    record.set_terms("good from approval " + standing->approval);
    (void)give_answer(id, standing->verdict, std::move(record)); // else it waits like others
}

} // namespace bailiff::daemon
