// A Service that answers from what the test set, and a server in front of it on its own thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/server.h"
#include "api/service.h"

namespace bailiff::api {

// A folder of its own, removed with all below it.
class ScratchFolder {
public:
    ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();
    [[nodiscard]] std::string operator/(const std::string& name) const;

private:
    std::string path_ = "/tmp/bailiff-test-XXXXXX";
};

// Set the public members before the server runs, or between two calls; calls() may be read at any
// time.
class FakeService final : public Service {
public:
    Subjection subject;
    std::optional<Error> subject_error;
    Roles its_roles{RoleGroups{{"*"}, {"*"}, {"*"}, {"*"}}};
    std::string session_of_caller;
    bool throws = false;
    bool hold_reads = false; // read_events waits as long as the server lives
    std::function<Result<v1::OpenSessionResponse>(const Caller&, const v1::OpenSessionRequest&)>
        on_open;
    std::function<Result<v1::ReadEventsResponse>(const v1::ReadEventsRequest&)> on_read;
    std::function<Result<v1::RenewSessionResponse>(const v1::RenewSessionRequest&)> on_renew;
    std::function<Result<v1::GetSessionResponse>(const v1::GetSessionRequest&)> on_get;
    std::function<Result<v1::ListSessionsResponse>(const v1::ListSessionsRequest&)> on_list;
    std::function<Result<v1::BreakGlassResponse>(const v1::BreakGlassRequest&)> on_break_glass;
    v1::ListApprovalsResponse approvals; // what waits; GetApproval shows the first
    std::vector<v1::AnswerApprovalRequest> answers;
    v1::ListStandingAnswersResponse standing_answers;
    std::vector<v1::WithdrawStandingAnswerRequest> withdrawals;
    std::vector<v1::Preserved> preserved;        // the oldest first; two of them in each answer
    std::map<std::string, std::string> problems; // of a restore, by action
    std::vector<v1::RestorePreservedRequest> restores;
    int restored_at_once = 256; // of one of them
    v1::GetStatusResponse status;

    [[nodiscard]] std::vector<std::string> calls();

    Result<Subjection> subject_of(const Peer&) override;
    const Roles& roles() const override { return its_roles; }

    Result<v1::OpenSessionResponse> open_session(const Caller& caller,
                                                 const v1::OpenSessionRequest& request) override;
    Result<v1::RenewSessionResponse> renew_session(const Caller&,
                                                   const v1::RenewSessionRequest& request) override;
    Result<v1::EndSessionResponse> end_session(const Caller&,
                                               const v1::EndSessionRequest& request) override;
    Result<v1::RevokeSessionResponse> revoke_session(const Caller&,
                                                     const v1::RevokeSessionRequest&) override;
    Result<v1::ListSessionsResponse> list_sessions(const Caller&,
                                                   const v1::ListSessionsRequest& request) override;
    Result<v1::GetSessionResponse> get_session(const Caller&,
                                               const v1::GetSessionRequest& request) override;
    boost::asio::awaitable<Result<v1::ReadEventsResponse>> read_events(
        const Caller&, const v1::ReadEventsRequest& request) override;
    Result<v1::GetStatusResponse> get_status(const Caller&, const v1::GetStatusRequest&) override;
    Result<v1::BreakGlassResponse> break_glass(const Caller&,
                                               const v1::BreakGlassRequest& request) override;
    Result<v1::ListApprovalsResponse> list_approvals(const Caller&,
                                                     const v1::ListApprovalsRequest&) override;
    Result<v1::GetApprovalResponse> get_approval(const Caller&,
                                                 const v1::GetApprovalRequest& request) override;
    Result<v1::AnswerApprovalResponse> answer_approval(
        const Caller&, const v1::AnswerApprovalRequest& request) override;
    Result<v1::ListStandingAnswersResponse> list_standing_answers(
        const Caller&, const v1::ListStandingAnswersRequest&) override;
    Result<v1::WithdrawStandingAnswerResponse> withdraw_standing_answer(
        const Caller&, const v1::WithdrawStandingAnswerRequest& request) override;
    Result<v1::ListPreservedResponse> list_preserved(
        const Caller&, const v1::ListPreservedRequest& request) override;
    Result<v1::RestorePreservedResponse> restore_preserved(
        const Caller&, const v1::RestorePreservedRequest& request) override;
    Result<v1::ReloadPolicyResponse> reload_policy(const Caller&,
                                                   const v1::ReloadPolicyRequest&) override;
    Result<v1::GetRefusalResponse> get_refusal(const Caller&,
                                               const v1::GetRefusalRequest&) override;
    Result<v1::WhoAmIResponse> who_am_i(const Caller& caller, const v1::WhoAmIRequest&) override;

private:
    void note(std::string method);
    std::mutex mutex_;
    std::vector<std::string> calls_;
};

// Serves `service` at path() from start() until destruction.
class LiveServer {
public:
    FakeService service;
    ServerOptions options;

    LiveServer();
    LiveServer(const LiveServer&) = delete;
    LiveServer& operator=(const LiveServer&) = delete;
    ~LiveServer();

    Status start();
    [[nodiscard]] std::string path() const { return options.path; }
    [[nodiscard]] const ScratchFolder& folder() const { return folder_; }

private:
    ScratchFolder folder_;
    boost::asio::io_context context_{1};
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

} // namespace bailiff::api
