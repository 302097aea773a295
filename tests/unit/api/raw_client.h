// Bytes to and from a Unix socket, for tests that send what no HTTP client would.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace bailiff::api {

class RawClient {
public:
    explicit RawClient(const std::string& path)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        connected_ = connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                             sizeof address) == 0;
        const timeval limit{.tv_sec = 20, .tv_usec = 0};
        setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    [[nodiscard]] bool connected() const { return connected_; }

    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void end_of_input() { shutdown(socket_.get(), SHUT_WR); }

    // Up to the end of the connection.
    std::string read_all() {
        std::string all;
        while (read_some(all)) {
        }
        return all;
    }
    // One answer: a header and as many bytes as its Content-Length says.
    std::string read_answer() {
        std::string all;
        std::size_t wanted = std::string::npos;
        while (all.size() < wanted && read_some(all)) {
            const std::size_t end = all.find("\r\n\r\n");
            const std::size_t length = all.find("Content-Length: ");
            if (end == std::string::npos || length == std::string::npos) continue;
            wanted = end + 4 + std::stoul(all.substr(length + 16));
        }
        return all;
    }

private:
    bool read_some(std::string& all) {
        char bytes[4096];
        const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
        if (got > 0) all.append(bytes, static_cast<std::size_t>(got));
        return got > 0;
    }
    UniqueFd socket_;
    bool connected_ = false;
};

inline std::string post(std::string_view method, std::string_view body,
                        std::string_view type = "application/json",
                        std::string_view more_headers = "") {
    return "POST /bailiff.v1.Control/" + std::string(method) +
           " HTTP/1.1\r\nHost: bailiffd\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(more_headers) + "\r\n" + std::string(body);
}

} // namespace bailiff::api
