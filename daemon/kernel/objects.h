// Writing the kernel's object table: a label and, before it, the filter bit that lets a walk see
// it.
#pragma once

#include "bailiff/abi.h"
#include "base/result.h"

namespace bailiff::kernel {

// The key of an inode's own label, for every session.
[[nodiscard]] bailiff_object_key inode_key(const bailiff_inode& inode, std::uint8_t policy);

// To be called after each change of what a label says or where it is, of a subject and of a
// session: verdicts that are remembered are made anew. `filter` is the descriptor of the map of
// that name. One writer at a time.
[[nodiscard]] Status count_change(int filter);

// `objects` and `filter` are descriptors of the maps of those names. kResourceExhausted if the
// table is full. One writer at a time.
[[nodiscard]] Status write_object(int objects, int filter, const bailiff_object_key& key,
                                  const bailiff_object& object);

} // namespace bailiff::kernel
