// Posture: what the daemon can prove about its own enforcement, now. I/O thread only.
#pragma once

#include <string>

#include "kernel/port.h"

namespace bailiff::daemon {

struct Posture {
    std::string state = "DOWN"; // ENFORCING, DEGRADED, OBSERVING, DOWN
    std::string detail = "no probe has run yet";
    std::string remedy;
    kernel::KernelPosture kernel;

    friend bool operator==(const Posture& a, const Posture& b) {
        return a.state == b.state && a.detail == b.detail;
    }
};

// From the last probes, the policy's mode and the journal's own word ("ok" or what is wrong).
[[nodiscard]] Posture judge_posture(const Result<kernel::KernelPosture>& probes, bool observe,
                                    const std::string& journal);

} // namespace bailiff::daemon
