// Ends what a session left behind. Root with CAP_KILL; one thread.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/port.h"
#include "kernel/programs.h"

namespace bailiff::kernel {

// Sends SIGKILL to every process of a subject, again until none is left that lives, for at most two
// seconds. Its session must be over: then it can start no process, so that the tree only shrinks.
// A pid that passed to another process meanwhile is not signalled.
[[nodiscard]] Result<Killed> kill_tasks(Programs& programs, std::uint32_t subject,
                                        std::uint32_t generation);

} // namespace bailiff::kernel
