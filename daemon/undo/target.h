// Target: the name that something is put back under, in a folder that is held by a descriptor. One
// thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "undo/mount_points.h"

namespace bailiff::undo {

struct Target {
    UniqueFd folder; // O_PATH
    std::string name;
    std::string path;

    // What is there by that name, O_PATH; not open, with errno, where there is nothing.
    [[nodiscard]] UniqueFd look() const;
};

// kNotFound where the folder is gone, kFailedPrecondition where a symbolic link leads to it now.
[[nodiscard]] Result<Target> open_target(MountPoints& mounts, const std::string& path);

} // namespace bailiff::undo
