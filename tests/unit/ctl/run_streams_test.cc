// The standard streams of a command of `bailiffctl run`, where the caller has them in files.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/ctl/run_fixture.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;

// The test's own standard input, for as long as it lives.
class Input {
public:
    explicit Input(const std::string& path) : before_(dup(STDIN_FILENO)) {
        dup2(open(path.c_str(), O_RDONLY), STDIN_FILENO);
    }
    ~Input() {
        dup2(before_, STDIN_FILENO);
        close(before_);
    }
    [[nodiscard]] static off_t position() { return lseek(STDIN_FILENO, 0, SEEK_CUR); }

private:
    int before_;
};

TEST_F(Run, NoFileOfTheCallerIsADescriptorOfTheCommand) {
    std::ofstream(file("in")) << "text\n";
    const Input input(file("in"));
    EXPECT_EQ(run({"sh", "-c", "test -p /dev/fd/0 && test -p /dev/fd/1 && test -p /dev/fd/2"}), 0);
}

TEST_F(Run, EverythingThatTheCommandWritesArrives) {
    EXPECT_EQ(run({"sh", "-c", "seq 100000; echo end >&2"}), 0);
    EXPECT_EQ(out().size(), 588'895U);
    EXPECT_EQ(out().substr(out().size() - 7), "100000\n");
    EXPECT_EQ(err(), "end\n");
}

TEST_F(Run, OutputsInOneFileKeepTheirOrder) {
    one_file_ = true;
    EXPECT_EQ(run({"sh", "-c", "for i in 1 2 3; do echo o$i; echo e$i >&2; done"}), 0);
    EXPECT_EQ(out(), "o1\ne1\no2\ne2\no3\ne3\n");
}

TEST_F(Run, TheCommandReadsTheCallersFile) {
    std::ofstream(file("in")) << std::string(300'000, 'x');
    const Input input(file("in"));
    EXPECT_EQ(run({"wc", "-c"}), 0);
    EXPECT_EQ(out(), "300000\n");
    EXPECT_EQ(Input::position(), 300'000);
}

TEST_F(Run, WhatTheCommandDidNotReadIsLeftToTheCaller) {
    std::ofstream(file("in")) << "first\n" << std::string(300'000, 'x');
    const Input input(file("in"));
    EXPECT_EQ(run({"sh", "-c", "read -r line; echo $line"}), 0);
    EXPECT_EQ(out(), "first\n");
    EXPECT_EQ(Input::position(), 6);
}

TEST_F(Run, OutputThatCannotBeWrittenIsSaid) {
    EXPECT_EQ(run({"true"}), 0); // the server runs from here on
    const pid_t pid = fork();
    if (pid == 0) {
        const rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN);
        _exit(run({"sh", "-c", "trap '' PIPE; seq 100000 2>/dev/null; exit 5"}));
    }
    EXPECT_EQ(finish(pid), 5);
    EXPECT_EQ(out().size(), 4096U);
    EXPECT_THAT(
        err(), HasSubstr("what the command writes to its standard output is lost: File too large"));
}

} // namespace
} // namespace bailiff::ctl
