// Giving a file that was changed what it held. Root; blocks; one thread.
#pragma once

#include "base/result.h"
#include "undo/entry.h"
#include "undo/state.h"
#include "undo/target.h"

namespace bailiff::undo {

// Overwrites the same inode, so that its other names and who has it open see it too; what it holds
// now is kept first. False, and nothing was done, where the name holds nothing or a file of another
// owner: then it is put back as a file of its own.
[[nodiscard]] Result<bool> overwrite(Store::State& state, const Folder& folder, const Entry& entry,
                                     const Target& target, const Restoring& how);

} // namespace bailiff::undo
