// The control socket's file: lock, stale socket, mode. Used once, at start.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::api {

struct Listener {
    UniqueFd lock;   // flock on path + ".lock"
    UniqueFd socket; // listens, close-on-exec
};

// kAlreadyExists where another process holds the lock, kFailedPrecondition where `path` is no
// socket, kInvalidArgument where it is too long for one.
[[nodiscard]] Result<Listener> listen_at(const std::string& path);

} // namespace bailiff::api
