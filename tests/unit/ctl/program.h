// bailiffctl run as a program to its end, its outputs in a folder of their own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/unit/api/fake_service.h"

namespace bailiff::ctl {

class Program {
public:
    // Writes a file and returns its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    // The exit status, or minus the signal that killed it.
    [[nodiscard]] int run(std::vector<std::string> words) const {
        words.insert(words.begin(), BAILIFFCTL);
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        const std::string out_file = folder_ / "out";
        const std::string err_file = folder_ / "err";
        const pid_t pid = fork();
        if (pid == 0) {
            dup2(open(out_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
            dup2(open(err_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
            execv(argv[0], argv.data());
            _exit(99);
        }
        int status = 0;
        EXPECT_EQ(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    [[nodiscard]] std::string out() const { return read_file(folder_ / "out", kMax).value_or("?"); }
    [[nodiscard]] std::string err() const { return read_file(folder_ / "err", kMax).value_or("?"); }

private:
    static constexpr std::size_t kMax = 1 << 20;
    api::ScratchFolder folder_;
};

} // namespace bailiff::ctl
