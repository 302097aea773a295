// What a store is made of, for the files that implement it. One thread.
#pragma once

#include <vector>

#include "undo/folder.h"
#include "undo/index.h"
#include "undo/mount_points.h"
#include "undo/store.h"

namespace bailiff::undo {

struct Store::State {
    std::vector<Folder> folders;
    Index index;
    MountPoints mounts;
};

} // namespace bailiff::undo
