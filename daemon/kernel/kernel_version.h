// The running kernel's version. Any thread.
#pragma once

#include <sys/utsname.h>

#include <cstdio>
#include <optional>
#include <utility>

namespace bailiff::kernel {

// Major and minor number, of uname(2); nothing where they cannot be read.
inline std::optional<std::pair<unsigned, unsigned>> kernel_version() {
    utsname kernel{};
    uname(&kernel);
    std::pair<unsigned, unsigned> version;
    if (std::sscanf(kernel.release, "%u.%u", &version.first, &version.second) != 2)
        return std::nullopt;
    return version;
}

} // namespace bailiff::kernel
