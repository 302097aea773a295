#include "undo/target.h"

#include <fcntl.h>

#include <cerrno>

#include "undo/open_path.h"

namespace bailiff::undo {

UniqueFd Target::look() const {
    return UniqueFd(openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

Result<Target> open_target(MountPoints& mounts, const std::string& path) {
    if (!is_plain(path)) return fail(ErrorCode::kDataLoss, "\"" + path + "\" is no absolute path");
    const auto [folder, name] = split_path(path);
    if (Status read = mounts.refresh(); !read) return tl::unexpected(read.error());
    if (mounts.is_by_fuse(folder))
        return fail(ErrorCode::kFailedPrecondition,
                    folder + " is on a FUSE file system now, which bailiff-kernel does not enter");
    UniqueFd opened = open_path(AT_FDCWD, folder, O_PATH | O_DIRECTORY);
    if (opened) return Target{std::move(opened), name, path};
    if (errno == ELOOP)
        return fail(ErrorCode::kFailedPrecondition,
                    "on the way to its folder " + folder + " is a symbolic link now");
    if (errno == ENOENT || errno == ENOTDIR)
        return fail(ErrorCode::kNotFound,
                    "its folder " + folder + " is not there; restore that first");
    return fail_errno("open " + folder, errno);
}

} // namespace bailiff::undo
