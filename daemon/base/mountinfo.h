// The table of mounted file systems, /proc/PID/mountinfo (proc_pid_mountinfo(5)). Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bailiff {

// A file system, or a part of it, at one place.
struct MountInfo {
    std::uint32_t device = 0; // of the file system, as the kernel has it: major << 20 | minor
    std::string root;         // what of it is mounted: "/" for all
    std::string point;        // where
    std::string type;         // "ext4"
};

// In the order of mounting. What is no line of such a table is left out.
[[nodiscard]] std::vector<MountInfo> parse_mountinfo(std::string_view table);

} // namespace bailiff
