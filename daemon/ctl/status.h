// `bailiffctl status`: does bailiff enforce, and if not, what to do.
#pragma once

#include <string>

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

// What the pins say, see ctl/pins.h; may be null.
struct PinReader {
    Result<std::string> (*in_force)() = nullptr; // without a daemon
    std::string (*missing)() = nullptr;
};

void add_status(CLI::App& app, Context& context, PinReader pins);

[[nodiscard]] std::string status_text(const v1::GetStatusResponse& status, bool coloured);
// 0 ENFORCING or OBSERVING, 1 DEGRADED, 2 DOWN and all else.
[[nodiscard]] int status_exit(const std::string& posture);

} // namespace bailiff::ctl
