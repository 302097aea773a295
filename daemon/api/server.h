// Server: the control API's HTTP/1.1 transport on a Unix socket. Owned by main; everything happens
// on the thread that runs its io_context, and nothing a caller sends ends the daemon.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "api/service.h"
#include "base/result.h"

namespace bailiff::api {

struct ServerOptions {
    std::string path;                     // of the socket; made with mode 0666
    std::uint64_t max_body = 256 * 1024;  // bytes
    std::uint32_t max_header = 16 * 1024; // bytes
    // Connections; excess is answered 503 and closed. Those of a subject, a session or an agent
    // without one, do not count for its account, so that an agent cannot lock its user out.
    std::size_t max_connections = 512;  // together
    std::size_t reserved_for_root = 32; // of them
    std::size_t max_connections_of_subjects = 128;
    std::size_t max_connections_per_uid = 64; // also of an agent without a session
    std::size_t max_connections_per_subject = 4;
    std::chrono::milliseconds read_timeout{10'000};   // for one whole request
    std::chrono::milliseconds idle_timeout{60'000};   // between two requests of a connection
    std::chrono::milliseconds subject_timeout{2'000}; // both of these, for a subject
};

class Server {
public:
    // Listens from here on. Takes a lock on path + ".lock" for its life: kAlreadyExists where
    // another daemon holds it. A socket left behind is replaced; another kind of file is not.
    // `context` and `service` must outlive the server and the last run of `context`.
    [[nodiscard]] static Result<std::unique_ptr<Server>> open(boost::asio::io_context& context,
                                                              Service& service,
                                                              ServerOptions options);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server(); // stop()

    // Closes all connections, removes the socket and gives the lock back. Calls that wait are left.
    void stop();
    [[nodiscard]] std::size_t connections() const;

private:
    struct State;
    explicit Server(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_; // shared with the coroutines
};

} // namespace bailiff::api
