// Lets a process go on that a program stopped because its act waits. Root with CAP_KILL; one
// thread.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace bailiff::kernel {

// Gives each thread of the process a turn to take its answer, in map "resumed": one that has none
// stops them all. For a tenth of a second.
void give_turns(int map, std::uint32_t pid);

// Sends SIGCONT. `start_time`, nanoseconds of CLOCK_BOOTTIME, must be the process's: its pid may be
// another's by now, which is kNotFound.
[[nodiscard]] Status resume(std::uint32_t pid, std::uint64_t start_time);

} // namespace bailiff::kernel
