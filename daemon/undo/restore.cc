#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/ids.h"
#include "undo/failure.h"
#include "undo/move_aside.h"
#include "undo/overwrite.h"
#include "undo/put_back.h"
#include "undo/state.h"
#include "undo/store.h"
#include "undo/target.h"

namespace bailiff::undo {
namespace {

// What is in the way, and the object itself.
struct InTheWay {
    struct stat there {};
    struct stat kept {};
};

Result<InTheWay> look(const Folder& folder, const Entry& entry, const Target& target) {
    InTheWay way;
    if (fstatat(target.folder.get(), target.name.c_str(), &way.there, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_errno("look at " + target.path, errno);
    if (fstatat(folder.fd(), object_name(entry.action).c_str(), &way.kept, AT_SYMLINK_NOFOLLOW) !=
        0)
        return fail_errno("look at what is kept of " + target.path, errno);
    return way;
}

Status fail_in_the_way(const Target& target, const struct stat& there) {
    return fail(ErrorCode::kFailedPrecondition,
                target.path + " is there again, as another " + describe(there) +
                    ": it would be lost (--replace keeps it as well)");
}

Status replace(Store::State& state, const Folder& folder, const Entry& entry,
               const Target& target) {
    const Result<std::uint64_t> aside = move_aside(state, target, entry);
    if (!aside) return tl::unexpected(aside.error());
    const Result<bool> done = put_back(folder, entry.action, target);
    if (done && *done) return {};
    const Error why = done ? Error(ErrorCode::kFailedPrecondition,
                                   "somebody put something at " + target.path + " once more")
                           : done.error();
    return fail(why.code(),
                why.message() + "; what was there before is kept as " + approval_id(*aside));
}

Status restore_removed(Store::State& state, const Folder& folder, const Entry& entry,
                       const Target& target, const Restoring& how) {
    const Result<bool> done = put_back(folder, entry.action, target);
    if (!done) return tl::unexpected(done.error());
    if (*done) return {};
    const Result<InTheWay> way = look(folder, entry, target);
    if (!way) return tl::unexpected(way.error());
    if (S_ISDIR(way->kept.st_mode) && S_ISDIR(way->there.st_mode)) return {};
    if (way->kept.st_ino == way->there.st_ino && way->kept.st_dev == way->there.st_dev)
        return fail(ErrorCode::kFailedPrecondition,
                    target.path + " is still there, and the same: there is nothing to put back");
    if (!how.replace) return fail_in_the_way(target, way->there);
    return replace(state, folder, entry, target);
}

Status put_in_place(Store::State& state, const Folder& folder, const Entry& entry,
                    const Target& target, const Restoring& how) {
    if (entry.loss == Loss::kChanged) {
        const Result<bool> done = overwrite(state, folder, entry, target, how);
        if (!done) return tl::unexpected(done.error());
        if (*done) return {};
    }
    return restore_removed(state, folder, entry, target, how);
}

} // namespace

Result<Entry> Store::restore(std::uint64_t action, const Restoring& how) {
    const std::optional<Kept> kept = state_->index.find(action);
    if (!kept) return fail(ErrorCode::kNotFound, "nothing is kept as " + approval_id(action));
    const Folder& folder = state_->folders[kept->folder];
    Result<Entry> entry = folder.manifest(action);
    if (!entry) return entry;
    const Result<Target> target = open_target(state_->mounts, entry->path);
    if (!target) return tl::unexpected(target.error());
    if (Status done = put_in_place(*state_, folder, *entry, *target, how); !done)
        return tl::unexpected(done.error());
    if (Status done = folder.forget(action); !done) return tl::unexpected(done.error());
    state_->index.erase(action);
    return entry;
}

} // namespace bailiff::undo
