#include "undo/put_back.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "undo/copy_object.h"
#include "undo/failure.h"
#include "undo/open_path.h"
#include "undo/staging.h"

namespace bailiff::undo {
namespace {

constexpr const char* kCopy = "object"; // in the staging folder

bool holds(const Target& target, int copy) {
    struct stat wanted {};
    struct stat there {};
    return fstat(copy, &wanted) == 0 &&
           fstatat(target.folder.get(), target.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           wanted.st_ino == there.st_ino && wanted.st_dev == there.st_dev;
}

// The store's object goes next, and two file systems' journals know nothing of each other.
Status write_through(const Target& target) {
    const UniqueFd folder(open(path_of(target.folder.get()).c_str(),
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    if (folder && fsync(folder.get()) == 0) return {};
    return fail_writing("write the folder of " + target.path, errno);
}

Result<bool> copy_back(const Folder& folder, std::uint64_t action, const Target& target) {
    const Result<UniqueFd> object = folder.object(action);
    struct stat info {};
    if (!object) return tl::unexpected(object.error());
    if (fstat(object->get(), &info) != 0) return fail_errno("look at the object", errno);
    const Result<Staging> staging = Staging::make(target);
    if (!staging) return tl::unexpected(staging.error());
    const Result<UniqueFd> copy =
        copy_object(object->get(), info, staging->fd(), kCopy, UINT64_MAX);
    if (!copy) return tl::unexpected(copy.error());
    if (renameat2(staging->fd(), kCopy, target.folder.get(), target.name.c_str(),
                  RENAME_NOREPLACE) != 0) {
        const int error = errno;
        remove_name(staging->fd(), kCopy);
        if (error == EEXIST) return false;
        return fail_writing("put it back as " + target.path, error);
    }
    if (!holds(target, copy->get()))
        return fail(ErrorCode::kFailedPrecondition,
                    "somebody moved or replaced " + target.path + " while it was put back");
    if (Status written = write_through(target); !written) return tl::unexpected(written.error());
    return true;
}

} // namespace

Result<bool> put_back(const Folder& folder, std::uint64_t action, const Target& target) {
    if (renameat2(folder.fd(), object_name(action).c_str(), target.folder.get(),
                  target.name.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno == EEXIST) return false;
    if (errno == EXDEV) return copy_back(folder, action, target);
    return fail_writing("put it back as " + target.path, errno);
}

} // namespace bailiff::undo
