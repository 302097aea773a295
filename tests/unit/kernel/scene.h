// A privileged socket with a handler that only remembers, served by a thread of its own, and
// callers that send it what they like.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/server.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::kernel {

class Remembering final : public Handler {
public:
    void handle(const Request& request, Reply& reply) override {
        requests.push_back(request);
        if (answer) answer(request, reply);
    }
    std::vector<int> shared_maps() override { return maps; }

    std::function<void(const Request&, Reply&)> answer;
    std::vector<Request> requests;
    std::vector<int> maps;
};

// Serves from construction until stop(); `handler` is the test's again after that.
class ServedSocket {
public:
    explicit ServedSocket(Handler& handler, uid_t daemon_uid = getuid(),
                          gid_t daemon_gid = getgid())
        : stop_(eventfd(0, EFD_CLOEXEC)) {
        chmod(folder_.path().c_str(), 0755);
        Result<Server> server = Server::listen(folder_.path(), daemon_uid, daemon_gid);
        if (!server) throw std::runtime_error(server.error().message());
        thread_ = std::thread([this, &handler, own = std::move(*server)]() mutable {
            ended_ = own.run(handler, stop_.get());
        });
    }
    ServedSocket(const ServedSocket&) = delete;
    ServedSocket& operator=(const ServedSocket&) = delete;
    ~ServedSocket() { stop(); }

    Status stop() {
        if (thread_.joinable()) {
            eventfd_write(stop_.get(), 1);
            thread_.join();
        }
        return ended_;
    }
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

private:
    tests::TemporaryFolder folder_;
    UniqueFd stop_;
    Status ended_;
    std::thread thread_;
};

// A connection that sends any bytes. Waits for an answer up to a minute.
class RawCaller {
public:
    explicit RawCaller(const std::string& folder)
        : socket_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder + "/" + kSocketName;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        const timeval limit{60, 0};
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                               sizeof(address)) == 0;
    }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool send(const void* bytes, std::size_t size) const {
        return ::send(socket_.get(), bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
    }
    // Nothing once the server has closed.
    [[nodiscard]] std::optional<Reply> receive() const {
        Reply reply{};
        if (recv(socket_.get(), &reply, sizeof(reply), 0) != sizeof(reply)) return std::nullopt;
        return reply;
    }
    std::optional<Reply> ask(const Request& request) const {
        return send(&request, sizeof(request)) ? receive() : std::nullopt;
    }

private:
    UniqueFd socket_;
    bool connected_ = false;
};

inline Request request_of(Operation operation) {
    Request request{};
    request.magic = kWireMagic;
    request.operation = operation;
    return request;
}

} // namespace bailiff::kernel
