// The words for a kernel event's hook and reason. Any thread.
#pragma once

#include <cstdint>

namespace bailiff::session {

// The LSM hook or tracepoint of an enum bailiff_hook; "unknown" where there is no such number.
[[nodiscard]] const char* hook_name(std::uint32_t hook);
// Of an enum bailiff_reason.
[[nodiscard]] const char* reason_name(std::uint8_t reason);

} // namespace bailiff::session
