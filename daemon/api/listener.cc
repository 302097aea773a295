#include "api/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/unix_address.h"

namespace bailiff::api {
namespace {

constexpr mode_t kSocketMode = 0666; // who may do what is decided by role, for each call
constexpr mode_t kLockMode = 0600;
constexpr int kBacklog = 128;

Result<UniqueFd> take_lock(const std::string& path) {
    const std::string name = path + ".lock";
    UniqueFd lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode));
    if (!lock) return fail_errno("open " + name, errno);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return fail_errno("lock " + name, errno);
    return fail(ErrorCode::kAlreadyExists,
                "another bailiffd serves " + path + ": it holds " + name + "; stop it first");
}

Status remove_stale(const std::string& path) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return fail_errno("stat " + path, errno);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return fail(ErrorCode::kFailedPrecondition,
                    path + " is there and is no socket; move it away");
    }
    if (unlink(path.c_str()) != 0) return fail_errno("remove the stale socket " + path, errno);
    return {};
}

} // namespace

Result<Listener> listen_at(const std::string& path) {
    const Result<sockaddr_un> address = unix_address(path);
    if (!address) return tl::unexpected<Error>(address.error());
    Result<UniqueFd> lock = take_lock(path);
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (Status removed = remove_stale(path); !removed) {
        return tl::unexpected<Error>(removed.error());
    }
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("socket", errno);
    if (bind_unix(socket.get(), *address) != 0) return fail_errno("bind " + path, errno);
    if (chmod(path.c_str(), kSocketMode) != 0) return fail_errno("chmod " + path, errno);
    if (listen(socket.get(), kBacklog) != 0) return fail_errno("listen on " + path, errno);
    return Listener{std::move(*lock), std::move(socket)};
}

} // namespace bailiff::api
