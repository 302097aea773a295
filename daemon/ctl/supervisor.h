// Supervisor: the parent of `run`. It stays outside the session, passes signals on to the command,
// watches and ends the session. One thread, apart from the watcher's.
#pragma once

#include <signal.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ctl/asker.h"
#include "ctl/child.h"
#include "ctl/client.h"
#include "ctl/relay.h"
#include "ctl/watcher.h"

namespace bailiff::ctl {

class Supervisor {
public:
    // `options` outlives it.
    explicit Supervisor(const RunOptions& options) : options_(options), client_(options.socket) {}

    // Runs the command to its end. The exit status of the command, 128 and the signal that killed
    // it, or an error where bailiff could not run it.
    [[nodiscard]] Result<int> run();

private:
    [[nodiscard]] Status block_signals(sigset_t& before);
    [[nodiscard]] Status supervise();
    void read_reports();
    void read_signals();
    void wait_for_tree();
    void finish_session();
    [[nodiscard]] Result<v1::Session> look();
    void end_session(v1::Session& session);
    void tell_end(const v1::Session& session, bool by_us) const;
    [[nodiscard]] const std::string& session_id() const { return report_.opened->session().id(); }
    [[nodiscard]] int exit_status() const;

    const RunOptions& options_;
    Client client_;
    Relay relay_;
    Child child_;
    UniqueFd signals_; // signalfd
    std::string bytes_;
    ChildReport report_;
    std::optional<Watcher> watcher_;
    std::optional<Terminal> terminal_; // until the asker has it
    std::optional<Asker> asker_;
    std::optional<int> wait_status_; // of the child, once it has ended
    bool interrupted_ = false;       // asked to end after the child was gone
};

} // namespace bailiff::ctl
