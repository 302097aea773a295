// Object: what is to be kept, found and held by a descriptor, whatever happens to its names. One
// thread.
#pragma once

#include <sys/stat.h>

#include <string>

#include "bailiff/abi.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "undo/mount_points.h"
#include "undo/store.h"

namespace bailiff::undo {

struct Object {
    UniqueFd fd; // O_PATH
    struct stat info {};
    bailiff_file seen{};  // as the hooks see it
    std::string path;     // on the host
    bool layered = false; // on overlayfs, where a link would copy it up
};

[[nodiscard]] bool is_same(const bailiff_inode& a, const bailiff_inode& b);

// Looks for the object by all mounts of its file system; `wanted.seen` decides. kNotFound says
// where it was looked for; kFailedPrecondition on a file system of which nothing is kept.
[[nodiscard]] Result<Object> find_object(MountPoints& mounts, const Wanted& wanted,
                                         Examiner& examiner);

} // namespace bailiff::undo
