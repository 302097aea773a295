// An id for an entry that no act of an agent made. Any thread.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace bailiff::undo {

[[nodiscard]] Result<std::uint64_t> random_action();

} // namespace bailiff::undo
