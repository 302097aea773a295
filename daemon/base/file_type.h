// What kind of object a file is, in the words of POSIX. Any thread.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace bailiff {

// Of a st_mode: "regular file", "directory", "symbolic link", "FIFO", "socket", "character device"
// or "block device"; "special file" of a type that is none of these.
[[nodiscard]] std::string_view file_type_name(mode_t mode);

} // namespace bailiff
