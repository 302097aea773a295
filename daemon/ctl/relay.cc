#include "ctl/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/pipe.h"

namespace bailiff::ctl {
namespace {

constexpr std::size_t kChunk = 65'536;

bool is_file(int fd, struct stat& found) {
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

// A Unix socket that is connected to one with a name. The ends of a socketpair(2) have none.
bool reaches_service(int fd) {
    sockaddr_un peer{};
    socklen_t size = sizeof(peer);
    return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
           peer.sun_family == AF_UNIX && size > sizeof(peer.sun_family);
}

bool is_output_to_copy(int fd, struct stat& found) {
    return is_file(fd, found) || reaches_service(fd);
}

} // namespace

Status Relay::add(int standard, bool is_input) {
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return tl::unexpected<Error>(pipe.error());
    Stream stream;
    stream.standard = {standard};
    stream.command_end = std::move(is_input ? pipe->read : pipe->write);
    stream.own_end = std::move(is_input ? pipe->write : pipe->read);
    // Its own end alone: the command's is another file description.
    if (fcntl(stream.own_end.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno("fcntl", errno);
    streams_.push_back(std::move(stream));
    return {};
}

Status Relay::prepare() {
    struct stat in {};
    struct stat out {};
    struct stat err {};
    if (is_file(STDIN_FILENO, in)) {
        if (Status added = add(STDIN_FILENO, true); !added) return added;
    }
    const bool copies_out = is_output_to_copy(STDOUT_FILENO, out);
    if (copies_out) {
        if (Status added = add(STDOUT_FILENO, false); !added) return added;
    }
    if (is_output_to_copy(STDERR_FILENO, err)) {
        if (copies_out && out.st_dev == err.st_dev && out.st_ino == err.st_ino) {
            streams_.back().standard.push_back(STDERR_FILENO);
        } else if (Status added = add(STDERR_FILENO, false); !added) {
            return added;
        }
    }
    if (streams_.empty()) return {};
    stop_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return stop_ ? Status() : fail_errno("eventfd", errno);
}

bool Relay::give_to_command() const {
    for (const Stream& stream : streams_) {
        for (const int standard : stream.standard) {
            if (dup2(stream.command_end.get(), standard) < 0) return false;
        }
    }
    return true;
}

void Relay::close_command_ends() {
    for (Stream& stream : streams_) {
        if (!is_input(stream)) stream.command_end.reset();
    }
}

void Relay::start() {
    for (Stream& stream : streams_) {
        stream.thread =
            std::thread([this, &stream] { is_input(stream) ? copy_in(stream) : copy_out(stream); });
    }
}

void Relay::finish() {
    if (stop_) {
        const std::uint64_t one = 1;
        static_cast<void>(!write(stop_.get(), &one, sizeof one)); // fails only where it is set
    }
    for (Stream& stream : streams_) {
        if (!stream.thread.joinable()) continue;
        stream.thread.join();
        if (is_input(stream)) give_back(stream);
    }
    streams_.clear();
    stop_.reset();
}

bool Relay::wait_for(int fd, short events) const {
    for (;;) {
        pollfd fds[] = {{.fd = fd, .events = events, .revents = 0},
                        {.fd = stop_.get(), .events = POLLIN, .revents = 0}};
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return false;
        }
        if (fds[0].revents != 0) return true;
        if (fds[1].revents != 0) return false;
    }
}

void Relay::copy_out(Stream& stream) {
    std::vector<char> bytes(kChunk);
    const int target = stream.standard.front();
    while (wait_for(stream.own_end.get(), POLLIN)) {
        const ssize_t got = read(stream.own_end.get(), bytes.data(), bytes.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) break;
        if (write_all(target, {bytes.data(), static_cast<std::size_t>(got)})) continue;
        std::fprintf(stderr, "bailiff: what the command writes to its standard %s is lost: %s\n",
                     target == STDOUT_FILENO ? "output" : "error", std::strerror(errno));
        break;
    }
    stream.own_end.reset(); // the command's next write fails
}

void Relay::copy_in(Stream& stream) {
    std::vector<char> bytes(kChunk);
    for (;;) {
        const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        stream.left = static_cast<std::size_t>(got);
        while (stream.left > 0) {
            if (!wait_for(stream.own_end.get(), POLLOUT)) return;
            const char* next = bytes.data() + (static_cast<std::size_t>(got) - stream.left);
            const ssize_t written = write(stream.own_end.get(), next, stream.left);
            if (written > 0) stream.left -= static_cast<std::size_t>(written);
            if (written < 0 && errno != EINTR && errno != EAGAIN) return;
        }
    }
    stream.own_end.reset(); // the command reads to the end
}

void Relay::give_back(const Stream& stream) {
    int unread = 0;
    ioctl(stream.command_end.get(), FIONREAD, &unread);
    const off_t back = static_cast<off_t>(stream.left) + unread;
    if (back > 0) lseek(STDIN_FILENO, -back, SEEK_CUR);
}

} // namespace bailiff::ctl
