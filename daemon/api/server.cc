#include "api/server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "api/connect.h"
#include "api/connection.h"
#include "api/listener.h"

namespace bailiff::api {
namespace asio = boost::asio;

using Protocol = asio::local::stream_protocol;

struct Server::State {
    State(asio::io_context& context, Service& its_service, ServerOptions its_options)
        : service(its_service),
          options(std::move(its_options)),
          acceptor(context),
          pause(context) {}

    Service& service;
    ServerOptions options;
    UniqueFd lock;
    Protocol::acceptor acceptor;
    asio::steady_timer pause; // after a failed accept
    std::set<std::shared_ptr<Stream>> streams;
    std::map<uid_t, std::size_t> by_uid;
    bool stopped = false;

    static asio::awaitable<void> accept_all(std::shared_ptr<State> state);
    static void admit(const std::shared_ptr<State>& state, Protocol::socket socket);
    void forget(const std::shared_ptr<Stream>& stream, uid_t uid);
};

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};

// Without waiting: the few bytes fit an empty socket buffer, and a caller that is turned away may
// not cost more than that.
void turn_away(int socket, const ConnectError& error) {
    const std::string body = error.body();
    const std::string reason = error.status == 401 ? " Unauthorized" : " Service Unavailable";
    const std::string text = "HTTP/1.1 " + std::to_string(error.status) + reason +
                             "\r\nContent-Type: application/json\r\nConnection: close\r\n"
                             "Content-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

std::string what_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& problem) {
        return problem.what();
    } catch (...) {
        return "unknown";
    }
}

} // namespace

void Server::State::forget(const std::shared_ptr<Stream>& stream, uid_t uid) {
    if (streams.erase(stream) == 0) return;
    if (const auto count = by_uid.find(uid); --count->second == 0) by_uid.erase(count);
}

void Server::State::admit(const std::shared_ptr<State>& state, Protocol::socket socket) {
    const ServerOptions& limits = state->options;
    Result<Peer> peer = peer_of(socket.native_handle());
    if (!peer) return turn_away(socket.native_handle(), connect_error(peer.error()));
    const uid_t uid = peer->uid;
    const auto own = state->by_uid.find(uid);
    if (state->streams.size() >= limits.max_connections) {
        return turn_away(socket.native_handle(),
                         {503, "unavailable", "bailiffd has no connection free; try again"});
    }
    if (own != state->by_uid.end() && own->second >= limits.max_connections_per_uid) {
        return turn_away(socket.native_handle(),
                         {503, "unavailable",
                          "uid " + std::to_string(uid) + " has " + std::to_string(own->second) +
                              " connections to bailiffd, as many as one account may have"});
    }
    auto stream = std::make_shared<Stream>(std::move(socket));
    state->streams.insert(stream);
    ++state->by_uid[uid];
    asio::co_spawn(state->acceptor.get_executor(),
                   serve(stream, std::move(*peer), state->service, state->options),
                   [state, stream, uid](std::exception_ptr thrown) {
                       if (thrown) spdlog::error("api: connection: {}", what_of(thrown));
                       state->forget(stream, uid);
                   });
}

asio::awaitable<void> Server::State::accept_all(std::shared_ptr<State> state) {
    while (!state->stopped) {
        auto [problem, socket] = co_await state->acceptor.async_accept(kTuple);
        if (state->stopped) co_return;
        if (problem) {
            spdlog::warn("api: accept: {}", problem.message());
            state->pause.expires_after(kAcceptPause);
            co_await state->pause.async_wait(kTuple);
            continue;
        }
        try {
            admit(state, std::move(socket));
        } catch (const std::exception& thrown) {
            spdlog::error("api: connection: {}", thrown.what());
        }
    }
}

Result<std::unique_ptr<Server>> Server::open(asio::io_context& context, Service& service,
                                             ServerOptions options) {
    Result<Listener> listener = listen_at(options.path);
    if (!listener) return propagate(std::move(listener), "control socket");
    auto state = std::make_shared<State>(context, service, std::move(options));
    state->lock = std::move(listener->lock);
    boost::system::error_code problem;
    state->acceptor.assign(Protocol(), listener->socket.get(), problem);
    if (problem) return fail(ErrorCode::kInternal, "control socket: " + problem.message());
    (void)listener->socket.release();
    asio::co_spawn(context, State::accept_all(state), [](std::exception_ptr thrown) {
        if (thrown) spdlog::critical("api: no longer accepts: {}", what_of(thrown));
    });
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
    stop();
}

void Server::stop() {
    if (std::exchange(state_->stopped, true)) return;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
    for (const std::shared_ptr<Stream>& stream : state_->streams) stream->close();
    unlink(state_->options.path.c_str());
    state_->lock.reset();
}

std::size_t Server::connections() const {
    return state_->streams.size();
}

} // namespace bailiff::api
