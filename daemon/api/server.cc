#include "api/server.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/admission.h"
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
          for_subjects(options),
          admission(options),
          acceptor(context),
          pause(context) {
        for_subjects.idle_timeout = std::min(options.idle_timeout, options.subject_timeout);
        for_subjects.read_timeout = std::min(options.read_timeout, options.subject_timeout);
    }

    Service& service;
    ServerOptions options;
    ServerOptions for_subjects;
    Admission admission;
    UniqueFd lock;
    Protocol::acceptor acceptor;
    asio::steady_timer pause; // after a failed accept
    std::map<std::shared_ptr<Stream>, Admission::Owner> streams;
    bool stopped = false;

    static asio::awaitable<void> accept_all(std::shared_ptr<State> state);
    static void admit(const std::shared_ptr<State>& state, Protocol::socket socket);
    [[nodiscard]] Status make_room(const Admission::Owner& owner);
    void forget(const std::shared_ptr<Stream>& stream);
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

bool has_hung_up(int socket) {
    pollfd other{.fd = socket, .events = 0, .revents = 0};
    return poll(&other, 1, 0) > 0 && (other.revents & POLLHUP) != 0;
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

void Server::State::forget(const std::shared_ptr<Stream>& stream) {
    const auto found = streams.find(stream);
    if (found == streams.end()) return;
    admission.remove(found->second);
    streams.erase(found);
}

// A call that waits does not read, and so does not see that its caller has gone: such connections
// are looked for before anybody is turned away.
Status Server::State::make_room(const Admission::Owner& owner) {
    Status free = admission.check(owner);
    if (free) return free;
    std::vector<std::shared_ptr<Stream>> gone;
    for (const auto& [stream, its_owner] : streams)
        if (has_hung_up(stream->socket().native_handle())) gone.push_back(stream);
    for (const std::shared_ptr<Stream>& stream : gone) {
        stream->close();
        forget(stream);
    }
    return gone.empty() ? free : admission.check(owner);
}

void Server::State::admit(const std::shared_ptr<State>& state, Protocol::socket socket) {
    Result<Peer> peer = peer_of(socket.native_handle());
    if (!peer) return turn_away(socket.native_handle(), connect_error(peer.error()));
    const Admission::Owner owner = Admission::owner_of(peer->uid, state->service.subject_of(*peer));
    if (Status free = state->make_room(owner); !free)
        return turn_away(socket.native_handle(), connect_error(free.error()));
    auto stream = std::make_shared<Stream>(std::move(socket));
    state->streams.emplace(stream, owner);
    state->admission.add(owner);
    const bool bound = owner.subject != 0 && !owner.unbound;
    asio::co_spawn(state->acceptor.get_executor(),
                   serve(stream, std::move(*peer), state->service,
                         bound ? state->for_subjects : state->options),
                   [state, stream](std::exception_ptr thrown) {
                       if (thrown) spdlog::error("api: connection: {}", what_of(thrown));
                       state->forget(stream);
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
    for (const auto& [stream, owner] : state_->streams) stream->close();
    unlink(state_->options.path.c_str());
    state_->lock.reset();
}

std::size_t Server::connections() const {
    return state_->streams.size();
}

} // namespace bailiff::api
