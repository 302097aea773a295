// Preserver: keeps what an act that waits would destroy, and lets the act happen. I/O thread only.
#pragma once

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

    // An error says why the object was not kept; its act then waits for an answer of somebody.
    [[nodiscard]] Status preserve(const bailiff_event& event);

private:
    [[nodiscard]] Status keep(const bailiff_event& event);

    kernel::KernelPort& port_;
    const session::Manager& manager_;
    const Clock& clock_;
};

} // namespace bailiff::daemon
