// The start of bailiff-kernel, in steps that main strings together: take over or make the pins,
// attach the new programs beside the old, prove them, let the old ones go.
#pragma once

#include <string>

#include "base/result.h"
#include "kernel/canary.h"
#include "kernel/programs.h"
#include "kernel/server.h"

namespace bailiff::kernel {

struct Options {
    std::string pin_root = "/sys/fs/bpf/bailiff";
    std::string run_folder = "/run/bailiff-kernel";
    std::string daemon_user = "bailiff";
    std::string attachment = "auto"; // auto, lsm, fmod_ret
    bool detach = false;
    bool once = false;
};

// Loads, attaches, and retires the programs of an earlier run once the new ones are attached, so
// that there is no moment in which nothing is enforced.
[[nodiscard]] Result<Programs> start(const Options& options);

// Opens the socket for bailiffd.
[[nodiscard]] Result<Server> serve(const Options& options);

[[nodiscard]] bool all_enforcing(const WirePosture& posture);

// One line a family, for people and the log.
[[nodiscard]] std::string describe(const WirePosture& posture);

} // namespace bailiff::kernel
