// Server: answers bailiffd's fixed-size requests on a SOCK_SEQPACKET Unix socket. Only root and one
// named uid may connect, one connection at a time. Blocking; one thread; runs until `stop_fd` is
// readable.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/programs.h"
#include "kernel/wire.h"

namespace bailiff::kernel {

// Objects of overlay file systems stay open once resolved: an inode that was dropped from memory
// comes back under another number there, and its rule would be lost.
using HeldInodes = std::map<std::pair<std::uint32_t, std::uint64_t>, UniqueFd>;

class Server {
public:
    // Makes `folder`/kernel.sock, readable by `daemon_gid`. kAlreadyExists if another one answers.
    [[nodiscard]] static Result<Server> listen(const std::string& folder, uid_t daemon_uid,
                                               gid_t daemon_gid);

    [[nodiscard]] Status run(Programs& programs, int stop_fd);

private:
    Server(UniqueFd listener, uid_t daemon_uid)
        : listener_(std::move(listener)), daemon_uid_(daemon_uid) {}
    [[nodiscard]] Status accept_peer();
    [[nodiscard]] bool serve_one(Programs& programs);

    UniqueFd listener_;
    UniqueFd peer_;
    HeldInodes held_;
    uid_t daemon_uid_;
};

} // namespace bailiff::kernel
