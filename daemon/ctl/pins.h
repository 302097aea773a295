// What the kernel programs still enforce when no daemon answers, read from the maps they pin.
#pragma once

#include <string>

#include "base/result.h"

namespace bailiff::ctl {

// Lines for people. kNotFound where nothing is pinned, kPermissionDenied without the right to look.
[[nodiscard]] Result<std::string> describe_pins();

} // namespace bailiff::ctl
