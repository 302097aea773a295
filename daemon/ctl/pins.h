// What the kernel programs still enforce when no daemon answers, read from the maps they pin.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kernel/pins.h"

namespace bailiff::ctl {

// Lines for people. kNotFound where nothing is in force, kPermissionDenied without the right to
// look.
[[nodiscard]] Result<std::string> describe_pins();

// Lines for people about links that somebody removed; empty where there is none, or the right to
// look is missing.
[[nodiscard]] std::string describe_missing();

// Why nothing is in force: an operator detached, or `otherwise`.
[[nodiscard]] std::string why_nothing(const std::string& state_folder,
                                      const std::string& otherwise);

// The same of what was read, at a time: nanoseconds since boot (CLOCK_BOOTTIME) and since 1970.
[[nodiscard]] Result<std::string> pins_text(const kernel::Pins& pins, std::uint64_t boot_nanos,
                                            std::int64_t unix_nanos);

} // namespace bailiff::ctl
