// What a regular file holds: copied, and compared. Any thread; blocks.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace bailiff::undo {

// Has `to`, which is empty, share the blocks of `from` (FICLONE). False where the file system
// cannot, and nothing was done.
[[nodiscard]] bool share_content(int from, int to);

// Copies what is allocated into `to`, which is empty; holes stay holes. Reads up to what the file's
// end is when it comes there. kResourceExhausted once it is larger than `most` or there is no
// space, kFailedPrecondition where its size changes all the time.
[[nodiscard]] Status copy_content(int from, int to, std::uint64_t most);

[[nodiscard]] Result<bool> has_same_content(int a, int b);

// "it is larger than 64 MiB, which is the most that is copied".
[[nodiscard]] tl::unexpected<Error> fail_too_large(std::uint64_t most);

} // namespace bailiff::undo
