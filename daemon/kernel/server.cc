#include "kernel/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/unix_address.h"
#include "kernel/canary.h"

namespace bailiff::kernel {
namespace {

bool somebody_answers(const sockaddr_un& address) {
    const UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    return connect_unix(probe.get(), address) == 0;
}

// It becomes a word of a manifest.
bool is_session(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_';
    });
}

bool well_formed(const Request& request) {
    const bool own_slot = request.subject > 0 && request.subject < kCanarySubject;
    if (request.operation == Operation::kEnrol && (request.pid <= 1 || !own_slot)) return false;
    if (request.operation == Operation::kKill && !own_slot) return false;
    const bool enrols = request.operation == Operation::kEnrolTarget;
    if (enrols && !own_slot) return false;
    if (enrols || request.operation == Operation::kCheckTarget)
        if (request.pid == 0 ? request.cgroup <= 1 : request.pid == 1) return false;
    return request.magic == kWireMagic &&
           std::memchr(request.undo.session, 0, sizeof(request.undo.session)) != nullptr &&
           is_session(request.undo.session) &&
           std::memchr(request.root, 0, sizeof(request.root)) != nullptr &&
           std::memchr(request.path, 0, sizeof(request.path)) != nullptr;
}

bool send_reply(int socket, const Reply& reply, const std::vector<int>& descriptors) {
    iovec part{const_cast<Reply*>(&reply), sizeof(reply)};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kSharedMaps.size())] = {};
    if (!descriptors.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
        std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * descriptors.size());
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof(reply));
}

} // namespace

Result<Server> Server::listen(const std::string& folder, uid_t daemon_uid, gid_t daemon_gid) {
    const std::string path = folder + "/" + kSocketName;
    const Result<sockaddr_un> address = unix_address(path);
    if (!address) return tl::unexpected(address.error());
    if (somebody_answers(*address))
        return fail(ErrorCode::kAlreadyExists,
                    "another bailiff-kernel answers on " + path + "; stop it first");
    unlink(path.c_str());
    UniqueFd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!listener) return fail_errno("socket", errno);
    const mode_t before = umask(0117);
    const int bound = bind_unix(listener.get(), *address);
    const int bind_error = errno;
    umask(before);
    if (bound != 0) return fail_errno("bind " + path, bind_error);
    if (chown(path.c_str(), static_cast<uid_t>(-1), daemon_gid) != 0)
        return fail_errno("chown " + path, errno);
    if (::listen(listener.get(), 4) != 0) return fail_errno("listen on " + path, errno);
    return Server(std::move(listener), daemon_uid);
}

Status Server::accept_peer() {
    UniqueFd peer(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) return fail_errno("accept", errno);
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return fail_errno("SO_PEERCRED", errno);
    const bool known = credentials.uid == 0 || credentials.uid == daemon_uid_;
    if (known && !peer_) {
        peer_ = std::move(peer);
        return {};
    }
    Reply refusal{};
    refusal.magic = kWireMagic;
    refusal.error = known ? EBUSY : EACCES;
    const std::string why =
        known ? "bailiff-kernel serves another bailiffd; stop that one first"
              : "bailiff-kernel serves uid " + std::to_string(daemon_uid_) + " and root only";
    std::memcpy(refusal.message, why.data(), std::min(why.size(), sizeof(refusal.message) - 1));
    (void)send_reply(peer.get(), refusal, {}); // it is refused either way
    return {};
}

bool Server::serve_one(Handler& handler) {
    Request request{};
    const ssize_t n = recv(peer_.get(), &request, sizeof(request), MSG_TRUNC);
    if (n <= 0) return false;
    Reply reply{};
    reply.magic = kWireMagic;
    std::vector<int> descriptors;
    if (n != sizeof(request) || !well_formed(request)) {
        reply.error = EINVAL;
    } else {
        handler.handle(request, reply);
        if (request.operation == Operation::kHello) descriptors = handler.shared_maps();
    }
    return send_reply(peer_.get(), reply, descriptors);
}

Status Server::run(Handler& handler, int stop_fd) {
    for (;;) {
        std::array<pollfd, 3> waits{{{stop_fd, POLLIN, 0},
                                     {listener_.get(), POLLIN, 0},
                                     {peer_ ? peer_.get() : -1, POLLIN, 0}}};
        if (poll(waits.data(), waits.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return fail_errno("poll", errno);
        }
        if (waits[0].revents != 0) return {};
        if (waits[2].revents != 0 && !serve_one(handler)) peer_.reset();
        if (waits[1].revents != 0)
            if (Status accepted = accept_peer(); !accepted) return accepted;
    }
}

} // namespace bailiff::kernel
