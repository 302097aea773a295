#include "ctl/client.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/strict_json.h"
#include "base/unix_address.h"

namespace bailiff::ctl {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;
using std::chrono::steady_clock;

constexpr std::uint64_t kMaxAnswer = 64ULL << 20; // bytes
constexpr std::size_t kReadSize = 16384;

tl::unexpected<Error> no_answer(const std::string& socket, const std::string& why) {
    return fail(ErrorCode::kUnavailable, "bailiffd does not answer at " + socket + ": " + why +
                                             " (systemctl status bailiffd)");
}

ErrorCode code_of(std::string_view connect_code) {
    constexpr std::array<std::pair<std::string_view, ErrorCode>, 9> kCodes{
        {{"invalid_argument", ErrorCode::kInvalidArgument},
         {"unauthenticated", ErrorCode::kUnauthenticated},
         {"permission_denied", ErrorCode::kPermissionDenied},
         {"not_found", ErrorCode::kNotFound},
         {"already_exists", ErrorCode::kAlreadyExists},
         {"resource_exhausted", ErrorCode::kResourceExhausted},
         {"failed_precondition", ErrorCode::kFailedPrecondition},
         {"unavailable", ErrorCode::kUnavailable},
         {"data_loss", ErrorCode::kDataLoss}}};
    for (const auto& [name, code] : kCodes) {
        if (name == connect_code) return code;
    }
    return ErrorCode::kInternal;
}

tl::unexpected<Error> server_error(unsigned status, const std::string& body) {
    const Result<boost::json::value> value = parse_strict_json(body);
    const boost::json::object* object = value ? value->if_object() : nullptr;
    const boost::json::value* code = object != nullptr ? object->if_contains("code") : nullptr;
    const boost::json::value* text = object != nullptr ? object->if_contains("message") : nullptr;
    if (code == nullptr || text == nullptr || !code->is_string() || !text->is_string()) {
        return fail(ErrorCode::kInternal,
                    "bailiffd answered with HTTP status " + std::to_string(status));
    }
    return fail(code_of(std::string_view(code->get_string())), std::string(text->get_string()));
}

} // namespace

Client::Client(std::string socket, std::chrono::milliseconds timeout)
    : socket_(std::move(socket)), timeout_(timeout), cancelled_(eventfd(0, EFD_CLOEXEC)) {}

void Client::cancel() {
    eventfd_write(cancelled_.get(), 1);
}

bool Client::pause(std::chrono::milliseconds time) {
    pollfd cancelled{.fd = cancelled_.get(), .events = POLLIN, .revents = 0};
    return poll(&cancelled, 1, static_cast<int>(time.count())) == 0;
}

Status Client::wait_for(int fd, short events, Deadline deadline) {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) return no_answer(socket_, "no answer in time");
        pollfd fds[] = {{.fd = fd, .events = events, .revents = 0},
                        {.fd = cancelled_.get(), .events = POLLIN, .revents = 0}};
        const int ready = poll(fds, 2, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) return fail_errno("poll", errno);
        if (ready <= 0) continue;
        if (fds[1].revents != 0) return fail(ErrorCode::kUnavailable, "the call was cancelled");
        return {};
    }
}

Result<UniqueFd> Client::connect() {
    const Result<sockaddr_un> address = unix_address(socket_);
    if (!address) return tl::unexpected(address.error());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_errno("socket", errno);
    if (connect_unix(fd.get(), *address) != 0) {
        return no_answer(socket_, std::generic_category().message(errno));
    }
    return fd;
}

Status Client::send(int fd, std::string_view text, Deadline deadline) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        // A server that refuses early closes early: what it answered can still be read.
        if (errno == EPIPE || errno == ECONNRESET) return {};
        if (errno != EAGAIN && errno != EINTR) return fail_errno("send to " + socket_, errno);
        if (Status ready = wait_for(fd, POLLOUT, deadline); !ready) return ready;
    }
    return {};
}

Status Client::receive(int fd, Deadline deadline, std::string_view method,
                       google::protobuf::Message& response) {
    Parser parser;
    parser.eager(true);
    parser.body_limit(kMaxAnswer);
    std::string bytes;
    while (!parser.is_done()) {
        if (Status ready = wait_for(fd, POLLIN, deadline); !ready) return ready;
        char more[kReadSize];
        const ssize_t got = recv(fd, more, sizeof more, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return no_answer(socket_, "it closed the connection");
        bytes.append(more, static_cast<std::size_t>(got));
        boost::beast::error_code problem;
        const std::size_t used =
            parser.put(boost::asio::buffer(std::as_const(bytes).data(), bytes.size()), problem);
        bytes.erase(0, used);
        if (problem && problem != http::error::need_more) {
            return fail(ErrorCode::kDataLoss,
                        "what answers at " + socket_ + " is no bailiffd: " + problem.message());
        }
    }
    const auto& answer = parser.get();
    if (answer.result() != http::status::ok) {
        return server_error(answer.result_int(), answer.body());
    }
    if (!response.ParseFromString(answer.body())) {
        return fail(ErrorCode::kDataLoss,
                    "bailiffd's answer to " + std::string(method) + " cannot be read");
    }
    return {};
}

Status Client::call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response) {
    const Deadline deadline = steady_clock::now() + timeout_;
    const Result<UniqueFd> fd = connect();
    if (!fd) return tl::unexpected<Error>(fd.error());
    const std::size_t size = request.ByteSizeLong();
    std::string text = "POST /bailiff.v1.Control/" + std::string(method) +
                       " HTTP/1.1\r\nHost: bailiffd\r\nContent-Type: application/proto\r\n"
                       "Connect-Protocol-Version: 1\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(size) + "\r\n\r\n";
    text.reserve(text.size() + size); // so that no copy is left behind
    request.AppendToString(&text);
    Status sent = send(fd->get(), text, deadline);
    explicit_bzero(text.data(), text.size());
    if (!sent) return sent;
    return receive(fd->get(), deadline, method, response);
}

} // namespace bailiff::ctl
