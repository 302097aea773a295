#include "tests/unit/kernel/scene.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace bailiff::kernel {

void Remembering::handle(const Request& request, Reply& reply) {
    requests.push_back(request);
    if (answer) answer(request, reply);
}

ServedSocket::ServedSocket(Handler& handler, uid_t daemon_uid, gid_t daemon_gid)
    : stop_(eventfd(0, EFD_CLOEXEC)) {
    chmod(folder_.path().c_str(), 0755);
    Result<Server> server = Server::listen(folder_.path(), daemon_uid, daemon_gid);
    if (!server) throw std::runtime_error(server.error().message());
    thread_ = std::thread([this, &handler, own = std::move(*server)]() mutable {
        ended_ = own.run(handler, stop_.get());
    });
}

ServedSocket::~ServedSocket() {
    stop();
}

Status ServedSocket::stop() {
    if (thread_.joinable()) {
        eventfd_write(stop_.get(), 1);
        thread_.join();
    }
    return ended_;
}

RawCaller::RawCaller(const std::string& folder)
    : socket_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/" + kSocketName;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const timeval limit{60, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

bool RawCaller::send(const void* bytes, std::size_t size) const {
    return ::send(socket_.get(), bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

std::optional<Reply> RawCaller::receive() const {
    Reply reply{};
    if (recv(socket_.get(), &reply, sizeof(reply), 0) != sizeof(reply)) return std::nullopt;
    return reply;
}

std::optional<Reply> RawCaller::ask(const Request& request) const {
    return send(&request, sizeof(request)) ? receive() : std::nullopt;
}

Request request_of(Operation operation) {
    Request request{};
    request.magic = kWireMagic;
    request.operation = operation;
    return request;
}

} // namespace bailiff::kernel
