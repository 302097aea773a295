// The child of `run`: opens the session itself, so that the kernel enforces it from the child's
// own first step, and becomes the command. Forked from a process with one thread.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "bailiff/control.pb.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ctl/relay.h"
#include "ctl/secret.h"

namespace bailiff::ctl {

struct RunOptions {
    std::string socket;
    TokenSource token;
    std::string proof_command; // reads the token on its standard input, prints the proof
    std::string workspace;     // absolute, or empty
    std::string task_note;
    bool wait_tree = false;
    bool interactive = false; // ask at the terminal what may be answered there
    bool verbose = false;
    std::vector<std::string> command;
};

// What the child tells its parent over a pipe that exec closes.
struct ChildReport {
    std::optional<v1::OpenSessionResponse> opened;
    std::optional<Error> refused; // no session; the child ends with kExitRunFailed
    int exec_errno = 0;           // the command could not be run; the child ends
};

struct Child {
    pid_t pid = -1;
    UniqueFd reports;
};

// `mask`: the signal mask that the command gets; `relay`: its standard streams, prepared.
[[nodiscard]] Result<Child> start_child(const RunOptions& options, const sigset_t& mask,
                                        const Relay& relay);

// Splits the bytes of the pipe into what they say; incomplete ones stay in `bytes`.
void take_reports(std::string& bytes, ChildReport& report);

// The proof for `token`, or empty where no proof command is given.
[[nodiscard]] Result<std::string> make_proof(const RunOptions& options, const std::string& token,
                                             int cancel_fd = -1);

// 127 for a command that is not there, 126 for one that cannot be run, as shells do.
[[nodiscard]] int exec_failure_status(int error_number);

} // namespace bailiff::ctl
