// The smallest io_uring: one entry, submitted and waited for. No liburing in this repository.
#pragma once

#include <linux/io_uring.h>

#include <cstdint>

namespace bailiff::escape {

// 0, or the errno of making the ring or of the entry itself.
int io_uring_once(const io_uring_sqe& entry);

} // namespace bailiff::escape
