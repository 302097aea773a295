// `bailiffctl run` as a program, against a server whose answers the test sets.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/unit/api/fake_service.h"

namespace bailiff::ctl {

class Run : public testing::Test {
protected:
    static constexpr const char* kToken = "header.the-secret.signature";

    void SetUp() override;
    std::string file(const std::string& name) { return live_.folder() / name; }

    // Starts it with its outputs in two files, or in one.
    pid_t start(std::vector<std::string> command,
                std::vector<std::string> options = {"--token-file", ""});
    static int finish(pid_t pid);
    int run(std::vector<std::string> command,
            std::vector<std::string> options = {"--token-file", ""});
    std::string out() { return read_file(file("out"), 1 << 20).value_or("unreadable"); }
    std::string err() { return read_file(file("err"), 1 << 20).value_or("unreadable"); }
    // Waits until the command has made this file.
    bool appears(const std::string& name);

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
