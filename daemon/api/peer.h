// Peer: the process at the other end of a control connection, as the kernel names it. Owned by the
// connection; used on the server's thread.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::api {

struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;                // thread group id, as seen from the daemon's pid namespace
    std::uint64_t start_time = 0; // clock ticks since boot, see base/process.h
    UniqueFd pidfd;

    // Whether the process that connected still lives: its pid has not passed to another one.
    [[nodiscard]] bool still_same() const;
};

// The process that connected `socket`: SO_PEERCRED, and SO_PEERPIDFD (Linux 6.5) or pidfd_open.
// kUnauthenticated where it is gone already or lives in another pid namespace.
[[nodiscard]] Result<Peer> peer_of(int socket);

} // namespace bailiff::api
