// Sizes as people write them: 64MiB, 4GiB, 512KiB, 1000. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace bailiff {

// Bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

} // namespace bailiff
