// Durations as people write them: 30s, 15m, 1h, 2d. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace bailiff {

// Seconds, at least 1 and at most a year.
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);

} // namespace bailiff
