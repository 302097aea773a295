#include "bailiffd/process_watch.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>

#include "base/process.h"
#include "base/unique_fd.h"

namespace bailiff::daemon {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

constexpr std::chrono::milliseconds kLookAgain{500};

bool has_exited(int pidfd) {
    pollfd exited{.fd = pidfd, .events = POLLIN, .revents = 0};
    return poll(&exited, 1, 0) > 0 && (exited.revents & POLLIN) != 0;
}

// That nothing has this number any more, or something that started at another time.
bool is_another(pid_t pid, std::uint64_t start_time) {
    const Result<std::uint64_t> started = start_time_of(pid);
    return started ? *started != start_time : started.error().code() == ErrorCode::kNotFound;
}

asio::awaitable<void> pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, kLookAgain);
    co_await timer.async_wait(asio::use_awaitable);
}

} // namespace

asio::awaitable<void> until_exit(stream_descriptor& process) {
    while (!has_exited(process.native_handle())) {
        boost::system::error_code problem;
        co_await process.async_wait(stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, problem));
        if (problem) co_await pause();
    }
}

asio::awaitable<void> until_gone(pid_t pid, std::uint64_t start_time) {
    while (true) {
        UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        if (!pidfd && errno == ESRCH) co_return;
        if (is_another(pid, start_time)) co_return;
        if (pidfd) {
            stream_descriptor process(co_await asio::this_coro::executor, pidfd.release());
            co_await until_exit(process);
            co_return;
        }
        co_await pause();
    }
}

} // namespace bailiff::daemon
