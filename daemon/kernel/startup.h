// The start of bailiff-kernel, in steps that main strings together: take over or make the pins,
// attach the new programs beside the old, prove them, let the old ones go.
#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "kernel/canary.h"
#include "kernel/detach.h"
#include "kernel/programs.h"
#include "kernel/server.h"
#include "undo/store.h"

namespace bailiff::kernel {

// What the command line says, with its defaults.
struct Options {
    std::string pin_root = "/sys/fs/bpf/bailiff";
    std::string run_folder = "/run/bailiff-kernel";
    std::string undo_folder = "/var/lib/bailiff-kernel/undo";
    std::string daemon_user = "bailiff";
    std::string attachment = "auto"; // auto, lsm, fmod_ret
    std::set<std::string> without;   // optional programs to do without (kernel/optional.h)
    bool detach = false;             // end all enforcement
    bool once = false;               // load, attach and prove, but do not serve
};

// kInvalidArgument where an option cannot be meant, kFailedPrecondition where there is no account
// `daemon_user` and a socket will be made for it. Touches nothing: to be asked first.
[[nodiscard]] Status check_options(const Options& options);

// Loads and attaches, proves the new programs by a probe of each family, and only then retires
// those of an earlier run, so that there is no moment in which nothing is enforced. Where they
// prove less than every family and there is an earlier run, that stays and this fails.
// kFailedPrecondition: the kernel refuses the programs, they do not prove themselves, or the pinned
// maps are another version's; else kInternal.
[[nodiscard]] Result<Programs> start(const Options& options);

// Opens the store of what is kept for undo, and makes its folder where that is missing. Its errors
// are for who asks for something to be kept.
[[nodiscard]] Result<undo::Store> open_store(const Options& options);

// Opens the socket for bailiffd, in the run folder that it makes where it is missing.
// kFailedPrecondition without the account `daemon_user`, kAlreadyExists where another
// bailiff-kernel answers on the socket, else kInternal.
[[nodiscard]] Result<Server> serve(const Options& options);

// Is every family enforced, by an attachment that cannot be skipped?
[[nodiscard]] bool all_enforcing(const WirePosture& posture);

// One line a family, for people and the log.
[[nodiscard]] std::string describe(const WirePosture& posture);

} // namespace bailiff::kernel
