// What several methods of the control service ask of a request. I/O thread only.
#pragma once

#include <string>

#include "api/service.h"

namespace bailiff::daemon {

// Who does it, for the journal: "uid 1000 (alice)".
[[nodiscard]] std::string by(const api::Caller& caller);
// kInvalidArgument for one that is longer than the journal takes.
[[nodiscard]] Status check_reason(const std::string& reason);

} // namespace bailiff::daemon
