#include "undo/overwrite.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.h"
#include "base/ids.h"
#include "undo/attributes.h"
#include "undo/content.h"
#include "undo/copy_object.h"
#include "undo/failure.h"
#include "undo/keep.h"
#include "undo/move_aside.h"

namespace bailiff::undo {
namespace {

struct File {
    UniqueFd fd; // O_PATH
    struct stat info {};
};

Result<bool> is_the_same(const File& a, const File& b) {
    if (a.info.st_size != b.info.st_size || a.info.st_mode != b.info.st_mode ||
        a.info.st_uid != b.info.st_uid || a.info.st_gid != b.info.st_gid)
        return false;
    const Result<UniqueFd> first = reopen(a.fd.get(), O_RDONLY | O_NOATIME);
    if (!first) return tl::unexpected(first.error());
    const Result<UniqueFd> second = reopen(b.fd.get(), O_RDONLY | O_NOATIME);
    if (!second) return tl::unexpected(second.error());
    return has_same_content(first->get(), second->get());
}

// The mode comes first and last: only who may open both opens it meanwhile, and writing takes
// setuid bits away.
Status write_over(const UniqueFd& to, mode_t mode, const UniqueFd& from, const File& kept) {
    if (fchmod(to.get(), mode & kept.info.st_mode & 0777) != 0) return fail_errno("chmod", errno);
    if (ftruncate(to.get(), 0) != 0) return fail_errno("truncate", errno);
    if (!share_content(from.get(), to.get()))
        if (Status copied = copy_content(from.get(), to.get(), UINT64_MAX); !copied) return copied;
    if (Status copied = copy_attributes(from.get(), kept.info, to.get()); !copied) return copied;
    if (fdatasync(to.get()) != 0) return fail_writing("write it", errno);
    return {};
}

Status replace_content(Store::State& state, const Entry& entry, const Target& target, File there,
                       const File& kept, const Limits& limits) {
    const Result<UniqueFd> from = reopen(kept.fd.get(), O_RDONLY | O_NOATIME);
    if (!from) return tl::unexpected(from.error());
    const Result<UniqueFd> to = reopen(there.fd.get(), O_WRONLY);
    if (!to) return tl::unexpected(Error(to.error()).with_context(target.path));
    const Result<std::uint64_t> aside =
        copy_aside(state, target, entry, std::move(there.fd), there.info, limits);
    if (!aside) return tl::unexpected(aside.error());
    const Status done = write_over(*to, there.info.st_mode, *from, kept);
    if (done) return {};
    return fail(done.error().code(), target.path + " is not as it was: " + done.error().message() +
                                         "; what was there is kept as " + approval_id(*aside));
}

} // namespace

Result<bool> overwrite(Store::State& state, const Folder& folder, const Entry& entry,
                       const Target& target, const Restoring& how) {
    Result<UniqueFd> object = folder.object(entry.action);
    if (!object) return tl::unexpected(object.error());
    File kept{std::move(*object)};
    File there{target.look()};
    if (!there.fd && errno == ENOENT) return false;
    if (!there.fd || fstat(there.fd.get(), &there.info) != 0 ||
        fstat(kept.fd.get(), &kept.info) != 0)
        return fail_errno("look at " + target.path, errno);
    if (!S_ISREG(there.info.st_mode))
        return fail(ErrorCode::kFailedPrecondition,
                    target.path + " is a " + describe(there.info) + " now, and no regular file");
    if (there.info.st_uid != kept.info.st_uid) return false;
    const Result<bool> same = is_the_same(there, kept);
    if (!same) return tl::unexpected(Error(same.error()).with_context(target.path));
    if (*same) return true;
    const std::int64_t changed = unix_nanos(there.info.st_mtim);
    if (changed > how.changed_until && !how.replace)
        return fail(ErrorCode::kFailedPrecondition,
                    target.path + " was changed at " + TimeText(changed).c_str() + ", after " +
                        TimeText(how.changed_until).c_str() +
                        ": that would be lost (--replace keeps it as well)");
    if (Status done = replace_content(state, entry, target, std::move(there), kept, limits_of(how));
        !done)
        return tl::unexpected(done.error());
    return true;
}

} // namespace bailiff::undo
