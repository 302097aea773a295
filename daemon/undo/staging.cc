#include "undo/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/ids.h"
#include "undo/failure.h"
#include "undo/open_path.h"
#include "undo/random_action.h"

namespace bailiff::undo {
namespace {

std::string beside(const std::string& path, const std::string& name) {
    const std::string folder = split_path(path).folder;
    return (folder == "/" ? "" : folder) + "/" + name;
}

} // namespace

Result<Staging> Staging::make(const Target& target) {
    const Result<std::uint64_t> number = random_action();
    if (!number) return tl::unexpected(number.error());
    const std::string name = ".bailiff-" + approval_id(*number) + ".part";
    const int parent = target.folder.get();
    if (mkdirat(parent, name.c_str(), 0700) != 0)
        return fail_writing("make a folder beside " + target.path, errno);
    UniqueFd fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    const bool looked = fd && fstat(fd.get(), &info) == 0;
    if (looked && info.st_uid == geteuid() && (info.st_mode & 0777) == 0700)
        return Staging(parent, beside(target.path, name), std::move(fd));
    unlinkat(parent, name.c_str(), AT_REMOVEDIR);
    return fail(ErrorCode::kInternal,
                "the folder made beside " + target.path + " is not there any more");
}

Staging::~Staging() {
    if (fd_) unlinkat(parent_, split_path(path_).name.c_str(), AT_REMOVEDIR);
}

} // namespace bailiff::undo
