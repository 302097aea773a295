// Daemon: bailiffd's parts and the loop that drives them: kernel events, timers, mounts, signals,
// the control socket. One thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <set>
#include <string>

#include "api/server.h"
#include "bailiffd/journal.h"
#include "bailiffd/lost_events.h"
#include "bailiffd/posture.h"
#include "bailiffd/preserver.h"
#include "bailiffd/service.h"
#include "decision/approvals.h"
#include "decision/refusals.h"
#include "kernel/client.h"
#include "session/event_reader.h"
#include "session/manager.h"

namespace bailiff::daemon {

// What the command line says, with its defaults.
struct Options {
    std::string policy = "/etc/bailiff/policy.yaml";
    std::string state_folder = "/var/lib/bailiff";
    std::string kernel_folder = "/run/bailiff-kernel";
    std::string socket = "/run/bailiff/control.sock";
};

class Daemon {
public:
    // Connects, loads the policy, probes, listens: after it the daemon is ready. kUnavailable where
    // bailiff-kernel does not answer, kInvalidArgument with the policy's problems, kAlreadyExists
    // where another daemon serves the socket, else what kept it from starting.
    [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(const Options& options);
    // Until SIGTERM or SIGINT, or until it can no longer do its work: kInternal.
    [[nodiscard]] Status run();
    // As last judged, at most a minute ago.
    [[nodiscard]] const Posture& posture() const { return posture_; }

private:
    explicit Daemon(Options options) : options_(std::move(options)) {}
    [[nodiscard]] Status open_parts();
    [[nodiscard]] Status open_manager();
    [[nodiscard]] Result<std::uint32_t> load_policy();
    void drain_events();
    void take_holds();
    void meet_preserve(const bailiff_event& event);
    void meet_not_kept(const Preserver::NotKept& refused);
    void meet_hold(const bailiff_event& event, const v1::Record& record);
    void probe();
    [[nodiscard]] std::string journal_detachment();
    [[nodiscard]] Writing writing() const;
    void tell_notes();
    void label_mounts();
    void every_second();
    void every_minute();
    void watch(const session::Session& session);
    void watch_restored();
    [[nodiscard]] boost::asio::awaitable<void> read_ring();
    [[nodiscard]] boost::asio::awaitable<void> tick();
    [[nodiscard]] boost::asio::awaitable<void> let_go_on();
    [[nodiscard]] boost::asio::awaitable<void> keep_in_turn();
    [[nodiscard]] boost::asio::awaitable<void> watch_mounts();
    [[nodiscard]] boost::asio::awaitable<void> handle_signals();
    [[nodiscard]] boost::asio::awaitable<void> watch_leader(std::string session, pid_t pid,
                                                            std::uint64_t start_time);
    void note(const std::string& kind, const std::string& reason, const std::string& message);
    void stop(Status why);

    Options options_;
    SystemClock clock_;
    boost::asio::io_context context_{1};
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<kernel::Client> port_;
    std::unique_ptr<token::ReplayCache> replay_;
    std::unique_ptr<session::Containers> containers_;
    std::unique_ptr<session::Manager> manager_;
    std::unique_ptr<session::EventReader> events_;
    std::unique_ptr<decision::Approvals> approvals_;
    std::unique_ptr<Preserver> preserver_;
    decision::Refusals refusals_;
    boost::asio::steady_timer answers_{context_}; // cancelled when there is one
    boost::asio::steady_timer keeping_{context_}; // cancelled when there is something to preserve
    std::unique_ptr<ControlService> service_;
    std::unique_ptr<api::Server> server_;
    Posture posture_;
    Writing judged_with_; // what the posture was judged with
    std::unique_ptr<LostEvents> lost_events_;
    std::uint64_t ticks_ = 0;
    bool drains_again_ = false;  // that is posted
    std::set<std::string> told_; // notes of the policy's tables
    Status result_;
};

} // namespace bailiff::daemon
