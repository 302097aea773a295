#include "ctl/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "ctl/context.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;
using std::chrono::milliseconds;

constexpr milliseconds kTreePoll{500};
// A command that failed may have failed by a denial that is still on its way.
constexpr milliseconds kLastDenial{100};

// Why a session ends when all is as it should be: bailiffd's words.
constexpr std::string_view kCommandExited = "ended: its command exited";
constexpr std::string_view kTreeExited = "ended: the last process of its tree exited";

// All that can be caught, except what the kernel sends for a fault or a write of our own, and what
// tells a program in the background that it may not use the terminal.
bool is_forwarded(int signal) {
    static constexpr int kOurs[] = {SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,  SIGKILL, SIGSEGV,
                                    SIGPIPE, SIGCHLD, SIGSTOP, SIGTTIN, SIGTTOU, SIGSYS};
    if (signal > SIGSYS && signal < SIGRTMIN) return false; // the C library's own
    return std::find(std::begin(kOurs), std::end(kOurs), signal) == std::end(kOurs);
}

bool is_request_to_end(int signal) {
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

} // namespace

Status Supervisor::block_signals(sigset_t& before) {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (is_forwarded(signal)) sigaddset(&ours, signal);
    }
    if (sigprocmask(SIG_BLOCK, &ours, &before) != 0) return fail_errno("sigprocmask", errno);
    // A parent that ignores SIGCHLD would pass that on, and no child could be waited for.
    signal(SIGCHLD, SIG_DFL);
    signals_.reset(signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd", errno);
    return {};
}

Result<int> Supervisor::run() {
    if (options_.interactive) {
        Result<Terminal> terminal = Terminal::open();
        if (!terminal) return tl::unexpected<Error>(terminal.error());
        terminal_ = std::move(*terminal);
    }
    sigset_t before;
    if (Status blocked = block_signals(before); !blocked) {
        return tl::unexpected<Error>(blocked.error());
    }
    if (Status prepared = relay_.prepare(); !prepared) {
        return tl::unexpected<Error>(prepared.error());
    }
    Result<Child> child = start_child(options_, before, relay_);
    if (!child) return tl::unexpected<Error>(child.error());
    child_ = std::move(*child);
    relay_.close_command_ends();
    signal(SIGPIPE, SIG_IGN); // a reader of our messages that is gone must not end the session
    if (options_.token.fd > STDERR_FILENO) UniqueFd(options_.token.fd).reset(); // the child's
    if (Status supervised = supervise(); !supervised) {
        return tl::unexpected<Error>(supervised.error());
    }
    if (report_.exec_errno != 0) {
        std::fprintf(stderr, "bailiffctl: cannot run %s: %s\n",
                     escape(options_.command.front()).c_str(), std::strerror(report_.exec_errno));
    }
    if (report_.opened) finish_session();
    if (report_.refused) return tl::unexpected<Error>(*report_.refused);
    if (!report_.opened && !WIFSIGNALED(*wait_status_)) {
        return fail(ErrorCode::kInternal, "the child ended before its session was open");
    }
    return exit_status();
}

Status Supervisor::supervise() {
    while (!wait_status_) {
        pollfd fds[] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                        {.fd = child_.reports.get(), .events = POLLIN, .revents = 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) return fail_errno("poll", errno);
        if (fds[1].revents != 0) read_reports();
        if (fds[0].revents != 0) read_signals();
    }
    while (child_.reports) read_reports(); // to its end: the child is gone
    return {};
}

void Supervisor::read_reports() {
    char bytes[4096];
    const ssize_t got = read(child_.reports.get(), bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return child_.reports.reset(); // poll() passes over descriptor -1
    bytes_.append(bytes, static_cast<std::size_t>(got));
    take_reports(bytes_, report_);
    if (!report_.opened || watcher_) return;
    const v1::Session& session = report_.opened->session();
    if (options_.verbose) {
        std::fprintf(stderr, "bailiff: session %s opened for %s, expires %s\n",
                     escape(session.id()).c_str(), escape(session.user()).c_str(),
                     escape(session.expires()).c_str());
    }
    watcher_.emplace(options_, session, report_.opened->sequence());
    watcher_->start();
    if (terminal_) {
        asker_.emplace(*std::exchange(terminal_, std::nullopt), options_.socket, session.id(),
                       report_.opened->sequence());
        asker_->start();
    }
    relay_.start(); // not before: the token may come from the standard input
}

void Supervisor::read_signals() {
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == sizeof info) {
        const int signal = static_cast<int>(info.ssi_signo);
        if (signal == SIGCHLD) {
            int status = 0;
            if (!wait_status_ && waitpid(child_.pid, &status, WNOHANG) == child_.pid) {
                wait_status_ = status;
            }
            continue;
        }
        // What the terminal sends, it sends to the command as well.
        const bool from_terminal = info.ssi_code == SI_KERNEL;
        if (!wait_status_ && !from_terminal) kill(child_.pid, signal);
        // As every process of a job: the shell waits until all are stopped.
        if (signal == SIGTSTP) raise(SIGSTOP);
        if (wait_status_ && is_request_to_end(signal)) interrupted_ = true;
    }
}

Result<v1::Session> Supervisor::look() {
    v1::GetSessionRequest request;
    request.set_session(session_id());
    v1::GetSessionResponse response;
    if (Status got = client_.call("GetSession", request, response); !got)
        return tl::unexpected<Error>(got.error());
    return response.session();
}

// A daemon that restarts knows the session again: until it answers nothing is over.
void Supervisor::wait_for_tree() {
    bool told = false;
    while (!interrupted_) {
        const Result<v1::Session> session = look();
        const bool silent = !session && session.error().code() == ErrorCode::kUnavailable;
        if (!session && !silent) return;
        if (session && session->state() != "active") return;
        if (session && session->has_tasks() && session->tasks() == 0) return;
        if (silent && !std::exchange(told, true)) {
            std::fprintf(stderr, "bailiff: waiting for the last process of session %s: %s\n",
                         escape(session_id()).c_str(), escape(session.error().message()).c_str());
        }
        pollfd signals{.fd = signals_.get(), .events = POLLIN, .revents = 0};
        poll(&signals, 1, static_cast<int>(kTreePoll.count()));
        read_signals();
    }
}

// Whatever ended it but the command itself is worth a word.
void Supervisor::tell_end(const v1::Session& session, bool by_us) const {
    const std::string& why = session.why();
    const bool usual =
        session.state() == "active" || by_us || why == kCommandExited || why == kTreeExited;
    if (usual && !options_.verbose) return;
    std::fprintf(stderr, "bailiff: session %s %s\n", escape(session_id()).c_str(),
                 escape(why.empty() ? session.state() : why).c_str());
}

void Supervisor::finish_session() {
    if (options_.wait_tree && report_.exec_errno == 0) wait_for_tree();
    if (asker_) asker_->stop();
    if (watcher_) {
        watcher_->stop();
        watcher_->drain(client_, exit_status() == 0 ? milliseconds(0) : kLastDenial);
    }
    Result<v1::Session> session = look();
    if (!session) {
        std::fprintf(stderr, "bailiff: how session %s stands is unknown: %s\n",
                     escape(session_id()).c_str(), escape(session.error().message()).c_str());
        return;
    }
    const bool by_us = session->state() == "active";
    if (by_us) end_session(*session);
    relay_.finish(); // nobody can write any more
    tell_end(*session, by_us);
}

void Supervisor::end_session(v1::Session& session) {
    v1::EndSessionRequest request;
    request.set_session(session_id());
    v1::EndSessionResponse response;
    if (const Status ended = client_.call("EndSession", request, response); ended) {
        session = response.session();
    } else {
        std::fprintf(stderr, "bailiff: session %s could not be ended: %s\n",
                     escape(session_id()).c_str(), escape(ended.error().message()).c_str());
    }
    // Whatever was on its way when the command ended has arrived by now.
    if (watcher_) watcher_->drain(client_, milliseconds(0));
}

int Supervisor::exit_status() const {
    return WIFSIGNALED(*wait_status_) ? 128 + WTERMSIG(*wait_status_) : WEXITSTATUS(*wait_status_);
}

} // namespace bailiff::ctl
