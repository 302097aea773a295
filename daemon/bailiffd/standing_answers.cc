// The control service's methods for answers that are good for more than one act.
#include "bailiffd/request.h"
#include "bailiffd/service.h"
#include "journal/utf8.h"
#include "journal/utf8_message.h"

namespace bailiff::daemon {
namespace {

const char* answer_name(const decision::StandingAnswer& answer) {
    return answer.verdict == BAILIFF_VERDICT_ALLOW ? "allow" : "deny";
}

// What the journal says of a withdrawal: the question, the terms of the answer, and who withdrew
// it.
v1::Record withdrawal_record(const decision::StandingAnswer& answer, const std::string& who,
                             const std::string& why) {
    v1::Record record = answer.asked;
    record.clear_time();
    record.clear_sequence();
    record.clear_hook();
    record.clear_verdict();
    record.set_kind("approval.withdrawn");
    record.set_reason("withdrawn");
    record.set_by(who);
    record.set_message(why);
    const bool allowed = answer.verdict == BAILIFF_VERDICT_ALLOW;
    record.set_terms((allowed ? "approval for " : "denial for ") +
                     decision::terms_text(answer.terms));
    return record;
}

} // namespace

void ControlService::forget_old_answers() {
    standing_answers_.forget_sessions(
        [this](const std::string& name) { return manager_.is_over(name); });
}

v1::StandingAnswer ControlService::describe(const decision::StandingAnswer& answer) const {
    v1::StandingAnswer out;
    out.set_approval(answer.approval);
    out.set_answer(answer_name(answer));
    *out.mutable_asked() = answer.asked;
    out.set_given(TimeText(answer.given).c_str());
    out.set_by(answer.by);
    out.set_reason(answer.reason);
    out.set_scope(std::string(decision::scope_name(answer.terms.scope)));
    if (answer.terms.uses != 0) out.set_uses_left(answer.uses_left);
    if (answer.until != 0) {
        const auto left = static_cast<std::int64_t>(answer.until - clock_.boot_nanos());
        out.set_until(TimeText(clock_.unix_nanos() + left).c_str());
        out.set_seconds_left(left / 1'000'000'000);
    }
    journal::make_utf8(out);
    return out;
}

// What the caller may not see and what there is not are told alike, so that ids cannot be tried
// out.
Result<const decision::StandingAnswer*> ControlService::visible_standing_answer(
    const api::Caller& caller, const std::string& approval) {
    forget_old_answers();
    const decision::StandingAnswer* found = standing_answers_.find(approval);
    if (found != nullptr && may_see(caller, found->asked)) return found;
    return fail(ErrorCode::kNotFound, "no answer to approval \"" +
                                          std::string(journal::cut_utf8(approval, 64)) +
                                          "\" that you may see stands: it is used up, withdrawn "
                                          "or over, or was for one act");
}

// An approval that is gone lets less through: for that its own user is good enough.
Status ControlService::may_withdraw(const api::Caller& caller,
                                    const decision::StandingAnswer& answer) const {
    if (answer.verdict == BAILIFF_VERDICT_ALLOW && is_own(caller, answer.asked)) return {};
    return may_answer(caller, answer.asked);
}

Result<v1::ListStandingAnswersResponse> ControlService::list_standing_answers(
    const api::Caller& caller, const v1::ListStandingAnswersRequest&) {
    hooks_.drain_events();
    forget_old_answers();
    v1::ListStandingAnswersResponse response;
    for (const decision::StandingAnswer& answer : standing_answers_.list())
        if (may_see(caller, answer.asked)) *response.add_answers() = describe(answer);
    return response;
}

// What the kernel has yet to tell of is met after it, and is covered no more.
Result<v1::WithdrawStandingAnswerResponse> ControlService::withdraw_standing_answer(
    const api::Caller& caller, const v1::WithdrawStandingAnswerRequest& request) {
    const auto found = visible_standing_answer(caller, request.approval());
    if (!found) return tl::unexpected(found.error());
    if (Status may = may_withdraw(caller, **found); !may) return tl::unexpected(may.error());
    if (Status short_enough = check_reason(request.reason()); !short_enough)
        return tl::unexpected(short_enough.error());
    v1::WithdrawStandingAnswerResponse response;
    *response.mutable_withdrawn() = describe(**found);
    journal_.record(withdrawal_record(**found, by(caller), request.reason()));
    standing_answers_.withdraw(request.approval());
    return response;
}

} // namespace bailiff::daemon
