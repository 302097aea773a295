#include "ctl/child.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/file.h"
#include "base/pipe.h"
#include "ctl/client.h"
#include "ctl/context.h"

namespace bailiff::ctl {
namespace {

// A report is a letter, four bytes of length and so many bytes.
constexpr char kOpened = 'O';     // an OpenSessionResponse
constexpr char kRefused = 'E';    // a sentence
constexpr char kExecFailed = 'X'; // errno in decimal
constexpr std::size_t kHeader = 1 + sizeof(std::uint32_t);

void tell(int fd, char kind, const std::string& text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    std::string bytes(1, kind);
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes += text;
    static_cast<void>(write_all(fd, bytes)); // fails where nobody listens any more
}

Result<v1::OpenSessionResponse> open_session(const RunOptions& options) {
    Result<std::string> token = read_token(options.token);
    if (!token) return tl::unexpected<Error>(token.error());
    v1::OpenSessionRequest request;
    Result<std::string> proof = make_proof(options, *token);
    if (proof) {
        request.set_token(*token);
        request.set_proof(*proof);
    }
    wipe(*token);
    if (!proof) return tl::unexpected<Error>(proof.error());
    request.set_workspace(options.workspace);
    request.set_task_note(options.task_note);
    request.set_wait_tree(options.wait_tree);
    v1::OpenSessionResponse response;
    const Status opened = Client(options.socket).call("OpenSession", request, response);
    wipe(*request.mutable_token());
    wipe(*request.mutable_proof());
    if (!opened) return tl::unexpected<Error>(opened.error());
    return response;
}

[[noreturn]] void become_command(const RunOptions& options, int reports, const sigset_t& mask,
                                 const Relay& relay) {
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    std::vector<char*> argv;
    for (const std::string& word : options.command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const Result<v1::OpenSessionResponse> opened = open_session(options);
    if (!opened) {
        tell(reports, kRefused, opened.error().message());
        _exit(kExitRunFailed);
    }
    tell(reports, kOpened, opened->SerializeAsString());
    if (relay.give_to_command()) execvp(argv[0], argv.data());
    const int problem = errno;
    tell(reports, kExecFailed, std::to_string(problem));
    _exit(exec_failure_status(problem));
}

} // namespace

Result<Child> start_child(const RunOptions& options, const sigset_t& mask, const Relay& relay) {
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return tl::unexpected<Error>(pipe.error());
    const pid_t pid = fork();
    if (pid < 0) return fail_errno("fork", errno);
    if (pid == 0) {
        pipe->read.reset();
        become_command(options, pipe->write.get(), mask, relay);
    }
    return Child{pid, std::move(pipe->read)};
}

void take_reports(std::string& bytes, ChildReport& report) {
    for (;;) {
        std::uint32_t size = 0;
        if (bytes.size() < kHeader) return;
        std::memcpy(&size, bytes.data() + 1, sizeof size);
        if (bytes.size() - kHeader < size) return;
        const std::string text = bytes.substr(kHeader, size);
        switch (bytes[0]) {
            case kOpened:
                report.opened.emplace().ParseFromString(text);
                break;
            case kRefused:
                report.refused.emplace(ErrorCode::kInternal, text);
                break;
            case kExecFailed:
                report.exec_errno = std::atoi(text.c_str());
                break;
            default:
                break;
        }
        bytes.erase(0, kHeader + size);
    }
}

Result<std::string> make_proof(const RunOptions& options, const std::string& token, int cancel_fd) {
    if (options.proof_command.empty()) return std::string();
    return run_helper("--proof-command", options.proof_command, token, cancel_fd);
}

int exec_failure_status(int error_number) {
    return error_number == ENOENT ? 127 : 126;
}

} // namespace bailiff::ctl
