#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "undo/failure.h"
#include "undo/keep.h"
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

// A file's times are those of the clock's last tick.
constexpr std::int64_t kTick = 20'000'000; // nanoseconds

// Did it come after the act, and before what is newer than the session?
bool came_with_session(const struct stat& there, const Entry& entry, const Restoring& how) {
    return unix_nanos(there.st_ctim) >= entry.time - kTick &&
           unix_nanos(there.st_ctim) <= how.changed_until &&
           unix_nanos(there.st_mtim) <= how.changed_until;
}

tl::unexpected<Error> fail_in_the_way(const Target& target, const struct stat& there) {
    return fail(ErrorCode::kFailedPrecondition,
                target.path + " is there again, as another " + describe(there) +
                    ": it would be lost " +
                    (S_ISDIR(there.st_mode) ? "(--replace keeps it as well, if it is empty)"
                                            : "(--replace keeps it as well)"));
}

Status replace(Store::State& state, const Folder& folder, const Entry& entry, const Target& target,
               const Restoring& how) {
    const Result<std::uint64_t> aside = move_aside(state, target, entry, limits_of(how));
    if (!aside) return tl::unexpected(aside.error());
    const Result<bool> done = put_back(folder, entry.action, target);
    if (done && *done) return {};
    const Error why = done ? Error(ErrorCode::kFailedPrecondition,
                                   "somebody put something at " + target.path + " once more")
                           : done.error();
    return fail(why.code(),
                why.message() + "; what was there before is kept as " + approval_id(*aside));
}

// Is the object still there? Then its act did not happen, or not yet: it waits. A number alone may
// be another file's by now, which was made since.
bool was_not_removed(const InTheWay& way, const Entry& entry) {
    if (way.kept.st_ino == way.there.st_ino && way.kept.st_dev == way.there.st_dev) return true;
    return way.there.st_ino == entry.inode && way.there.st_dev == entry.device &&
           unix_nanos(way.there.st_ctim) < entry.time - kTick;
}

tl::unexpected<Error> fail_caller(const std::string& what) {
    return fail(ErrorCode::kPermissionDenied, what + "; who has the role operator can restore it");
}

// May who asks do by itself what is done for it? Groups are not looked at.
Status check_caller(const Target& target, const Entry& entry, const Restoring& how) {
    const uid_t caller = how.caller.value_or(0);
    if (caller == 0) return {};
    struct stat folder {};
    struct stat there {};
    if (fstat(target.folder.get(), &folder) != 0) return fail_errno("look at the folder", errno);
    const bool owns = folder.st_uid == caller;
    if ((folder.st_mode & (owns ? S_IWUSR : S_IWOTH)) == 0)
        return fail_caller("the folder of " + target.path + " is not yours to write to");
    const bool own_set_id = entry.owner == caller || (entry.mode & (S_ISUID | S_ISGID)) == 0;
    if (!own_set_id) return fail_caller(target.path + " runs as another account than yours");
    if (fstatat(target.folder.get(), target.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0 ||
        there.st_uid == caller)
        return {};
    const bool sticky = (folder.st_mode & S_ISVTX) != 0 && !owns;
    const bool in_place = entry.loss == Loss::kChanged && (there.st_mode & S_IWOTH) == 0;
    if (sticky || in_place)
        return fail_caller("what is at " + target.path + " now is another account's");
    return {};
}

// Whether the entry has had its day.
Result<bool> restore_removed(Store::State& state, const Folder& folder, const Entry& entry,
                             const Target& target, const Restoring& how) {
    const Result<bool> done = put_back(folder, entry.action, target);
    if (!done || *done) return done;
    const Result<InTheWay> way = look(folder, entry, target);
    if (!way) return tl::unexpected(way.error());
    if (S_ISDIR(way->kept.st_mode) && S_ISDIR(way->there.st_mode)) return true;
    if (was_not_removed(*way, entry)) return false;
    if (!how.replace && !came_with_session(way->there, entry, how))
        return fail_in_the_way(target, way->there);
    if (Status may = check_caller(target, entry, how); !may) return tl::unexpected(may.error());
    if (Status replaced = replace(state, folder, entry, target, how); !replaced)
        return tl::unexpected(replaced.error());
    return true;
}

Result<bool> put_in_place(Store::State& state, const Folder& folder, const Entry& entry,
                          const Target& target, const Restoring& how) {
    if (entry.loss == Loss::kChanged) {
        const Result<bool> done = overwrite(state, folder, entry, target, how);
        if (!done || *done) return done;
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
    if (Status may = check_caller(*target, *entry, how); !may) return tl::unexpected(may.error());
    const Result<bool> done = put_in_place(*state_, folder, *entry, *target, how);
    if (!done) return tl::unexpected(done.error());
    if (!*done) return entry;
    if (Status gone = folder.forget(action); !gone) return tl::unexpected(gone.error());
    state_->index.erase(action);
    return entry;
}

} // namespace bailiff::undo
