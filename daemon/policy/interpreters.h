// Programs that run a script they are given, known by their file name.
#pragma once

#include <string_view>

namespace bailiff::policy {

// True for "python3.11", "node", "bash"; false for "python-agent" and "nodejs.py". Any thread.
[[nodiscard]] bool is_interpreter(std::string_view file_name);

} // namespace bailiff::policy
