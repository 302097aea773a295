#include "tests/unit/api/fake_service.h"

#include <stdlib.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace bailiff::api {

ScratchFolder::ScratchFolder() {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::operator/(const std::string& name) const {
    return path_ + "/" + name;
}

std::vector<std::string> FakeService::calls() {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

Result<Subjection> FakeService::subject_of(const Peer&) {
    if (subject_error) return tl::unexpected<Error>(*subject_error);
    return subject;
}

Result<v1::OpenSessionResponse> FakeService::open_session(const Caller& caller,
                                                          const v1::OpenSessionRequest& request) {
    note("OpenSession");
    if (throws) throw std::runtime_error("a broken service");
    if (on_open) return on_open(caller, request);
    return v1::OpenSessionResponse{};
}

Result<v1::RenewSessionResponse> FakeService::renew_session(
    const Caller&, const v1::RenewSessionRequest& request) {
    note("RenewSession");
    if (on_renew) return on_renew(request);
    return v1::RenewSessionResponse{};
}

Result<v1::EndSessionResponse> FakeService::end_session(const Caller&,
                                                        const v1::EndSessionRequest& request) {
    note("EndSession");
    v1::EndSessionResponse response;
    response.mutable_session()->set_id(request.session());
    return response;
}

Result<v1::RevokeSessionResponse> FakeService::revoke_session(const Caller&,
                                                              const v1::RevokeSessionRequest&) {
    note("RevokeSession");
    return v1::RevokeSessionResponse{};
}

Result<v1::ListSessionsResponse> FakeService::list_sessions(
    const Caller&, const v1::ListSessionsRequest& request) {
    note("ListSessions");
    if (on_list) return on_list(request);
    return v1::ListSessionsResponse{};
}

Result<v1::GetSessionResponse> FakeService::get_session(const Caller&,
                                                        const v1::GetSessionRequest& request) {
    note("GetSession");
    if (on_get) return on_get(request);
    return v1::GetSessionResponse{};
}

boost::asio::awaitable<Result<v1::ReadEventsResponse>> FakeService::read_events(
    const Caller&, const v1::ReadEventsRequest& request) {
    note("ReadEvents");
    if (hold_reads) {
        boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                        boost::asio::steady_timer::time_point::max());
        co_await never.async_wait(boost::asio::use_awaitable);
    }
    if (on_read) co_return on_read(request);
    co_return v1::ReadEventsResponse{};
}

Result<v1::GetStatusResponse> FakeService::get_status(const Caller&, const v1::GetStatusRequest&) {
    note("GetStatus");
    return status;
}

Result<v1::ListApprovalsResponse> FakeService::list_approvals(const Caller&,
                                                              const v1::ListApprovalsRequest&) {
    note("ListApprovals");
    return approvals;
}

Result<v1::GetApprovalResponse> FakeService::get_approval(const Caller&,
                                                          const v1::GetApprovalRequest&) {
    note("GetApproval");
    v1::GetApprovalResponse response;
    if (approvals.approvals_size() > 0) *response.mutable_approval() = approvals.approvals(0);
    return response;
}

Result<v1::AnswerApprovalResponse> FakeService::answer_approval(
    const Caller&, const v1::AnswerApprovalRequest& request) {
    note("AnswerApproval");
    answers.push_back(request);
    return v1::AnswerApprovalResponse{};
}

Result<v1::ListStandingAnswersResponse> FakeService::list_standing_answers(
    const Caller&, const v1::ListStandingAnswersRequest&) {
    note("ListStandingAnswers");
    return standing_answers;
}

Result<v1::WithdrawStandingAnswerResponse> FakeService::withdraw_standing_answer(
    const Caller&, const v1::WithdrawStandingAnswerRequest& request) {
    note("WithdrawStandingAnswer");
    withdrawals.push_back(request);
    v1::WithdrawStandingAnswerResponse response;
    response.mutable_withdrawn()->set_approval(request.approval());
    return response;
}

Result<v1::ListPreservedResponse> FakeService::list_preserved(
    const Caller&, const v1::ListPreservedRequest& request) {
    note("ListPreserved");
    v1::ListPreservedResponse response;
    std::size_t at = request.after().empty() ? 0 : std::stoul(request.after());
    for (const std::size_t end = std::min(at + 2, preserved.size()); at < end; at++) {
        const v1::Preserved& one = preserved[at];
        const bool asked = (request.session().empty() || request.session() == one.session()) &&
                           (request.action().empty() || request.action() == one.action());
        if (asked) *response.add_preserved() = one;
    }
    if (at < preserved.size()) response.set_next(std::to_string(at));
    return response;
}

Result<v1::RestorePreservedResponse> FakeService::restore_preserved(
    const Caller&, const v1::RestorePreservedRequest& request) {
    note("RestorePreserved");
    restores.push_back(request);
    v1::RestorePreservedResponse response;
    for (const std::string& action : request.actions()) {
        if (response.outcomes_size() == restored_at_once) break;
        auto& outcome = *response.add_outcomes();
        outcome.set_action(action);
        outcome.set_path("/srv/" + action);
        outcome.set_problem(problems[action]);
    }
    return response;
}

Result<v1::BreakGlassResponse> FakeService::break_glass(const Caller&,
                                                        const v1::BreakGlassRequest& request) {
    note("BreakGlass");
    if (on_break_glass) return on_break_glass(request);
    return v1::BreakGlassResponse{};
}

Result<v1::ReloadPolicyResponse> FakeService::reload_policy(const Caller&,
                                                            const v1::ReloadPolicyRequest&) {
    note("ReloadPolicy");
    return v1::ReloadPolicyResponse{};
}

Result<v1::GetRefusalResponse> FakeService::get_refusal(const Caller&,
                                                        const v1::GetRefusalRequest&) {
    note("GetRefusal");
    return v1::GetRefusalResponse{};
}

Result<v1::WhoAmIResponse> FakeService::who_am_i(const Caller& caller, const v1::WhoAmIRequest&) {
    note("WhoAmI");
    v1::WhoAmIResponse response;
    response.set_uid(caller.peer.uid);
    response.set_pid(static_cast<std::uint32_t>(caller.peer.pid));
    response.set_subject(caller.subject.slot != 0);
    response.set_session(session_of_caller);
    return response;
}

void FakeService::note(std::string method) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(method));
}

LiveServer::LiveServer() {
    options.path = folder_ / "control.sock";
}

LiveServer::~LiveServer() {
    if (!server_) return;
    boost::asio::post(context_, [this] {
        server_->stop();
        context_.stop();
    });
    thread_.join();
}

Status LiveServer::start() {
    Result<std::unique_ptr<Server>> server = Server::open(context_, service, options);
    if (!server) return tl::unexpected<Error>(server.error());
    server_ = std::move(*server);
    thread_ = std::thread([this] { context_.run(); });
    return {};
}

} // namespace bailiff::api
