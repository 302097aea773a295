// What the policy in force lets the undo store keep. I/O thread only.
#pragma once

#include "session/manager.h"
#include "undo/store.h"

namespace bailiff::daemon {

[[nodiscard]] inline undo::Limits undo_limits(const session::Manager& manager) {
    const policy::UndoSettings& undo = manager.tables()->policy().settings.undo;
    return {undo.max_copy, undo.quota, undo.entries, undo.session_quota, undo.session_entries};
}

} // namespace bailiff::daemon
