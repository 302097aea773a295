// `bailiffctl run`: a command in a session of its own.
#pragma once

#include "ctl/context.h"

namespace bailiff::ctl {

void add_run(CLI::App& app, Context& context);

} // namespace bailiff::ctl
