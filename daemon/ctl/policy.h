// `bailiffctl policy check` and `bailiffctl policy eval`: what a policy file says, asked without a
// daemon and without a kernel.
#pragma once

#include "ctl/context.h"

namespace bailiff::ctl {

void add_policy(CLI::App& app, Context& context);

} // namespace bailiff::ctl
