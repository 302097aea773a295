// Preserver: keeps what an act that waits would destroy, and lets the act happen. I/O thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
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

    // What an act that was not preserved is, and why: it waits for an answer of somebody.
    struct NotKept {
        bailiff_event act;
        Error why;
    };

    // Has the act preserved in its turn: session after session, and in each the oldest. There are
    // no more of them than seats in the kernel, for a new act takes the place of one whose seat it
    // has.
    void add(const bailiff_event& act);
    [[nodiscard]] bool has_work() const { return !waiting_.empty(); }
    // Preserves the act whose turn it is, which takes as long as a copy of its object. None where
    // that is done, where nothing waits any more, and where bailiff-kernel is silent for a moment:
    // then its turn comes again after the next tick().
    [[nodiscard]] std::optional<NotKept> next();
    // Lets go on who was answered and stopped all the same; to be called every second.
    void tick();

private:
    struct Answered {
        std::uint64_t hold;
        std::uint32_t pid;
        std::uint64_t start_time; // of the process, nanoseconds of CLOCK_BOOTTIME
    };
    [[nodiscard]] Status preserve(const bailiff_event& act);
    [[nodiscard]] Status keep(const bailiff_event& act);
    [[nodiscard]] bool waits(std::uint64_t hold);

    using Acts = std::map<std::uint32_t, bailiff_event>; // by seat, see abi.h on map "holds"
    Acts waiting_;
    Acts delayed_;           // wait for bailiff-kernel
    std::uint32_t turn_ = 0; // the first seat of the session that is next
    std::vector<Answered> answered_;

    kernel::KernelPort& port_;
    const session::Manager& manager_;
    const Clock& clock_;
};

} // namespace bailiff::daemon
