// `bailiffctl run` as a program, against a server whose answers the test sets.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/ctl/records.h"
#include "tests/unit/ctl/run_fixture.h"

namespace bailiff::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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
    const std::string odd = file("\xff");
    ASSERT_EQ(mkdir(odd.c_str(), 0700), 0);
    EXPECT_EQ(run({"true"}, {"--token-file", "", "--workspace", odd}), 125);
    EXPECT_THAT(err(), HasSubstr("\\xff: its name is not UTF-8"));
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

// The journal may be long: what was before the session is not for this reader.
TEST_F(Run, RecordsBeforeTheSessionAreNotAskedFor) {
    sequence_ = 4711;
    std::uint64_t asked_after = 0;
    live_.service.on_read = [&](const v1::ReadEventsRequest& request) {
        const std::scoped_lock lock(mutex_);
        if (asked_after == 0) asked_after = request.after();
        v1::ReadEventsResponse response;
        response.set_next(request.after());
        return response;
    };
    EXPECT_EQ(run({"false"}), 1);
    EXPECT_EQ(asked_after, 4711U);
}

TEST_F(Run, SoManyDenialsAreToldAndThenWhereTheRestIs) {
    constexpr std::uint64_t kPages = 11;
    live_.service.on_read = [](const v1::ReadEventsRequest& request) {
        v1::ReadEventsResponse response;
        response.set_next(request.after());
        if (request.after() >= kPages) return response;
        for (int i = 0; i < 1000; ++i) {
            v1::Record record = denied_write();
            record.mutable_object()->set_path("/" + std::to_string(request.after()) + "/" +
                                              std::to_string(i));
            *response.add_records() = record;
        }
        response.set_next(request.after() + 1);
        response.set_more(true);
        return response;
    };
    EXPECT_EQ(run({"false"}), 1);
    const std::string said = read_file(file("err"), 16U << 20).value_or("");
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 10'001);
    const std::string last = "bailiff: more are in bailiffctl events --session s-1\n";
    EXPECT_TRUE(said.ends_with(last)) << said.substr(said.size() - 200);
    EXPECT_EQ(said.find(last), said.rfind(last));
}

TEST_F(Run, OtherSignalsAreForwardedToo) {
    for (const int signal : {SIGALRM, SIGUSR1, SIGCONT, SIGRTMIN + 3, SIGPROF}) {
        unlink(file("ready").c_str());
        const pid_t pid = start({"bash", "-c",
                                 "trap 'exit 7' " + std::to_string(signal) + "; : > " +
                                     file("ready") + "; while :; do sleep 0.02; done"});
        ASSERT_TRUE(appears("ready"));
        kill(pid, signal);
        EXPECT_EQ(finish(pid), 7) << signal;
    }
}

TEST_F(Run, ItStopsAndGoesOnWithItsCommand) {
    const pid_t pid = start({"bash", "-c",
                             "trap ': > " + file("stopped") + "' TSTP; trap 'exit 7' CONT; : > " +
                                 file("ready") + "; while :; do sleep 0.02; done"});
    ASSERT_TRUE(appears("ready"));
    kill(pid, SIGTSTP);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
    EXPECT_TRUE(WIFSTOPPED(status));
    EXPECT_TRUE(appears("stopped"));
    kill(pid, SIGCONT);
    EXPECT_EQ(finish(pid), 7);
}

} // namespace
} // namespace bailiff::ctl
