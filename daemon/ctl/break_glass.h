// `bailiffctl break-glass`: relaxes one session for a while.
#pragma once

#include "ctl/context.h"

namespace bailiff::ctl {

void add_break_glass(CLI::App& app, Context& context);

} // namespace bailiff::ctl
