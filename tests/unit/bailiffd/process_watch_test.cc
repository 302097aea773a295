#include "bailiffd/process_watch.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/process.h"

namespace bailiff::daemon {
namespace {

namespace asio = boost::asio;

class ProcessWatch : public testing::Test {
protected:
    ProcessWatch() : child_(fork()) {
        if (child_ == 0) {
            pause();
            _exit(0);
        }
        start_time_ = start_time_of(child_).value_or(0);
        const asio::steady_timer makes_the_loops_own_descriptors(context_);
    }
    ~ProcessWatch() override { end_child(); }

    void end_child() {
        if (child_ <= 0) return;
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        child_ = -1;
    }
    void spawn(asio::awaitable<void> wait) {
        asio::co_spawn(context_, std::move(wait), [this](const std::exception_ptr& thrown) {
            EXPECT_FALSE(thrown);
            over_ = true;
        });
        context_.poll();
    }
    void run_for(std::chrono::milliseconds time) {
        context_.restart();
        context_.run_for(time);
    }

    asio::io_context context_{1};
    pid_t child_;
    std::uint64_t start_time_ = 0;
    bool over_ = false;
};

TEST_F(ProcessWatch, EndsWithTheProcess) {
    spawn(until_gone(child_, start_time_));
    EXPECT_FALSE(over_);
    end_child();
    run_for(std::chrono::seconds(10));
    EXPECT_TRUE(over_);
}

TEST_F(ProcessWatch, AWaitThatEndsEarlyIsNoExit) {
    asio::posix::stream_descriptor process(context_,
                                           static_cast<int>(syscall(SYS_pidfd_open, child_, 0)));
    spawn(until_exit(process));
    for (int i = 0; i < 3; i++) {
        process.cancel();
        context_.restart();
        context_.poll();
        EXPECT_FALSE(over_) << "the process runs";
    }
    end_child();
    run_for(std::chrono::seconds(10));
    EXPECT_TRUE(over_);
}

TEST_F(ProcessWatch, ANumberThatPassedToAnotherProcessIsGone) {
    spawn(until_gone(child_, start_time_ + 1));
    EXPECT_TRUE(over_);
}

TEST_F(ProcessWatch, AProcessThatHasExitedIsGone) {
    const pid_t was = child_;
    end_child();
    spawn(until_gone(was, start_time_));
    EXPECT_TRUE(over_);
}

TEST_F(ProcessWatch, WithoutAFreeDescriptorItCountsAsRunning) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    asio::co_spawn(context_, until_gone(child_, start_time_),
                   [this](const std::exception_ptr&) { over_ = true; });
    asio::io_context& context = context_; // UBSan would look at this object through a pipe
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    context.run_for(std::chrono::milliseconds(50));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_FALSE(over_);
    end_child();
    run_for(std::chrono::seconds(10));
    EXPECT_TRUE(over_);
}

} // namespace
} // namespace bailiff::daemon
