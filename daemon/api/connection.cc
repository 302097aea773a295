#include "api/connection.h"

#include <spdlog/spdlog.h>
#include <string.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <optional>
#include <string>
#include <utility>

#include "api/connect.h"
#include "api/methods.h"

namespace bailiff::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Parser = http::request_parser<http::string_body>;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kWriteTimeout{10};
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr std::size_t kLingerBytes = 16U << 20;

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

Response answer(http::status status, std::string_view type, std::string body, bool keep_alive) {
    Response response(status, 11);
    response.set(http::field::content_type, beast::string_view(type.data(), type.size()));
    response.body() = std::move(body);
    response.keep_alive(keep_alive);
    response.prepare_payload();
    return response;
}

Response refuse(const ConnectError& error, bool keep_alive) {
    return answer(static_cast<http::status>(error.status), "application/json", error.body(),
                  keep_alive);
}

// Cancels what is read when the time has passed. A time-out of the stream itself would close it,
// and nothing could be answered any more.
class Deadline {
public:
    Deadline(Stream& stream, std::chrono::milliseconds time) : timer_(stream.get_executor(), time) {
        timer_.async_wait([state = state_, &stream](const beast::error_code& cancelled) {
            if (cancelled || state->over) return;
            state->passed = true;
            beast::error_code ignored;
            stream.socket().cancel(ignored);
        });
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { state_->over = true; }
    [[nodiscard]] bool passed() const { return state_->passed; }

private:
    struct State {
        bool over = false;
        bool passed = false;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
    asio::steady_timer timer_;
};

// "the body ended after 5 of 1000 bytes"
std::string how_far(const Parser& parser, const std::string& what) {
    if (!parser.is_header_done()) return "the request " + what + " inside its header";
    std::string text = "the body " + what + " after " + std::to_string(parser.get().body().size());
    if (parser.content_length()) text += " of " + std::to_string(*parser.content_length());
    return text + " bytes";
}

// What a request that cannot be read is answered; nothing where the connection is broken.
std::optional<Response> unreadable(const beast::error_code& problem, const Parser& parser,
                                   bool too_slow, const ServerOptions& options) {
    if (too_slow) {
        return refuse({408, "deadline_exceeded",
                       how_far(parser, "stopped") + "; it must be whole within " +
                           std::to_string(options.read_timeout.count()) + " ms"},
                      false);
    }
    if (problem == http::error::body_limit) {
        return refuse({413, "resource_exhausted",
                       "the body has more than " + std::to_string(options.max_body) + " bytes"},
                      false);
    }
    if (problem == http::error::header_limit || problem == http::error::buffer_overflow) {
        return refuse({431, "resource_exhausted",
                       "the header has more than " + std::to_string(options.max_header) + " bytes"},
                      false);
    }
    if (problem == http::error::partial_message || problem == http::error::end_of_stream)
        return refuse({400, "invalid_argument", how_far(parser, "ended")}, false);
    if (problem.category() != http::make_error_code(http::error::bad_method).category())
        return std::nullopt;
    return refuse({400, "invalid_argument", "not an HTTP/1.1 request: " + problem.message()},
                  false);
}

// What is wrong with the request before its body is looked at.
std::optional<Response> check_request(const Request& request, const Method* method) {
    const bool keep = request.keep_alive();
    const std::string path(view(request.target()));
    if (method == nullptr) {
        return refuse(
            {404, "unimplemented",
             "there is no such method; calls go to POST " + std::string(kPathPrefix) + "METHOD"},
            keep);
    }
    if (request.method() != http::verb::post) {
        Response response = refuse(
            {405, "unimplemented", std::string(method->name) + " is called with POST"}, keep);
        response.set(http::field::allow, "POST");
        return response;
    }
    if (const Result<Codec> codec = codec_of(view(request[http::field::content_type])); !codec) {
        Response response = refuse({415, "invalid_argument", codec.error().message()}, keep);
        response.set("Accept-Post", "application/json, application/proto");
        return response;
    }
    const std::string_view encoding = view(request[http::field::content_encoding]);
    if (!encoding.empty() && encoding != "identity") {
        return refuse({501, "unimplemented", "bodies are taken uncompressed only"}, keep);
    }
    const Status version = check_protocol_version(view(request["Connect-Protocol-Version"]));
    if (!version) return refuse(connect_error(version.error()), keep);
    return std::nullopt;
}

asio::awaitable<Response> handle(Request& request, const Peer& peer, Service& service) {
    const Method* method = find_method(view(request.target()));
    if (std::optional<Response> wrong = check_request(request, method)) {
        co_return std::move(*wrong);
    }
    if (!peer.still_same()) {
        co_return refuse({401, "unauthenticated", "the process that connected has exited"}, false);
    }
    const Result<Subjection> subject = subject_for(*method, peer, service.subject_of(peer));
    // What became a subject on an older connection keeps none of its account's.
    const bool bound = subject && subject->slot != 0 && !subject->unbound;
    const bool keep = request.keep_alive() && !bound;
    if (!subject) co_return refuse(connect_error(subject.error()), keep);
    RoleSet roles = service.roles().roles_of(peer.uid, peer.gid);
    if (subject->unbound) roles = roles.has(Role::kUser) ? RoleSet{Role::kUser} : RoleSet{};
    const Caller caller{peer, roles, *subject};
    const Codec codec = *codec_of(view(request[http::field::content_type]));
    Result<std::string> body = co_await dispatch(service, caller, *method, codec, request.body());
    if (!body) {
        if (body.error().code() == ErrorCode::kInternal) {
            spdlog::error("api: {}", body.error().message());
        }
        co_return refuse(connect_error(body.error()), keep);
    }
    co_return answer(http::status::ok, content_type(codec), std::move(*body), keep);
}

// False where the connection is to be closed.
asio::awaitable<bool> respond(Stream& stream, Response response) {
    stream.expires_after(kWriteTimeout);
    const auto [problem, bytes] = co_await http::async_write(stream, response, kTuple);
    co_return !problem && response.keep_alive();
}

// Lets a caller that still sends a refused body come to reading the answer: closing at once, with
// data unread, would break its connection first.
asio::awaitable<void> linger(Stream& stream) {
    beast::error_code ignored;
    stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    stream.expires_after(kLingerTimeout);
    std::string unread(std::size_t{64} << 10, '\0');
    for (std::size_t total = 0; total < kLingerBytes;) {
        const auto [problem, bytes] = co_await stream.async_read_some(asio::buffer(unread), kTuple);
        if (problem) co_return;
        total += bytes;
    }
}

asio::awaitable<bool> serve_one(Stream& stream, beast::flat_buffer& buffer, const Peer& peer,
                                Service& service, const ServerOptions& options) {
    if (buffer.size() == 0) {
        stream.expires_after(options.idle_timeout);
        const auto [problem, bytes] = co_await stream.async_read_some(buffer.prepare(1), kTuple);
        if (problem) co_return false;
        buffer.commit(bytes);
    }
    Parser parser;
    parser.body_limit(options.max_body);
    parser.header_limit(options.max_header);
    stream.expires_never();
    std::optional<Deadline> deadline;
    deadline.emplace(stream, options.read_timeout);
    const auto [problem, bytes] = co_await http::async_read(stream, buffer, parser, kTuple);
    const bool too_slow = problem && deadline->passed();
    deadline.reset(); // read_events waits as long as it was asked to
    if (problem) {
        std::optional<Response> response = unreadable(problem, parser, too_slow, options);
        if (response) {
            co_await respond(stream, std::move(*response));
            co_await linger(stream);
        }
        co_return false;
    }
    Request request = parser.release();
    Response response = co_await handle(request, peer, service);
    explicit_bzero(request.body().data(), request.body().size()); // it may hold a token
    co_return co_await respond(stream, std::move(response));
}

} // namespace

asio::awaitable<void> serve(std::shared_ptr<Stream> stream, Peer peer, Service& service,
                            const ServerOptions& options) {
    // A caller can have no more in flight than one request.
    beast::flat_buffer buffer(options.max_header + options.max_body);
    bool more = true;
    while (more) more = co_await serve_one(*stream, buffer, peer, service, options);
    beast::error_code ignored;
    stream->socket().shutdown(asio::socket_base::shutdown_both, ignored);
    stream->close();
}

} // namespace bailiff::api
