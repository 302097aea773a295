#include "tests/unit/ctl/run_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <utility>

namespace bailiff::ctl {

void Run::SetUp() {
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

pid_t Run::start(std::vector<std::string> command, std::vector<std::string> options) {
    if (!serving_) {
        EXPECT_TRUE(live_.start());
        serving_ = true;
    }
    std::vector<std::string> words{BAILIFFCTL, "--socket", live_.path(), "run"};
    for (std::string& option : options) words.push_back(option.empty() ? file("token") : option);
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

int Run::finish(pid_t pid) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int Run::run(std::vector<std::string> command, std::vector<std::string> options) {
    return finish(start(std::move(command), std::move(options)));
}

bool Run::appears(const std::string& name) {
    for (int i = 0; i < 1000; ++i) {
        if (access(file(name).c_str(), F_OK) == 0) return true;
        poll(nullptr, 0, 10);
    }
    return false;
}

} // namespace bailiff::ctl
