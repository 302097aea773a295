// `bailiffctl run` as a program, against a server whose answers the test sets.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/unit/api/fake_service.h"

namespace bailiff::ctl {

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
            response.set_sequence(sequence_);
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
        session_.set_tasks(0);
    }
    std::string file(const std::string& name) { return live_.folder() / name; }

    // Starts it with its outputs in two files, or in one.
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
        dup2(open((one_file_ ? out : err).c_str(),
                  O_WRONLY | O_CREAT | (one_file_ ? O_APPEND : O_TRUNC), 0600),
             STDERR_FILENO);
        signal(SIGINT, SIG_DFL); // what a shell starts in the background ignores it
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
    std::uint64_t sequence_ = 0;
    bool one_file_ = false;
    bool serving_ = false;
    api::LiveServer live_;
};

} // namespace bailiff::ctl
