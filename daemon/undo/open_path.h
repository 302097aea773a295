// Opening by a path that somebody else may be changing: no symbolic link in it is followed. Any
// thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace bailiff::undo {

// openat2(2) with RESOLVE_NO_SYMLINKS and `resolve`; close-on-exec. Not open, with errno, where it
// failed: ELOOP for a symbolic link. O_PATH | O_NOFOLLOW opens one that is the last component.
[[nodiscard]] UniqueFd open_path(int folder, const std::string& path, int flags,
                                 std::uint64_t resolve = 0);

// The object itself behind a descriptor, as a path, whatever its names are by now.
[[nodiscard]] std::string path_of(int fd);

struct SplitPath {
    std::string folder; // "/" for what lies at the top
    std::string name;
};
// "/srv/a" -> "/srv", "a".
[[nodiscard]] SplitPath split_path(const std::string& path);

// Whether it is absolute and has no empty component, no "." and no "..": the kernel's own spelling.
[[nodiscard]] bool is_plain(const std::string& path);

// Whether `path` is `folder` or lies below it.
[[nodiscard]] bool lies_in(const std::string& path, const std::string& folder);

} // namespace bailiff::undo
