// Identifiers: 128 random bits with the time in front, so that they sort by age. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff {

using Id = std::array<std::uint8_t, 16>;

// 48 bits of Unix milliseconds, then 80 from the kernel's random numbers.
[[nodiscard]] Result<Id> new_id(std::int64_t unix_nanos);

// "s-" and 26 characters of Crockford's base 32.
[[nodiscard]] std::string session_name(const Id& id);
[[nodiscard]] std::optional<Id> parse_session_name(std::string_view text);

// Of an act that waits, from the kernel's number: 16 hexadecimal digits.
[[nodiscard]] std::string approval_id(std::uint64_t hold);

} // namespace bailiff
