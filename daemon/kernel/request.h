// Requests of the client as they begin: with their operation, and with a path. Internal to kernel/.
#pragma once

#include <string>

#include "base/result.h"
#include "kernel/wire.h"

namespace bailiff::kernel {

[[nodiscard]] Request request_for(Operation operation);
// kInvalidArgument for a path that is not absolute or too long.
[[nodiscard]] Result<Request> request_for(Operation operation, const std::string& path);
[[nodiscard]] Status set_path(Request& request, const std::string& path);

} // namespace bailiff::kernel
