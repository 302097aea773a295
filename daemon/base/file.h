// Whole files: read with a limit, replaced atomically; and writing all of something. Any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff {

// The whole file. kNotFound if it is not there, kResourceExhausted above `max_bytes`.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// The same of a regular file only, for who must never wait: kInvalidArgument for a FIFO or device.
[[nodiscard]] Result<std::string> read_regular_file(const std::string& path, std::size_t max_bytes);

// Reads a descriptor to its end, with the same limit; `name` is for messages.
[[nodiscard]] Result<std::string> read_fd(int fd, const std::string& name, std::size_t max_bytes);

// Writes all of it, however often the kernel takes a part. False with errno where it could not.
[[nodiscard]] bool write_all(int fd, std::string_view content);

// Writes beside `path`, syncs, renames over it and syncs the folder: after a crash the file is
// either the old or the new one.
[[nodiscard]] Status write_file_atomic(const std::string& path, std::string_view content,
                                       mode_t mode);

} // namespace bailiff
