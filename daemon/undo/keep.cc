#include "undo/keep.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/clock.h"
#include "undo/content.h"
#include "undo/copy_object.h"
#include "undo/failure.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

std::uint64_t size_in_entry(const struct stat& info) {
    const bool has_size = S_ISREG(info.st_mode) || S_ISLNK(info.st_mode);
    return has_size ? static_cast<std::uint64_t>(info.st_size) : 0;
}

Status has_room(const Store::State& state, std::uint64_t bytes, const Limits& limits) {
    const Usage& usage = state.index.usage();
    if (usage.entries >= limits.entries)
        return fail(ErrorCode::kResourceExhausted,
                    std::to_string(limits.entries) +
                        " objects are kept already, which is the most there may be");
    if (usage.bytes + bytes > limits.quota)
        return fail(ErrorCode::kResourceExhausted, "with it the store would hold more than " +
                                                       bytes_text(limits.quota) + ", its quota");
    return {};
}

Status has_share(const Store::State& state, const Entry& entry, std::uint64_t bytes,
                 const Limits& limits) {
    const std::string charged = charged_to(entry);
    const Usage usage = state.index.usage_of(charged);
    const std::string who = charged == entry.session ? "its session" : charged;
    if (usage.entries >= limits.session_entries)
        return fail(ErrorCode::kResourceExhausted,
                    who + " has had " + std::to_string(limits.session_entries) +
                        " objects kept already, its share of the store");
    if (usage.bytes + bytes > limits.session_bytes)
        return fail(ErrorCode::kResourceExhausted,
                    "what " + who + " has had kept would be more than " +
                        bytes_text(limits.session_bytes) + ", its share of the store");
    return {};
}

tl::unexpected<Error> fail_stray(const Folder& folder, std::uint64_t action) {
    return fail(ErrorCode::kFailedPrecondition,
                folder.path() + "/" + object_name(action) +
                    " is there already, with no entry that says what it is");
}

// What has one name, and nobody who writes to it. Of folders there is no second name; on overlayfs
// a new one would copy the file up.
bool may_be_linked(const Object& object, const bailiff_file& seen, const struct stat& info,
                   nlink_t names) {
    return !object.layered && !S_ISDIR(info.st_mode) && info.st_nlink == names &&
           (!S_ISREG(info.st_mode) || seen.writers <= 0);
}

int link_to(const Object& object, const Folder& folder, const std::string& name) {
    if (linkat(object.fd.get(), "", folder.fd(), name.c_str(), AT_EMPTY_PATH) == 0) return 0;
    if (errno != ENOENT) return -1; // that: CAP_DAC_READ_SEARCH is missing
    return linkat(AT_FDCWD, path_of(object.fd.get()).c_str(), folder.fd(), name.c_str(),
                  AT_SYMLINK_FOLLOW);
}

// A second name of it in the folder. False where it must be copied: also where somebody began to
// write to it, or gave it one more name, while the name was made.
Result<bool> link_object(const Object& object, const Folder& folder, std::uint64_t action,
                         Examiner& examiner) {
    if (!may_be_linked(object, object.seen, object.info, 1)) return false;
    const std::string name = object_name(action);
    if (link_to(object, folder, name) != 0) {
        if (errno == EEXIST) return fail_stray(folder, action);
        return false;
    }
    struct stat info {};
    const Result<bailiff_file> seen = examiner.examine(object.fd.get());
    if (seen && fstat(object.fd.get(), &info) == 0 && is_same(seen->seen, object.seen.seen) &&
        may_be_linked(object, *seen, info, 2))
        return true;
    unlinkat(folder.fd(), name.c_str(), 0);
    return false;
}

Status name_copy(const Folder& folder, std::uint64_t action) {
    if (renameat2(folder.fd(), part_name(action).c_str(), folder.fd(), object_name(action).c_str(),
                  RENAME_NOREPLACE) == 0)
        return {};
    if (errno == EEXIST) return fail_stray(folder, action);
    return fail_writing("keep the copy", errno);
}

// Returns what the copy is: a file may have grown meanwhile.
Result<struct stat> copy_into(const Store::State& state, const Object& object, const Folder& folder,
                              const Entry& entry, const Limits& limits) {
    const std::string part = part_name(entry.action);
    const Result<UniqueFd> copy =
        copy_object(object.fd.get(), object.info, folder.fd(), part, limits.max_copy);
    if (!copy) return tl::unexpected(copy.error());
    Status done;
    struct stat info {};
    if (fstat(copy->get(), &info) != 0)
        done = fail_errno("look at the copy", errno);
    else
        done = check_limits(state, entry, bytes_held(info), limits);
    if (done) done = name_copy(folder, entry.action);
    if (done) return info;
    remove_name(folder.fd(), part);
    return tl::unexpected(done.error());
}

// The manifest beside an object that lies in the folder. A journal keeps its own file system in
// order, but not two with one another.
Status note(const Folder& folder, const Entry& entry, dev_t device) {
    if (Status noted = folder.put_manifest(entry); !noted) {
        remove_name(folder.fd(), object_name(entry.action));
        return noted;
    }
    if (folder.device() == device || fsync(folder.fd()) == 0) return {};
    const int error = errno;
    (void)folder.forget(entry.action);
    return fail_writing("write " + folder.path(), error);
}

} // namespace

Status check_limits(const Store::State& state, const Entry& entry, std::uint64_t bytes,
                    const Limits& limits) {
    if (Status room = has_room(state, bytes, limits); !room) return room;
    return has_share(state, entry, bytes, limits);
}

Result<Entry> keep_object(Store::State& state, const Object& object, Entry entry,
                          const Limits& limits, Examiner* examiner) {
    std::uint64_t bytes = bytes_held(object.info);
    if (Status room = check_limits(state, entry, bytes, limits); !room)
        return tl::unexpected(room.error());
    entry.path = object.path;
    describe_object(state, object.info, entry);
    if (const Result<std::string> text = write_manifest(entry); !text)
        return tl::unexpected(text.error());
    const auto near = folder_on(state, object.info.st_dev);
    const std::size_t number = near.value_or(0);
    const Folder& folder = state.folders[number];
    if (near && examiner != nullptr) {
        const Result<bool> linked = link_object(object, folder, entry.action, *examiner);
        if (!linked) return tl::unexpected(linked.error());
        entry.linked = *linked;
    }
    if (!entry.linked) {
        const Result<struct stat> copied = copy_into(state, object, folder, entry, limits);
        if (!copied) return tl::unexpected(copied.error());
        bytes = bytes_held(*copied);
        entry.size = size_in_entry(*copied);
    }
    if (Status noted = note(folder, entry, object.info.st_dev); !noted)
        return tl::unexpected(noted.error());
    state.index.add(entry.time, {entry.action, number, bytes}, charged_to(entry));
    return entry;
}

void describe_object(const Store::State& state, const struct stat& info, Entry& entry) {
    entry.mode = info.st_mode;
    entry.owner = info.st_uid;
    entry.size = size_in_entry(info);
    entry.device = info.st_dev;
    entry.inode = info.st_ino;
    entry.time = state.index.next_time(SystemClock().unix_nanos());
}

std::optional<std::size_t> folder_on(const Store::State& state, dev_t device) {
    for (std::size_t i = 0; i < state.folders.size(); i++)
        if (state.folders[i].device() == device) return i;
    return std::nullopt;
}

} // namespace bailiff::undo
