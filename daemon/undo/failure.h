// How the store words what went wrong: one plain sentence, for who is asked instead. Any thread.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace bailiff::undo {

// As fail_errno(), but kResourceExhausted where there is no space left.
[[nodiscard]] tl::unexpected<Error> fail_writing(const std::string& what, int error_number);

// "64 MiB", "4097 bytes".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

// "regular file of 12 bytes, changed at TIME", "directory": to be read after an article.
[[nodiscard]] std::string describe(const struct stat& info);

} // namespace bailiff::undo
