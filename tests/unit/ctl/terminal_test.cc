#include "ctl/terminal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace bailiff::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kNone = 77;

// A terminal of its own, with a process that it is the terminal of.
class Terminals : public ::testing::Test {
protected:
    void SetUp() override {
        master_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(master_);
        ASSERT_EQ(grantpt(master_.get()), 0);
        ASSERT_EQ(unlockpt(master_.get()), 0);
        name_ = ptsname(master_.get());
        // Kept open, or the terminal is gone before somebody opens it.
        slave_.reset(open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(slave_);
        cancel_.reset(eventfd(0, 0));
    }
    // Asks in a process of its own, which ends with what `judge` says of the line.
    pid_t ask(
        const std::function<int(const std::string&)>& judge,
        const std::function<bool()>& stands = [] { return true; }, bool background = false) {
        const pid_t pid = fork();
        if (pid != 0) return pid;
        setsid();
        ioctl(slave_.get(), TIOCSCTTY, 0);
        if (background) {
            const pid_t other = fork();
            if (other == 0) {
                setpgid(0, 0);
                pause();
                _exit(0);
            }
            setpgid(other, other);
            tcsetpgrp(slave_.get(), other);
        }
        Result<Terminal> terminal = Terminal::open(name_);
        if (!terminal) _exit(99);
        const auto line = terminal->ask("question: ", cancel_.get(), stands);
        _exit(line ? judge(*line) : kNone);
    }
    static int status_of(pid_t pid) {
        int status = 0;
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    // What the terminal shows until it shows `text`, or for so long.
    std::string shown(const std::string& text, int milliseconds = 10'000) {
        std::string all;
        while (all.find(text) == std::string::npos) {
            pollfd at{.fd = master_.get(), .events = POLLIN, .revents = 0};
            if (poll(&at, 1, milliseconds) <= 0) break;
            char bytes[256];
            const ssize_t got = read(master_.get(), bytes, sizeof(bytes));
            if (got <= 0) break;
            all.append(bytes, static_cast<std::size_t>(got));
        }
        return all;
    }
    void type(const std::string& text) {
        ASSERT_EQ(write(master_.get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }

    UniqueFd master_;
    UniqueFd slave_;
    UniqueFd cancel_;
    std::string name_;
};

TEST_F(Terminals, ReturnsTheLineThatIsTyped) {
    const pid_t pid = ask([](const std::string& line) { return line == "4711" ? 0 : 1; });
    EXPECT_THAT(shown("question: "), HasSubstr("question: "));
    type("4711\r");
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(Terminals, WhatWasTypedBeforeIsNoAnswer) {
    type("early\r");
    const pid_t pid = ask([](const std::string& line) { return line == "late" ? 0 : 1; });
    shown("question: ");
    type("late\r");
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(Terminals, ARawTerminalReadsALineAndIsRawAgain) {
    termios raw{};
    ASSERT_EQ(tcgetattr(slave_.get(), &raw), 0);
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ASSERT_EQ(tcsetattr(slave_.get(), TCSANOW, &raw), 0);
    const pid_t pid = ask([](const std::string& line) { return line == "yes" ? 0 : 1; });
    shown("question: ");
    type("ye");
    type("s\r");
    EXPECT_EQ(status_of(pid), 0);
    termios after{};
    ASSERT_EQ(tcgetattr(slave_.get(), &after), 0);
    EXPECT_EQ(after.c_lflag, raw.c_lflag);
}

TEST_F(Terminals, AnEndOfFileIsAnAnswer) {
    const pid_t pid = ask([](const std::string& line) { return line.empty() ? 0 : 1; });
    shown("question: ");
    type("\x04");
    EXPECT_EQ(status_of(pid), 0);
}

TEST_F(Terminals, AsksNoMoreOnceTheQuestionIsOver) {
    EXPECT_EQ(status_of(ask([](const std::string&) { return 0; }, [] { return false; })), kNone);
}

TEST_F(Terminals, AsksNoMoreOnceItIsCancelled) {
    const pid_t pid = ask([](const std::string&) { return 0; });
    shown("question: ");
    const std::uint64_t one = 1;
    ASSERT_EQ(write(cancel_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    EXPECT_EQ(status_of(pid), kNone);
}

TEST_F(Terminals, DoesNotAskFromTheBackground) {
    const pid_t pid = ask([](const std::string&) { return 0; }, [] { return false; }, true);
    EXPECT_EQ(status_of(pid), kNone);
    EXPECT_THAT(shown("question: ", 100), Not(HasSubstr("question")));
}

TEST_F(Terminals, SaysWhereThereIsNone) {
    const auto none = Terminal::open("/nowhere/tty");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::kUnavailable);
    EXPECT_THAT(none.error().message(), HasSubstr("no terminal to ask at: /nowhere/tty"));
}

} // namespace
} // namespace bailiff::ctl
