// A second object like the first, of any type: content, owner, mode, extended attributes, times.
// Root; blocks.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::undo {

// Makes it under `name` in `folder`, where only root comes, and writes it to the disk. `from` is a
// descriptor (O_PATH serves), `info` what it had. Of a regular file at most `most` bytes are
// copied, however many where its file system shares them. Of a folder nothing that is in it.
// Returns the copy; nothing is left of it on failure.
[[nodiscard]] Result<UniqueFd> copy_object(int from, const struct stat& info, int folder,
                                           const std::string& name, std::uint64_t most);

// A regular file behind any descriptor, opened. kFailedPrecondition where that would have to wait.
[[nodiscard]] Result<UniqueFd> reopen(int fd, int flags);

// unlinkat(2), for a folder too. 0, or -1 with errno.
int remove_name(int folder, const std::string& name);

} // namespace bailiff::undo
