// Preserver: keeps what an act that waits would destroy, and lets the act happen. I/O thread only.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "bailiff/abi.h"
#include "base/clock.h"
#include "base/result.h"
#include "kernel/port.h"
#include "session/manager.h"

namespace bailiff::daemon {

// Does the row or event say that its act waits for being kept?
[[nodiscard]] bool waits_to_be_kept(const bailiff_event& event);

class Preserver {
public:
    // All outlive it.
    Preserver(kernel::KernelPort& port, const session::Manager& manager, const Clock& clock)
        : port_(port), manager_(manager), clock_(clock) {}

    // An error says why the object was not kept; its act then waits for an answer of somebody. No
    // error where nothing waits any more, or bailiff-kernel is silent for a moment: then it is
    // among what take_delayed() returns.
    [[nodiscard]] Status preserve(const bailiff_event& event);
    // Lets go on who was answered and stopped all the same; to be called every second.
    void tick();
    // What is to be preserved once more.
    [[nodiscard]] std::vector<bailiff_event> take_delayed() { return std::exchange(delayed_, {}); }

private:
    struct Answered {
        std::uint64_t hold;
        std::uint32_t pid;
        std::uint64_t start_time; // of the process, nanoseconds of CLOCK_BOOTTIME
    };
    [[nodiscard]] Status keep(const bailiff_event& event);
    [[nodiscard]] bool waits(std::uint64_t hold);

    std::vector<Answered> answered_;
    std::vector<bailiff_event> delayed_;

    kernel::KernelPort& port_;
    const session::Manager& manager_;
    const Clock& clock_;
};

} // namespace bailiff::daemon
