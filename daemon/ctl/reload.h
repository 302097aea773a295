// `bailiffctl policy reload`.
#pragma once

#include "ctl/context.h"

namespace bailiff::ctl {

void add_policy_reload(CLI::App& app, Context& context);

} // namespace bailiff::ctl
