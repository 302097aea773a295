#include "bailiffd/service.h"

#include <optional>

#include "bailiffd/request.h"
#include "bailiffd/target.h"
#include "base/account.h"
#include "journal/utf8.h"
#include "journal/utf8_message.h"

namespace bailiff::daemon {
namespace {

session::Presenter presenter_of(const api::Peer& peer) {
    session::Presenter presenter;
    presenter.uid = peer.uid;
    presenter.pid = peer.pid;
    presenter.start_time = peer.start_time;
    presenter.still_there = [&peer] { return peer.still_same(); };
    if (std::optional<Account> account = account_by_uid(peer.uid)) {
        presenter.account = std::move(account->name);
        presenter.home = std::move(account->home);
    }
    return presenter;
}

} // namespace

ControlService::ControlService(session::Manager& manager, kernel::KernelPort& port,
                               Journal& journal, decision::Approvals& approvals,
                               const decision::Refusals& refusals, const Clock& clock,
                               ServiceHooks hooks)
    : manager_(manager),
      port_(port),
      journal_(journal),
      approvals_(approvals),
      refusals_(refusals),
      standing_answers_(clock),
      clock_(clock),
      hooks_(std::move(hooks)) {}

void ControlService::set_roles(const policy::RoleSettings& roles) {
    roles_ = api::Roles({roles.user, roles.approver, roles.auditor, roles.operators});
}

Result<api::Subjection> ControlService::subject_of(const api::Peer& peer) {
    return port_.subject_of(static_cast<std::uint32_t>(peer.pid)).map([this](std::uint32_t slot) {
        return api::Subjection{slot, !manager_.unbound_agent(slot).empty()};
    });
}

Result<const session::Session*> ControlService::visible(const api::Caller& caller,
                                                        const std::string& name,
                                                        api::RoleSet roles) const {
    const session::Session* session = manager_.find(name);
    if (session == nullptr || (session->uid != caller.peer.uid && !caller.roles.meets(roles)))
        return fail(ErrorCode::kNotFound, "no session \"" +
                                              std::string(journal::cut_utf8(name, 64)) +
                                              "\" is known to you; sessions of others "
                                              "need role " +
                                              roles.text(" or "));
    return session;
}

v1::Session ControlService::describe(const session::Session& session) const {
    v1::Session out;
    out.set_id(session.name);
    out.set_state(session::to_string(session.state));
    out.set_user_issuer(session.token.issuer);
    out.set_user(session.token.subject);
    for (const token::Actor& actor : session.token.actors) {
        v1::Actor* to = out.add_actors();
        to->set_issuer(actor.issuer);
        to->set_subject(actor.subject);
        to->set_profile(actor.profile);
    }
    out.set_actor_source(session.token.actor_source);
    out.set_task(session.token.task);
    out.set_task_note(session.task_note);
    out.set_agent(session.agent);
    out.set_workspace(session.variables.workspace);
    out.set_uid(session.uid);
    out.set_pid(static_cast<std::uint32_t>(session.pid));
    out.set_started(TimeText(session.started_at).c_str());
    out.set_expires(TimeText(session.token.expires_at * 1'000'000'000).c_str());
    out.set_seconds_left(session.token.expires_at - clock_.unix_seconds());
    const Result<std::uint32_t> tasks =
        session.state == session::State::kActive ? port_.count_tasks(session.subject) : 0;
    if (tasks) out.set_tasks(*tasks);
    for (const std::string& profile : session.profiles) out.add_profiles(profile);
    out.set_why(session.why);
    out.set_relaxed_until(manager_.relaxed_until(session));
    out.set_cgroup(session.cgroup);
    out.set_on_end(session.kill ? "kill" : "deny");
    journal::make_utf8(out);
    return out;
}

Result<v1::OpenSessionResponse> ControlService::open_session(
    const api::Caller& caller, const v1::OpenSessionRequest& request) {
    v1::OpenSessionResponse response;
    response.set_sequence(journal_.last_sequence());
    auto target = find_target(request, caller, port_);
    if (!target) return tl::unexpected(target.error());
    std::uint32_t tasks = 0;
    const auto opened =
        manager_.open({request.token(), request.proof(), request.workspace(), request.task_note(),
                       request.wait_tree(), std::move(*target)},
                      presenter_of(caller.peer), &tasks);
    if (!opened) return tl::unexpected(opened.error());
    hooks_.opened(**opened);
    *response.mutable_session() = describe(**opened);
    response.set_enrolled_tasks(tasks);
    return response;
}

Result<v1::RenewSessionResponse> ControlService::renew_session(
    const api::Caller& caller, const v1::RenewSessionRequest& request) {
    const auto session = visible(caller, request.session(), {});
    if (!session) return tl::unexpected(session.error());
    const auto renewed = manager_.renew(request.session(), request.token(), request.proof(),
                                        presenter_of(caller.peer));
    if (!renewed) return tl::unexpected(renewed.error());
    v1::RenewSessionResponse response;
    *response.mutable_session() = describe(**renewed);
    return response;
}

Result<v1::EndSessionResponse> ControlService::end_session(const api::Caller& caller,
                                                           const v1::EndSessionRequest& request) {
    const auto session = visible(caller, request.session(), {api::Role::kOperator});
    if (!session) return tl::unexpected(session.error());
    const auto ended = manager_.end(request.session(), "was ended by " + by(caller), by(caller));
    if (!ended) return tl::unexpected(ended.error());
    v1::EndSessionResponse response;
    *response.mutable_session() = describe(**ended);
    return response;
}

Result<v1::RevokeSessionResponse> ControlService::revoke_session(
    const api::Caller& caller, const v1::RevokeSessionRequest& request) {
    const auto session = visible(caller, request.session(), {api::Role::kOperator});
    if (!session) return tl::unexpected(session.error());
    if (Status short_enough = check_reason(request.reason()); !short_enough)
        return tl::unexpected(short_enough.error());
    const auto revoked = manager_.revoke(request.session(), request.reason(), by(caller));
    if (!revoked) return tl::unexpected(revoked.error());
    v1::RevokeSessionResponse response;
    *response.mutable_session() = describe(**revoked);
    return response;
}

Result<v1::ListSessionsResponse> ControlService::list_sessions(
    const api::Caller& caller, const v1::ListSessionsRequest& request) {
    const bool sees_all = caller.roles.meets({api::Role::kAuditor, api::Role::kOperator});
    v1::ListSessionsResponse response;
    for (const session::Session* session : manager_.list()) {
        if (!sees_all && session->uid != caller.peer.uid) continue;
        if (!request.all() && session->state != session::State::kActive) continue;
        *response.add_sessions() = describe(*session);
    }
    return response;
}

Result<v1::GetSessionResponse> ControlService::get_session(const api::Caller& caller,
                                                           const v1::GetSessionRequest& request) {
    const auto session =
        visible(caller, request.session(), {api::Role::kAuditor, api::Role::kOperator});
    if (!session) return tl::unexpected(session.error());
    v1::GetSessionResponse response;
    *response.mutable_session() = describe(**session);
    return response;
}

Result<v1::BreakGlassResponse> ControlService::break_glass(const api::Caller& caller,
                                                           const v1::BreakGlassRequest& request) {
    const auto session = visible(caller, request.session(), {api::Role::kOperator});
    if (!session) return tl::unexpected(session.error());
    const auto relaxed = manager_.break_glass(request.session(), request.token(), request.reason(),
                                              presenter_of(caller.peer));
    if (!relaxed) return tl::unexpected(relaxed.error());
    v1::BreakGlassResponse response;
    *response.mutable_session() = describe(**relaxed);
    return response;
}

Result<v1::ReloadPolicyResponse> ControlService::reload_policy(const api::Caller&,
                                                               const v1::ReloadPolicyRequest&) {
    const Result<std::uint32_t> revoked = hooks_.reload_policy();
    if (!revoked) return tl::unexpected(revoked.error());
    v1::ReloadPolicyResponse response;
    response.set_policy_file(manager_.tables()->policy().file);
    response.set_policy_digest(manager_.tables()->policy().digest);
    response.set_sessions_revoked(*revoked);
    return response;
}

Result<v1::GetRefusalResponse> ControlService::get_refusal(const api::Caller& caller,
                                                           const v1::GetRefusalRequest&) {
    const std::uint32_t slot = caller.subject.slot;
    if (slot == 0)
        return fail(ErrorCode::kFailedPrecondition,
                    "this process is not a subject: bailiff denies it nothing");
    hooks_.drain_events();
    const Result<bailiff_subject> subject = port_.get_subject(slot);
    if (!subject) return tl::unexpected(subject.error());
    v1::GetRefusalResponse response;
    if (const v1::Record* last = refusals_.last(slot, subject->generation, caller.peer.uid))
        *response.mutable_refused() = *last;
    journal::make_utf8(response);
    return response;
}

Result<v1::WhoAmIResponse> ControlService::who_am_i(const api::Caller& caller,
                                                    const v1::WhoAmIRequest&) {
    v1::WhoAmIResponse response;
    response.set_uid(caller.peer.uid);
    response.set_pid(static_cast<std::uint32_t>(caller.peer.pid));
    response.set_user(api::account_name(caller.peer.uid));
    response.set_subject(caller.subject.slot != 0);
    if (caller.subject.slot == 0) {
        for (const api::Role role : api::kAllRoles)
            if (caller.roles.has(role)) response.add_roles(api::role_name(role));
        journal::make_utf8(response);
        return response;
    }
    response.set_agent(manager_.unbound_agent(caller.subject.slot));
    if (const session::Session* session = manager_.find_subject(caller.subject.slot)) {
        response.set_session(session->name);
        response.set_session_user(session->token.subject);
        response.set_agent(session->agent);
    }
    journal::make_utf8(response);
    return response;
}

} // namespace bailiff::daemon
