#include "ctl/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bailiff::ctl {
namespace {

constexpr int kLook = 1000; // milliseconds between two looks whether the question stands

// Lines with echo, for as long as it lives: the command may have set the terminal to its own needs.
class LineMode {
public:
    explicit LineMode(int fd) : fd_(fd), saved_(tcgetattr(fd, &before_) == 0) {
        if (!saved_) return;
        termios lines = before_;
        lines.c_iflag |= ICRNL;
        lines.c_oflag |= OPOST | ONLCR;
        lines.c_lflag |= ICANON | ECHO | ECHOE | ISIG;
        tcsetattr(fd_, TCSANOW, &lines);
        tcflush(fd_, TCIFLUSH);
    }
    LineMode(const LineMode&) = delete;
    LineMode& operator=(const LineMode&) = delete;
    ~LineMode() {
        if (saved_) tcsetattr(fd_, TCSANOW, &before_);
    }

private:
    int fd_;
    termios before_{};
    bool saved_;
};

bool is_cancelled(const pollfd& cancel) {
    return cancel.revents != 0;
}

} // namespace

Result<Terminal> Terminal::open(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!fd)
        return fail(ErrorCode::kUnavailable,
                    "no terminal to ask at: " + path + ": " + std::strerror(errno));
    return Terminal(std::move(fd));
}

void Terminal::say(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = write(fd_.get(), text.data() + at, text.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return; // nobody is there to read it
        at += static_cast<std::size_t>(written);
    }
}

bool Terminal::is_foreground() const {
    return tcgetpgrp(fd_.get()) == getpgrp();
}

bool Terminal::wait_for_foreground(int cancel_fd, const std::function<bool()>& stands) {
    while (!is_foreground()) {
        pollfd cancel{.fd = cancel_fd, .events = POLLIN, .revents = 0};
        poll(&cancel, 1, kLook);
        if (is_cancelled(cancel) || !stands()) return false;
    }
    return true;
}

std::optional<std::string> Terminal::read_line(int cancel_fd, const std::function<bool()>& stands) {
    for (;;) {
        pollfd fds[] = {{.fd = fd_.get(), .events = POLLIN, .revents = 0},
                        {.fd = cancel_fd, .events = POLLIN, .revents = 0}};
        const int ready = poll(fds, 2, kLook);
        if (ready < 0 && errno != EINTR) return std::nullopt;
        if (is_cancelled(fds[1])) return std::nullopt;
        if (ready == 0 && !stands()) return std::nullopt;
        if (fds[0].revents == 0) continue;
        char bytes[256];
        const ssize_t got = read(fd_.get(), bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        std::string line(bytes, static_cast<std::size_t>(got));
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
        return line;
    }
}

std::optional<std::string> Terminal::ask(const std::string& question, int cancel_fd,
                                         const std::function<bool()>& stands) {
    if (!wait_for_foreground(cancel_fd, stands)) return std::nullopt;
    const LineMode mode(fd_.get());
    say(question);
    return read_line(cancel_fd, stands);
}

} // namespace bailiff::ctl
