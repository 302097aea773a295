// Keeping what stands where something is put back. Root; blocks; one thread.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "base/result.h"
#include "undo/entry.h"
#include "undo/state.h"
#include "undo/target.h"

namespace bailiff::undo {

// Frees the target's name: what is there by it becomes an entry of its own, of the session and the
// account of `entry`, whose action is returned. Of a folder only an empty one. Nothing has changed
// on failure.
[[nodiscard]] Result<std::uint64_t> move_aside(Store::State& state, const Target& target,
                                               const Entry& entry, const Limits& limits);

// The same by a copy, with the object left where it is.
[[nodiscard]] Result<std::uint64_t> copy_aside(Store::State& state, const Target& target,
                                               const Entry& entry, UniqueFd there,
                                               const struct stat& info, const Limits& limits);

} // namespace bailiff::undo
