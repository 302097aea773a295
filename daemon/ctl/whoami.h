// `bailiffctl whoami`: how the daemon sees the caller.
#pragma once

#include <string>

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

void add_whoami(CLI::App& app, Context& context);

[[nodiscard]] std::string whoami_text(const v1::WhoAmIResponse& self);

} // namespace bailiff::ctl
