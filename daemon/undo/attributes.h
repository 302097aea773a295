// Owner, mode, extended attributes and times, from one object to another. Any thread.
#pragma once

#include <sys/stat.h>

#include "base/result.h"

namespace bailiff::undo {

// Gives `to` what `from` has, and takes what it has not; `info` is what `from` had. Descriptors of
// objects of one type, O_PATH serves. kFailedPrecondition names the attribute that cannot be had.
[[nodiscard]] Status copy_attributes(int from, const struct stat& info, int to);

} // namespace bailiff::undo
