// From an issuer's time to the kernel's clock. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace bailiff::session {

// Unix seconds as nanoseconds of CLOCK_BOOTTIME; now where that is over.
inline std::uint64_t boot_time_of(std::int64_t unix_seconds, const Clock& clock) {
    const std::int64_t left = unix_seconds * 1'000'000'000 - clock.unix_nanos();
    return clock.boot_nanos() + static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
}

} // namespace bailiff::session
