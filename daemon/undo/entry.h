// Entry: one object that was kept before an act of an agent took it away or changed it. Plain
// values; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff::undo {

// What the act was about to do to the object.
enum class Loss {
    kRemoved,  // its name goes: unlink, rmdir, or a rename over it
    kChanged,  // what it holds is overwritten or cut off
    kReplaced, // it stood where a restore put something else (no act of an agent)
};
[[nodiscard]] std::string_view loss_name(Loss loss); // "removed", "changed", "replaced"

struct Entry {
    std::uint64_t action = 0; // the act's id, as the journal's `approval`
    std::int64_t time = 0;    // when it was kept: Unix nanoseconds, no two entries' the same
    Loss loss = Loss::kRemoved;
    std::string session;    // empty: of an agent without one
    uid_t account = 0;      // whose session it was, or whose process
    std::string path;       // on the host, absolute, with no symbolic link in its folders
    mode_t mode = 0;        // st_mode, with the type
    uid_t owner = 0;        // of the object
    std::uint64_t size = 0; // bytes; of a symbolic link its target's length
    dev_t device = 0;       // its file system's
    ino_t inode = 0;        // its number there
    bool linked = false;    // kept by a hard link: no byte was copied
};

// Whose share of the store an entry uses up: its session's, or "uid 1000" where it has none or a
// restore for that account put it aside.
[[nodiscard]] std::string charged_to(const Entry& entry);

// The entry as one line of text without a NUL, at most kMaxManifest bytes, and back.
// kResourceExhausted where the path is too long, kDataLoss where the text is none.
inline constexpr std::size_t kMaxManifest = 4000;
[[nodiscard]] Result<std::string> write_manifest(const Entry& entry);
[[nodiscard]] Result<Entry> read_manifest(std::string_view text);

} // namespace bailiff::undo
