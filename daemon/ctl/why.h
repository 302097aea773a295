// `bailiffctl why`: what the session that it runs in was last denied, and what would let it pass.
#pragma once

#include <string>

#include "bailiff/control.pb.h"
#include "ctl/context.h"

namespace bailiff::ctl {

// What people and agents read, with its newlines.
[[nodiscard]] std::string why_text(const v1::GetRefusalResponse& response);

void add_why(CLI::App& app, Context& context);

} // namespace bailiff::ctl
