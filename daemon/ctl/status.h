// `bailiffctl status`: does bailiff enforce, and if not, what to do.
#pragma once

#include <string>

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

// Says what is in force without a daemon, fails where nothing is; may be null.
using Offline = Result<std::string> (*)();

void add_status(CLI::App& app, Context& context, Offline offline);

[[nodiscard]] std::string status_text(const v1::GetStatusResponse& status, bool coloured);
// 0 ENFORCING or OBSERVING, 1 DEGRADED, 2 DOWN and all else.
[[nodiscard]] int status_exit(const std::string& posture);

} // namespace bailiff::ctl
