// What /proc says about a process. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace bailiff {

// Clock ticks since boot at which `pid` started: field 22 of /proc/PID/stat (proc(5)). kNotFound
// where there is no such process; `proc` is where procfs is mounted.
[[nodiscard]] Result<std::uint64_t> start_time_of(pid_t pid, const std::string& proc = "/proc");

} // namespace bailiff
