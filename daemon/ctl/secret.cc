#include "ctl/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/file.h"
#include "base/pipe.h"

extern char** environ;

namespace bailiff::ctl {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxSecret = 64 * 1024;      // bytes
constexpr std::size_t kMaxHelperInput = 32 * 1024; // bytes: less than a pipe holds
constexpr std::chrono::seconds kHelperTime{60};

// A pipe's end that yields `input` and then ends. Written before anyone reads: it fits.
Result<UniqueFd> input_pipe(std::string_view input) {
    if (input.size() > kMaxHelperInput) {
        return fail(ErrorCode::kResourceExhausted, "too long to be handed over");
    }
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return tl::unexpected<Error>(pipe.error());
    if (!input.empty() && write(pipe->write.get(), input.data(), input.size()) !=
                              static_cast<ssize_t>(input.size())) {
        return fail_errno("write to a pipe", errno);
    }
    return std::move(pipe->read);
}

Result<pid_t> spawn_shell(const std::string& command, int input, int output) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none); // `run` blocks what it forwards
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string shell = "sh";
    std::string flag = "-c";
    std::string text = command;
    char* argv[] = {shell.data(), flag.data(), text.data(), nullptr};
    pid_t pid = -1;
    const int problem = posix_spawn(&pid, "/bin/sh", &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (problem != 0) return fail_errno("start /bin/sh", problem);
    return pid;
}

Status read_output(int fd, int cancel_fd, std::string& output) {
    const auto deadline = steady_clock::now() + kHelperTime;
    output.reserve(kMaxSecret + 1); // so that no copy of a secret is left behind
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) return fail(ErrorCode::kUnavailable, "did not end within 60 s");
        pollfd fds[] = {{.fd = fd, .events = POLLIN, .revents = 0},
                        {.fd = cancel_fd, .events = POLLIN, .revents = 0}};
        if (poll(fds, 2, static_cast<int>(left.count())) <= 0) continue;
        if (fds[1].revents != 0) return fail(ErrorCode::kUnavailable, "was cut short");
        char bytes[4096];
        const ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno != EINTR) return fail_errno("read its output", errno);
        if (got == 0) return {};
        if (got > 0) output.append(bytes, static_cast<std::size_t>(got));
        explicit_bzero(bytes, sizeof bytes);
        if (output.size() > kMaxSecret) {
            return fail(ErrorCode::kResourceExhausted, "printed more than 64 KiB");
        }
    }
}

Status wait_for_success(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return fail_errno("waitpid", errno);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail(ErrorCode::kUnavailable,
                WIFEXITED(status) ? "exited with status " + std::to_string(WEXITSTATUS(status))
                                  : "was killed by signal " + std::to_string(WTERMSIG(status)));
}

void trim(std::string& text) {
    constexpr const char* kBlank = " \t\r\n";
    const std::size_t end = text.find_last_not_of(kBlank) + 1; // npos + 1 is 0
    explicit_bzero(text.data() + end, text.size() - end);
    text.resize(end);
    text.erase(0, text.find_first_not_of(kBlank));
}

Result<std::string> checked(Result<std::string> secret, const std::string& name) {
    if (!secret) return propagate(std::move(secret), name);
    trim(*secret);
    if (secret->empty()) return fail(ErrorCode::kInvalidArgument, name + " holds nothing");
    return secret;
}

} // namespace

void add_token_options(CLI::App& command, TokenSource& source) {
    command.add_option("--token-file", source.file, "File that holds the token");
    command.add_option("--token-fd", source.fd, "Descriptor to read the token from")
        ->check(why_not_token_fd);
    command.add_option("--token-command", source.command, "Command that prints a token");
}

void wipe(std::string& secret) {
    explicit_bzero(secret.data(), secret.size());
    secret.clear();
}

std::string why_not_token_fd(const std::string& text) {
    const bool is_number =
        !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    if (is_number && text != "1" && text != "2") return "";
    return "expected the number of a descriptor other than 1 and 2, found " + text;
}

Status check_source(const TokenSource& source) {
    const int given =
        (source.file.empty() ? 0 : 1) + (source.fd < 0 ? 0 : 1) + (source.command.empty() ? 0 : 1);
    if (given != 1) {
        return fail(ErrorCode::kInvalidArgument,
                    "say where the token comes from by one of --token-file, --token-fd and "
                    "--token-command");
    }
    if (source.fd == STDOUT_FILENO || source.fd == STDERR_FILENO) {
        return fail(ErrorCode::kInvalidArgument, "--token-fd cannot be 1 or 2");
    }
    return {};
}

Status keep_private(const TokenSource& source) {
    if (source.fd < 0 || source.fd == STDIN_FILENO) return {};
    if (fcntl(source.fd, F_SETFD, FD_CLOEXEC) == 0) return {};
    return fail_errno("--token-fd " + std::to_string(source.fd), errno);
}

Result<std::string> read_token(const TokenSource& source, int cancel_fd) {
    if (!source.command.empty()) {
        return run_helper("--token-command", source.command, "", cancel_fd);
    }
    if (source.fd < 0) return checked(read_file(source.file, kMaxSecret), "token");
    const std::string name = "--token-fd " + std::to_string(source.fd);
    Result<std::string> token = read_fd(source.fd, name, kMaxSecret);
    if (source.fd == STDIN_FILENO) {
        // Left closed, the number would go to the next file that anyone opens.
        const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
        dup2(null.get(), STDIN_FILENO);
    } else {
        UniqueFd(source.fd).reset();
    }
    return checked(std::move(token), name);
}

Result<std::string> run_helper(const std::string& name, const std::string& command,
                               std::string_view input, int cancel_fd) {
    Result<UniqueFd> standard_input = input_pipe(input);
    if (!standard_input) return propagate(std::move(standard_input), name);
    Result<Pipe> output = make_pipe();
    if (!output) return propagate(std::move(output), name);
    Result<pid_t> pid = spawn_shell(command, standard_input->get(), output->write.get());
    if (!pid) return propagate(std::move(pid), name);
    output->write.reset();
    std::string secret;
    Status read = read_output(output->read.get(), cancel_fd, secret);
    if (!read) kill(*pid, SIGKILL);
    Status ended = wait_for_success(*pid);
    if (read && !ended) read = std::move(ended);
    if (!read) {
        wipe(secret);
        return fail(read.error().code(), name + " " + read.error().message());
    }
    return checked(std::move(secret), name);
}

} // namespace bailiff::ctl
