// Where in a journal to begin to read, found without reading what stands before. I/O thread only.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace bailiff::journal {

// Offsets; `low` is the beginning of a line.
struct Range {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

// Halves `range` as long as it is large, so that no record before its `low` has a sequence above
// `after`: numbers grow from line to line. kInternal when the file cannot be read.
[[nodiscard]] Result<Range> narrow(int fd, Range range, std::uint64_t after);

} // namespace bailiff::journal
