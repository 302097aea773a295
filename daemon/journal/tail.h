// Where the whole lines of a journal end: what a writer must know before it appends. I/O thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace bailiff::journal {

struct Tail {
    std::uint64_t good_bytes = 0;    // up to the newline of the last record
    std::uint64_t last_sequence = 0; // of that record; 0 in an empty journal
    std::string torn;                // what follows: a write that a crash cut short
};

// Reads backwards from the end of `fd`. kInternal when it cannot be read.
[[nodiscard]] Result<Tail> find_tail(int fd);

} // namespace bailiff::journal
