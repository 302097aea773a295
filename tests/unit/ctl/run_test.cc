// `bailiffctl run` as a program, against a server whose answers the test sets.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <optional>

#include "base/file.h"
#include "tests/unit/api/fake_service.h"
#include "tests/unit/ctl/records.h"

namespace bailiff::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Run : public testing::Test {
protected:
    static constexpr const char* kToken = "header.the-secret.signature";

    void SetUp() override {
        std::ofstream(file("token")) << kToken << "\n";
        live_.service.on_open = [this](const api::Caller& caller,
                                       const v1::OpenSessionRequest& request) {
            const std::scoped_lock lock(mutex_);
            opened_ = request;
            opener_ = caller.peer.pid;
            v1::OpenSessionResponse response;
            *response.mutable_session() = session_;
            return response;
        };
        live_.service.on_get = [this](const v1::GetSessionRequest&) {
            v1::GetSessionResponse response;
            *response.mutable_session() = session_;
            return response;
        };
        session_.set_id("s-1");
        session_.set_state("active");
        session_.set_user("user:alice");
        session_.set_seconds_left(600);
    }
    std::string file(const std::string& name) { return live_.folder() / name; }

    // Starts it with both its outputs in files.
    pid_t start(std::vector<std::string> command,
                std::vector<std::string> options = {"--token-file", ""}) {
        if (!serving_) {
            EXPECT_TRUE(live_.start());
            serving_ = true;
        }
        std::vector<std::string> words{BAILIFFCTL, "--socket", live_.path(), "run"};
        for (std::string& option : options)
            words.push_back(option.empty() ? file("token") : option);
        words.push_back("--");
        for (std::string& word : command) words.push_back(std::move(word));
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        const std::string out = file("out");
        const std::string err = file("err");
        const pid_t pid = fork();
        if (pid != 0) return pid;
        dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        execv(argv[0], argv.data());
        _exit(99);
    }
    static int finish(pid_t pid) {
        int status = 0;
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    int run(std::vector<std::string> command,
            std::vector<std::string> options = {"--token-file", ""}) {
        return finish(start(std::move(command), std::move(options)));
    }
    std::string out() { return read_file(file("out"), 1 << 20).value_or("unreadable"); }
    std::string err() { return read_file(file("err"), 1 << 20).value_or("unreadable"); }
    // Waits until the command has made this file.
    bool appears(const std::string& name) {
        for (int i = 0; i < 1000; ++i) {
            if (access(file(name).c_str(), F_OK) == 0) return true;
            poll(nullptr, 0, 10);
        }
        return false;
    }

    std::mutex mutex_;
    v1::Session session_;
    v1::OpenSessionRequest opened_;
    pid_t opener_ = 0;
    bool serving_ = false;
    api::LiveServer live_;
};

TEST_F(Run, TheStatusIsTheCommands) {
    EXPECT_EQ(run({"/bin/true"}), 0);
    EXPECT_EQ(err(), "");
    EXPECT_EQ(run({"/bin/false"}), 1);
    EXPECT_EQ(run({"sh", "-c", "exit 42"}), 42);
    EXPECT_EQ(run({"sh", "-c", "kill -KILL $$"}), 128 + SIGKILL);
    EXPECT_EQ(err(), "");
}

TEST_F(Run, ArgumentsAndStreamsReachTheCommandUnchanged) {
    EXPECT_EQ(run({"printf", "<%s>", "[a,b]", "", "--", "-x", "%%"}), 0);
    EXPECT_EQ(out(), "<[a,b]><><--><-x><%%>");
}

TEST_F(Run, TheSessionIsOpenedByTheProcessThatBecomesTheCommand) {
    EXPECT_EQ(run({"sh", "-c", "echo $$"},
                  {"--token-file", "", "--task", "fix it", "--wait-tree", "--workspace", "/tmp/"}),
              0);
    EXPECT_EQ(out(), std::to_string(opener_) + "\n");
    EXPECT_EQ(opened_.token(), kToken);
    EXPECT_EQ(opened_.task_note(), "fix it");
    EXPECT_EQ(opened_.workspace(), "/tmp");
    EXPECT_TRUE(opened_.wait_tree());
}

TEST_F(Run, TheSessionIsEndedAfterwards) {
    EXPECT_EQ(run({"/bin/true"}), 0);
    const std::vector<std::string> calls = live_.service.calls();
    EXPECT_EQ(calls.front(), "OpenSession");
    EXPECT_THAT(calls, Contains("EndSession").Times(1));
}

TEST_F(Run, ACommandThatIsNotThereIs127) {
    EXPECT_EQ(run({"/no/such/command"}), 127);
    EXPECT_EQ(err(), "bailiffctl: cannot run /no/such/command: No such file or directory\n");
    EXPECT_EQ(run({"no-such-command-anywhere"}), 127);
    EXPECT_THAT(live_.service.calls(), Contains("EndSession").Times(2));
}

TEST_F(Run, ACommandThatCannotBeRunIs126) {
    EXPECT_EQ(run({"/etc/passwd"}), 126);
    EXPECT_THAT(err(), HasSubstr("cannot run /etc/passwd: Permission denied"));
}

TEST_F(Run, ARefusedSessionIs125AndTheCommandDoesNotRun) {
    live_.service.on_open = [](const auto&, const auto&) -> Result<v1::OpenSessionResponse> {
        return fail(ErrorCode::kUnauthenticated, "the token has expired");
    };
    EXPECT_EQ(run({"touch", file("ran")}), 125);
    EXPECT_EQ(err(), "bailiffctl: the token has expired\n");
    EXPECT_NE(access(file("ran").c_str(), F_OK), 0);
    EXPECT_THAT(live_.service.calls(), ElementsAre("OpenSession"));
}

TEST_F(Run, WhatBailiffCannotDoIs125) {
    EXPECT_EQ(run({}), 125);
    EXPECT_EQ(run({"true"}, {}), 125);
    EXPECT_EQ(run({"true"}, {"--nonsense"}), 125);
    EXPECT_EQ(run({"true"}, {"--token-file", file("absent")}), 125);
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--workspace", "/no/such/folder"}), 125);
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--socket", "/no/such/socket"}), 125);
    EXPECT_THAT(err(), HasSubstr("bailiffd does not answer at /no/such/socket"));
}

TEST_F(Run, TheTokenIsNeitherInArgumentsNorEnvironmentNorInherited) {
    const char* look = "cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline; ls /proc/$$/fd";
    EXPECT_EQ(run({"sh", "-c", look}), 0);
    EXPECT_THAT(out(), Not(HasSubstr("the-secret")));
    const int fd = open(file("token").c_str(), O_RDONLY);
    EXPECT_EQ(run({"sh", "-c", look}, {"--token-fd", std::to_string(fd)}), 0);
    EXPECT_EQ(opened_.token(), kToken);
    EXPECT_THAT(out(), Not(HasSubstr("the-secret")));
    close(fd);
    EXPECT_EQ(run({"sh", "-c", look}, {"--token-command", "cat " + file("token")}), 0);
    EXPECT_EQ(opened_.token(), kToken);
}

TEST_F(Run, ADescriptorOfTheTokenIsClosedForTheCommand) {
    const int fd = fcntl(open(file("token").c_str(), O_RDONLY), F_DUPFD, 50);
    EXPECT_EQ(run({"sh", "-c", "test ! -e /proc/$$/fd/" + std::to_string(fd)},
                  {"--token-fd", std::to_string(fd)}),
              0);
    close(fd);
}

TEST_F(Run, TheProofIsMadeFromTheToken) {
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--proof-command", "sed s/^/proof-of-/"}), 0);
    EXPECT_EQ(opened_.proof(), std::string("proof-of-") + kToken);
}

TEST_F(Run, ASignalIsForwarded) {
    const pid_t pid = start({"sh", "-c",
                             "trap 'echo caught; exit 7' TERM; : > " + file("ready") +
                                 "; while :; do sleep 0.02; done"});
    ASSERT_TRUE(appears("ready"));
    kill(pid, SIGTERM);
    EXPECT_EQ(finish(pid), 7);
    EXPECT_EQ(out(), "caught\n");
    EXPECT_THAT(live_.service.calls(), Contains("EndSession"));
}

TEST_F(Run, ASignalThatKillsTheCommandShowsInTheStatus) {
    const pid_t pid = start({"sh", "-c", ": > " + file("ready") + "; exec sleep 600"});
    ASSERT_TRUE(appears("ready"));
    kill(pid, SIGINT);
    EXPECT_EQ(finish(pid), 128 + SIGINT);
}

TEST_F(Run, EachDenialIsToldOnce) {
    live_.service.on_read = [](const v1::ReadEventsRequest& request) {
        v1::ReadEventsResponse response;
        response.set_next(request.after());
        if (request.session() != "s-1" || request.after() >= 9) return response;
        *response.add_records() = denied_write();
        *response.add_records() = denied_write();
        response.set_next(9);
        return response;
    };
    EXPECT_EQ(run({"false"}), 1);
    const std::string said = err();
    EXPECT_THAT(said, HasSubstr("bailiff: denied write /etc/passwd by git (pid 123)"));
    EXPECT_EQ(said.find("denied"), said.rfind("denied"));
}

TEST_F(Run, ARevokedSessionIsTold) {
    session_.set_state("revoked");
    session_.set_why("was revoked by uid 1000: alice left");
    EXPECT_EQ(run({"true"}), 0);
    EXPECT_EQ(err(), "bailiff: session s-1 was revoked by uid 1000: alice left\n");
    EXPECT_THAT(live_.service.calls(), Not(Contains("EndSession")));
}

TEST_F(Run, WaitTreeWaitsUntilTheLastTaskIsGone) {
    int left = 2;
    live_.service.on_get = [this, &left](const v1::GetSessionRequest&) {
        v1::GetSessionResponse response;
        *response.mutable_session() = session_;
        response.mutable_session()->set_tasks(static_cast<std::uint32_t>(std::max(left--, 0)));
        return response;
    };
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--wait-tree"}), 0);
    EXPECT_LT(left, 0);
    EXPECT_THAT(live_.service.calls(), Contains("EndSession"));
}

TEST_F(Run, ASessionIsRenewedByTheTokenCommand) {
    session_.set_seconds_left(1);
    std::string renewed_with;
    live_.service.on_renew = [&](const v1::RenewSessionRequest& request) {
        const std::scoped_lock lock(mutex_);
        renewed_with = request.token();
        std::ofstream(file("renewed")) << "";
        v1::RenewSessionResponse response;
        response.mutable_session()->set_seconds_left(600);
        return response;
    };
    const pid_t pid =
        start({"sh", "-c", "while test ! -e " + file("renewed") + "; do sleep 0.02; done"},
              {"--token-command", "echo again; echo >> " + file("runs")});
    EXPECT_EQ(finish(pid), 0);
    EXPECT_EQ(renewed_with, "again");
    EXPECT_EQ(read_file(file("runs"), 100).value_or(""), "\n\n");
}

} // namespace
} // namespace bailiff::ctl
