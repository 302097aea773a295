// Putting an object of the store under a free name. Root; blocks; one thread.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "undo/folder.h"
#include "undo/target.h"

namespace bailiff::undo {

// Moves it on one mount, else copies it and leaves the store's in place. False, and nothing was
// done, where there is something by that name.
[[nodiscard]] Result<bool> put_back(const Folder& folder, std::uint64_t action,
                                    const Target& target);

} // namespace bailiff::undo
