// The mounted file systems, from /proc/PID/mountinfo (proc(5)). Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace bailiff::session {

// One file system, or a part of it, at one place.
struct Mount {
    std::uint32_t dev = 0; // super_block.s_dev as the kernel keeps it
    std::string root;      // path inside the file system; "/" where all of it is mounted
    std::string point;     // where

    friend bool operator==(const Mount&, const Mount&) = default;
};

// Is a container's root mounted there, by the host's own podman or docker? Their folders are
// root's: nobody else can mount anything below them.
[[nodiscard]] bool is_container_root(const std::string& point);

// In the order of mounting. A line that cannot be understood is left out.
[[nodiscard]] std::vector<Mount> parse_mounts(const std::string& mountinfo);

// The same of a file. kNotFound where it is not there, kResourceExhausted above 16 MiB, kInternal
// where it cannot be read.
[[nodiscard]] Result<std::vector<Mount>> read_mounts(
    const std::string& file = "/proc/self/mountinfo");

} // namespace bailiff::session
