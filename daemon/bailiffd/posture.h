// Posture: what the daemon can prove about its own enforcement, now. I/O thread only.
#pragma once

#include <string>

#include "kernel/port.h"

namespace bailiff::daemon {

struct Posture {
    std::string state = "DOWN"; // ENFORCING, DEGRADED, OBSERVING, DOWN
    std::string detail = "no probe has run yet";
    std::string remedy;
    std::string pins = "ok"; // or what is not pinned, or was removed and pinned again, and when
    kernel::KernelPosture kernel;

    friend bool operator==(const Posture& a, const Posture& b) {
        return a.state == b.state && a.detail == b.detail;
    }
};

// What the daemon must be able to write, in its own words: "ok" or what is wrong.
struct Writing {
    std::string journal = "ok";
    std::string used_tokens = "ok";

    // Whether the same things work; the words change while something does not.
    [[nodiscard]] bool same_as(const Writing& other) const {
        return (journal == "ok") == (other.journal == "ok") &&
               (used_tokens == "ok") == (other.used_tokens == "ok");
    }
};

// From the last probes, the policy's mode and what can be written. `detachment` says who ended all
// enforcement; it counts where bailiff-kernel does not answer.
[[nodiscard]] Posture judge_posture(const Result<kernel::KernelPosture>& probes, bool observe,
                                    const Writing& writing, const std::string& detachment = {});

// Posture::pins from the last probes, the same before them, and the time now.
[[nodiscard]] std::string describe_pins(const kernel::KernelPosture& probes,
                                        const std::string& before, const std::string& time);

// What the journal says about pins that had to be made again.
[[nodiscard]] std::string mended_text(const kernel::KernelPosture& probes);

} // namespace bailiff::daemon
