// A Service that answers from what the test set, and a server in front of it on its own thread.
#pragma once

#include <stdlib.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/server.h"
#include "api/service.h"

namespace bailiff::api {

// A folder of its own, removed with all below it.
class ScratchFolder {
public:
    ScratchFolder() {
        if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }

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
    v1::GetStatusResponse status;

    [[nodiscard]] std::vector<std::string> calls() {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

    Result<Subjection> subject_of(const Peer&) override {
        if (subject_error) return tl::unexpected<Error>(*subject_error);
        return subject;
    }
    const Roles& roles() const override { return its_roles; }

    Result<v1::OpenSessionResponse> open_session(const Caller& caller,
                                                 const v1::OpenSessionRequest& request) override {
        note("OpenSession");
        if (throws) throw std::runtime_error("a broken service");
        if (on_open) return on_open(caller, request);
        return v1::OpenSessionResponse{};
    }
    Result<v1::RenewSessionResponse> renew_session(
        const Caller&, const v1::RenewSessionRequest& request) override {
        note("RenewSession");
        if (on_renew) return on_renew(request);
        return v1::RenewSessionResponse{};
    }
    Result<v1::EndSessionResponse> end_session(const Caller&,
                                               const v1::EndSessionRequest& request) override {
        note("EndSession");
        v1::EndSessionResponse response;
        response.mutable_session()->set_id(request.session());
        return response;
    }
    Result<v1::RevokeSessionResponse> revoke_session(const Caller&,
                                                     const v1::RevokeSessionRequest&) override {
        note("RevokeSession");
        return v1::RevokeSessionResponse{};
    }
    Result<v1::ListSessionsResponse> list_sessions(
        const Caller&, const v1::ListSessionsRequest& request) override {
        note("ListSessions");
        if (on_list) return on_list(request);
        return v1::ListSessionsResponse{};
    }
    Result<v1::GetSessionResponse> get_session(const Caller&,
                                               const v1::GetSessionRequest& request) override {
        note("GetSession");
        if (on_get) return on_get(request);
        return v1::GetSessionResponse{};
    }
    boost::asio::awaitable<Result<v1::ReadEventsResponse>> read_events(
        const Caller&, const v1::ReadEventsRequest& request) override {
        note("ReadEvents");
        if (hold_reads) {
            boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                            boost::asio::steady_timer::time_point::max());
            co_await never.async_wait(boost::asio::use_awaitable);
        }
        if (on_read) co_return on_read(request);
        co_return v1::ReadEventsResponse{};
    }
    Result<v1::GetStatusResponse> get_status(const Caller&, const v1::GetStatusRequest&) override {
        note("GetStatus");
        return status;
    }
    Result<v1::BreakGlassResponse> break_glass(const Caller&,
                                               const v1::BreakGlassRequest& request) override {
        note("BreakGlass");
        if (on_break_glass) return on_break_glass(request);
        return v1::BreakGlassResponse{};
    }
    Result<v1::ReloadPolicyResponse> reload_policy(const Caller&,
                                                   const v1::ReloadPolicyRequest&) override {
        note("ReloadPolicy");
        return v1::ReloadPolicyResponse{};
    }
    Result<v1::WhoAmIResponse> who_am_i(const Caller& caller, const v1::WhoAmIRequest&) override {
        note("WhoAmI");
        v1::WhoAmIResponse response;
        response.set_uid(caller.peer.uid);
        response.set_pid(static_cast<std::uint32_t>(caller.peer.pid));
        response.set_subject(caller.subject.slot != 0);
        response.set_session(session_of_caller);
        return response;
    }

private:
    void note(std::string method) {
        const std::scoped_lock lock(mutex_);
        calls_.push_back(std::move(method));
    }
    std::mutex mutex_;
    std::vector<std::string> calls_;
};

// Serves `service` at path() from start() until destruction.
class LiveServer {
public:
    FakeService service;
    ServerOptions options;

    LiveServer() { options.path = folder_ / "control.sock"; }
    LiveServer(const LiveServer&) = delete;
    LiveServer& operator=(const LiveServer&) = delete;
    ~LiveServer() {
        if (!server_) return;
        boost::asio::post(context_, [this] {
            server_->stop();
            context_.stop();
        });
        thread_.join();
    }

    Status start() {
        Result<std::unique_ptr<Server>> server = Server::open(context_, service, options);
        if (!server) return tl::unexpected<Error>(server.error());
        server_ = std::move(*server);
        thread_ = std::thread([this] { context_.run(); });
        return {};
    }
    [[nodiscard]] std::string path() const { return options.path; }
    [[nodiscard]] const ScratchFolder& folder() const { return folder_; }

private:
    ScratchFolder folder_;
    boost::asio::io_context context_{1};
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

} // namespace bailiff::api
