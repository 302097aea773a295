// `bailiffctl dev`: an issuer and tokens for a first try. Needs no daemon.
#pragma once

#include "ctl/context.h"

namespace bailiff::ctl {

void add_dev(CLI::App& app, Context& context);

} // namespace bailiff::ctl
