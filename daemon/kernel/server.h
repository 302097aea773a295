// Server: answers bailiffd's fixed-size requests on a SOCK_SEQPACKET Unix socket. Only root and one
// named uid may connect, one connection at a time. Blocking; one thread; runs until `stop_fd` is
// readable.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/wire.h"

namespace bailiff::kernel {

// What answers a request that is well formed.
class Handler {
public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;

    // Fills what the operation answers with; `reply` is zero but for its magic.
    virtual void handle(const Request& request, Reply& reply) = 0;
    // Descriptors of kSharedMaps in their order; they stay the handler's.
    [[nodiscard]] virtual std::vector<int> shared_maps() = 0;
};

class Server {
public:
    // Makes `folder`/kernel.sock, readable by `daemon_gid`. kAlreadyExists if another one answers.
    [[nodiscard]] static Result<Server> listen(const std::string& folder, uid_t daemon_uid,
                                               gid_t daemon_gid);

    [[nodiscard]] Status run(Handler& handler, int stop_fd);

private:
    Server(UniqueFd listener, uid_t daemon_uid)
        : listener_(std::move(listener)), daemon_uid_(daemon_uid) {}
    [[nodiscard]] Status accept_peer();
    [[nodiscard]] bool serve_one(Handler& handler);

    UniqueFd listener_;
    UniqueFd peer_;
    uid_t daemon_uid_;
};

} // namespace bailiff::kernel
