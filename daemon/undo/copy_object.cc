#include "undo/copy_object.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "undo/attributes.h"
#include "undo/content.h"
#include "undo/failure.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

// What was just made by that name, and nothing that somebody put in its place.
Result<UniqueFd> open_made(int folder, const std::string& name, mode_t type) {
    UniqueFd made(openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!made || fstat(made.get(), &info) != 0) return fail_errno("open the copy", errno);
    const bool one_name = S_ISDIR(info.st_mode) || info.st_nlink == 1;
    if ((info.st_mode & S_IFMT) != type || info.st_uid != geteuid() || !one_name)
        return fail(ErrorCode::kInternal, "somebody put another object in the place of the copy");
    return made;
}

Result<UniqueFd> copy_file(int from, const struct stat& info, int folder, const std::string& name,
                           std::uint64_t most) {
    const Result<UniqueFd> source = reopen(from, O_RDONLY | O_NOATIME);
    if (!source) return tl::unexpected(source.error());
    UniqueFd made(
        openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made) return fail_writing("make the copy", errno);
    Status done;
    if (!share_content(source->get(), made.get()))
        done = copy_content(source->get(), made.get(), most);
    if (done) done = copy_attributes(from, info, made.get());
    if (done && fdatasync(made.get()) != 0) done = fail_writing("write the copy", errno);
    if (done) return made;
    unlinkat(folder, name.c_str(), 0);
    return tl::unexpected(done.error());
}

int make_link(int from, int folder, const std::string& name) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = readlinkat(from, "", target.data(), target.size() - 1);
    return size < 0 ? -1 : symlinkat(target.data(), folder, name.c_str());
}

int make_other(int from, const struct stat& info, int folder, const std::string& name) {
    const mode_t type = info.st_mode & S_IFMT;
    if (S_ISDIR(info.st_mode)) return mkdirat(folder, name.c_str(), 0700);
    if (S_ISLNK(info.st_mode)) return make_link(from, folder, name);
    return mknodat(folder, name.c_str(), type, info.st_rdev);
}

Result<UniqueFd> copy_other(int from, const struct stat& info, int folder,
                            const std::string& name) {
    if (make_other(from, info, folder, name) != 0) return fail_writing("make the copy", errno);
    Result<UniqueFd> made = open_made(folder, name, info.st_mode & S_IFMT);
    Status done;
    if (made) done = copy_attributes(from, info, made->get());
    if (made && done) return made;
    remove_name(folder, name);
    return tl::unexpected(made ? done.error() : made.error());
}

} // namespace

Result<UniqueFd> copy_object(int from, const struct stat& info, int folder, const std::string& name,
                             std::uint64_t most) {
    if (S_ISREG(info.st_mode)) return copy_file(from, info, folder, name, most);
    return copy_other(from, info, folder, name);
}

Result<UniqueFd> reopen(int fd, int flags) {
    UniqueFd opened(open(path_of(fd).c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (opened) return opened;
    if (errno == EWOULDBLOCK)
        return fail(ErrorCode::kFailedPrecondition, "somebody holds a lease on it (fcntl(2))");
    if (errno == ETXTBSY) return fail(ErrorCode::kFailedPrecondition, "it is being executed");
    return fail_errno("open it", errno);
}

int remove_name(int folder, const std::string& name) {
    const int done = unlinkat(folder, name.c_str(), 0);
    if (done == 0 || errno != EISDIR) return done;
    return unlinkat(folder, name.c_str(), AT_REMOVEDIR);
}

} // namespace bailiff::undo
