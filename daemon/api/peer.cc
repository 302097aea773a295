#include "api/peer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>

#include "base/process.h"

namespace bailiff::api {
namespace {

constexpr int kSoPeerPidfd = 77; // SO_PEERPIDFD; the C library's headers may be older

// A descriptor of the peer, taken by the kernel at connect() where it can.
UniqueFd open_pidfd(int socket, pid_t pid) {
    int fd = -1;
    socklen_t size = sizeof fd;
    if (getsockopt(socket, SOL_SOCKET, kSoPeerPidfd, &fd, &size) == 0) return UniqueFd(fd);
    return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

} // namespace

Result<Peer> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return fail_errno("SO_PEERCRED", errno);
    }
    if (credentials.pid <= 0) {
        return fail(ErrorCode::kUnauthenticated,
                    "the caller lives in a pid namespace that bailiffd cannot see");
    }
    Peer peer;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.pid = credentials.pid;
    peer.pidfd = open_pidfd(socket, credentials.pid);
    if (!peer.pidfd) return fail(ErrorCode::kUnauthenticated, "the caller has exited");
    Result<std::uint64_t> started = start_time_of(peer.pid);
    if (!started) return fail(ErrorCode::kUnauthenticated, "the caller has exited");
    peer.start_time = *started;
    if (!peer.still_same()) return fail(ErrorCode::kUnauthenticated, "the caller has exited");
    return peer;
}

bool Peer::still_same() const {
    pollfd exited{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    if (poll(&exited, 1, 0) != 0) return false; // readable: it has exited
    Result<std::uint64_t> started = start_time_of(pid);
    return started && *started == start_time;
}

} // namespace bailiff::api
