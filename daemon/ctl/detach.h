// `bailiffctl detach`: the operator's way out. Ends all enforcement and says who and why, with the
// daemons alive or dead.
#pragma once

#include "ctl/context.h"

namespace bailiff::ctl {

void add_detach(CLI::App& app, Context& context);

} // namespace bailiff::ctl
