// Store: what acts of agents would have destroyed, on disk. Root; one thread.
//
// A store has one folder or several, each root's alone (mode 0700) and on a file system of its own.
// An object lies there under its action's id, with its content, owner, mode, times and extended
// attributes; beside it a symbolic link "ID.entry" whose target is the entry's manifest: one call
// makes it, and a journalling file system keeps it in order with the object.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bailiff/abi.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "undo/entry.h"

namespace bailiff::undo {

// The kernel's side of an object.
class Examiner {
public:
    Examiner() = default;
    Examiner(const Examiner&) = delete;
    Examiner& operator=(const Examiner&) = delete;
    virtual ~Examiner() = default;

    // What is behind a descriptor (O_PATH serves), as the hooks see it; of a regular file also who
    // has it open to write now, mappings included (bailiff_file.writers, above 0: somebody).
    [[nodiscard]] virtual Result<bailiff_file> examine(int fd) = 0;
};

struct Limits {
    std::uint64_t max_copy = 0; // bytes of one file; a hard link has no such limit
    std::uint64_t quota = 0;    // bytes that all entries together may take up
    std::uint32_t entries = 0;  // how many there may be
    // What may be charged to one (charged_to(), undo/entry.h) of these.
    std::uint64_t session_bytes = 0;   // bytes that its entries together may take up
    std::uint32_t session_entries = 0; // how many it may have
};

// What is to be kept: the object as the hooks saw it, and where.
struct Wanted {
    std::uint64_t action = 0;
    Loss loss = Loss::kRemoved;
    std::string session;
    uid_t account = 0;
    bailiff_inode seen{}; // mode and is_root are not looked at
    std::string path;     // from the root of its file system, "/srv/a/b"
};

struct Restoring {
    bool replace = false; // keep what stands in the way as an entry of its own, and go on
    // Unix nanoseconds; what was changed later than this is newer than the act, and not replaced
    // unless `replace` says so.
    std::int64_t changed_until = 0;
    // Whose rights count: nothing is done that this account could not do by itself. None: root's.
    std::optional<uid_t> caller = {};
    // Of a caller: for what stands in the way and is kept.
    Limits limits = {};
};

struct Usage {
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
};

class Store {
public:
    // Opens the first folder, which it makes where it is missing, and reads what lies there.
    // kFailedPrecondition where it is not root's alone, kInternal.
    [[nodiscard]] static Result<Store> open(const std::string& folder);
    // Opens one more, on another file system: hard links serve there too. No error where it is one
    // of them already. As open().
    [[nodiscard]] Status add_folder(const std::string& folder);

    // Keeps the object before the act happens. Nothing is done twice: an action that is kept
    // already is no error. Every error says in one sentence why it was not kept, for who is asked
    // instead: kNotFound (it is not there, or another one is), kResourceExhausted (one of the
    // limits, no space), kFailedPrecondition (what cannot be kept), kInternal.
    [[nodiscard]] Result<Entry> keep(const Wanted& wanted, const Limits& limits,
                                     Examiner& examiner);

    // The entries with a time above `after`, the oldest first; at most `count`.
    [[nodiscard]] std::vector<Entry> list(std::int64_t after, std::size_t count) const;
    // kNotFound.
    [[nodiscard]] Result<Entry> find(std::uint64_t action) const;
    [[nodiscard]] Usage usage() const;

    // Puts the object back and forgets the entry; where it was never removed, neither. Nothing is
    // ever lost by it: what it replaces is kept as an entry of its own. What came after the act and
    // before `changed_until` is what the act's session left there. kNotFound (no such entry, or the
    // folder it was in is gone), kFailedPrecondition where something newer would be lost,
    // kPermissionDenied, kInternal.
    [[nodiscard]] Result<Entry> restore(std::uint64_t action, const Restoring& how);

    // Forgets the entries of before that time. Returns how many.
    std::size_t prune(std::int64_t before);

    Store(Store&& other) noexcept;
    Store& operator=(Store&& other) noexcept;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    ~Store();
    struct State; // for the files that implement it

private:
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace bailiff::undo
