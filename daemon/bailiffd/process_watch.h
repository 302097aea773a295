// Waits for the end of a process that is no child: a session's first one. I/O thread only.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>

namespace bailiff::daemon {

// Until the process behind the pidfd has exited. A wait that ends early or with an error says
// nothing about the process: Asio takes descriptors out of a pool, and a fresh one can still be
// told what was queued for the one before it.
[[nodiscard]] boost::asio::awaitable<void> until_exit(
    boost::asio::posix::stream_descriptor& process);

// Until there is no process `pid` that started at `start_time` (clock ticks since boot). Where it
// cannot be looked at, for want of a descriptor, it counts as running.
[[nodiscard]] boost::asio::awaitable<void> until_gone(pid_t pid, std::uint64_t start_time);

} // namespace bailiff::daemon
