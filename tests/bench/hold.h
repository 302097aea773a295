// What it costs that an act waits, beside the time of who answers.
#pragma once

#include "kernel/programs.h"

namespace bailiff::bench {

// Instructions of one unlink(2) that a rule holds, from the call to its result, of all tasks
// together: the task that waits, and one that only answers. After hold_deletions().
[[nodiscard]] double measure_hold(kernel::Programs& programs);

} // namespace bailiff::bench
