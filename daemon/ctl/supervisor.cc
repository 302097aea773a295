#include "ctl/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ctl/context.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;
using std::chrono::milliseconds;

constexpr int kForwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
constexpr milliseconds kTreePoll{500};
// A command that failed may have failed by a denial that is still on its way.
constexpr milliseconds kLastDenial{100};

} // namespace

Status Supervisor::block_signals(sigset_t& before) {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    for (int signal : kForwarded) sigaddset(&ours, signal);
    if (sigprocmask(SIG_BLOCK, &ours, &before) != 0) return fail_errno("sigprocmask", errno);
    // A parent that ignores SIGCHLD would pass that on, and no child could be waited for.
    signal(SIGCHLD, SIG_DFL);
    signals_.reset(signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd", errno);
    return {};
}

Result<int> Supervisor::run() {
    sigset_t before;
    if (Status blocked = block_signals(before); !blocked) {
        return tl::unexpected<Error>(blocked.error());
    }
    Result<Child> child = start_child(options_, before);
    if (!child) return tl::unexpected<Error>(child.error());
    child_ = std::move(*child);
    signal(SIGPIPE, SIG_IGN); // a reader of our messages that is gone must not end the session
    if (options_.token.fd > STDERR_FILENO) close(options_.token.fd); // the child's to read
    if (Status supervised = supervise(); !supervised) {
        return tl::unexpected<Error>(supervised.error());
    }
    if (report_.exec_errno != 0) {
        std::fprintf(stderr, "bailiffctl: cannot run %s: %s\n",
                     escape(options_.command.front()).c_str(), std::strerror(report_.exec_errno));
    }
    if (report_.session) finish_session();
    if (report_.refused) return tl::unexpected<Error>(*report_.refused);
    if (!report_.session && !WIFSIGNALED(*wait_status_)) {
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
    if (!report_.session || watcher_) return;
    if (options_.verbose) {
        std::fprintf(stderr, "bailiff: session %s opened for %s, expires %s\n",
                     escape(report_.session->id()).c_str(), escape(report_.session->user()).c_str(),
                     escape(report_.session->expires()).c_str());
    }
    watcher_.emplace(options_, *report_.session);
    watcher_->start();
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
        if (wait_status_ && signal != SIGWINCH) interrupted_ = true;
    }
}

std::optional<v1::Session> Supervisor::look() {
    v1::GetSessionRequest request;
    request.set_session(report_.session->id());
    v1::GetSessionResponse response;
    const Status got = client_.call("GetSession", request, response);
    if (got) return response.session();
    std::fprintf(stderr, "bailiff: how session %s stands is unknown: %s\n",
                 escape(request.session()).c_str(), got.error().message().c_str());
    return std::nullopt;
}

void Supervisor::wait_for_tree() {
    while (!interrupted_) {
        const std::optional<v1::Session> session = look();
        if (!session || session->state() != "active" || session->tasks() == 0) return;
        pollfd signals{.fd = signals_.get(), .events = POLLIN, .revents = 0};
        poll(&signals, 1, static_cast<int>(kTreePoll.count()));
        read_signals();
    }
}

void Supervisor::tell_end(const v1::Session& session) const {
    const bool remarkable = session.state() == "expired" || session.state() == "revoked";
    if (!remarkable && !options_.verbose) return;
    const std::string& why = session.why().empty() ? session.state() : session.why();
    std::fprintf(stderr, "bailiff: session %s %s\n", escape(report_.session->id()).c_str(),
                 escape(why).c_str());
}

void Supervisor::finish_session() {
    if (options_.wait_tree && report_.exec_errno == 0) wait_for_tree();
    if (watcher_) {
        watcher_->stop();
        watcher_->drain(client_, exit_status() == 0 ? milliseconds(0) : kLastDenial);
    }
    std::optional<v1::Session> session = look();
    if (session && session->state() == "active") {
        v1::EndSessionRequest request;
        request.set_session(report_.session->id());
        v1::EndSessionResponse response;
        const Status ended = client_.call("EndSession", request, response);
        if (ended) {
            session = response.session();
        } else {
            std::fprintf(stderr, "bailiff: session %s could not be ended: %s\n",
                         escape(request.session()).c_str(), ended.error().message().c_str());
        }
        // Whatever was on its way when the command ended has arrived by now.
        if (watcher_) watcher_->drain(client_, milliseconds(0));
    }
    if (session) tell_end(*session);
}

int Supervisor::exit_status() const {
    return WIFSIGNALED(*wait_status_) ? 128 + WTERMSIG(*wait_status_) : WEXITSTATUS(*wait_status_);
}

} // namespace bailiff::ctl
