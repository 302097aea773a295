// The start of bailiff-kernel, in steps that main strings together: take over or make the pins,
// attach the new programs beside the old, prove them, let the old ones go.
#pragma once

#include <string>

#include "base/result.h"
#include "kernel/canary.h"
#include "kernel/detach.h"
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

// Loads and attaches, proves the new programs by a probe of each family, and only then retires
// those of an earlier run, so that there is no moment in which nothing is enforced. Where they
// prove less than every family and there is an earlier run, that stays and this fails.
[[nodiscard]] Result<Programs> start(const Options& options);

// Opens the socket for bailiffd.
[[nodiscard]] Result<Server> serve(const Options& options);

// Is every family enforced, by an attachment that cannot be skipped?
[[nodiscard]] bool all_enforcing(const WirePosture& posture);

// One line a family, for people and the log.
[[nodiscard]] std::string describe(const WirePosture& posture);

} // namespace bailiff::kernel
