#include "kernel/detach.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/unix_address.h"
#include "kernel/holds.h"
#include "kernel/resume.h"
#include "kernel/wire.h"

namespace bailiff::kernel {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(20); // a proof that runs is not interrupted
constexpr int kPauseMs = 100;
constexpr int kResumes = 5;

// What errno says of an act. A subject is refused whatever its rules say.
tl::unexpected<Error> failed(const std::string& act) {
    if (errno != EPERM && errno != EACCES) return fail_errno(act, errno);
    return fail(ErrorCode::kPermissionDenied,
                act + ": " + std::strerror(errno) +
                    "; only root outside every session and agent may detach");
}

// The process that listens in `run_folder`; 0 where nobody does.
Result<pid_t> listener(const std::string& run_folder) {
    const std::string path = run_folder + "/" + kSocketName;
    const Result<sockaddr_un> address = unix_address(path);
    if (!address) return tl::unexpected(address.error());
    const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("socket", errno);
    if (connect_unix(socket.get(), *address) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED) return 0;
        return failed("connect to " + path);
    }
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return fail_errno("SO_PEERCRED of " + path, errno);
    return peer.pid;
}

// Its pid is asked for again once the descriptor is open: who listens then is who it stands for.
Status stop_listener(const std::string& run_folder) {
    const Result<pid_t> pid = listener(run_folder);
    if (!pid) return tl::unexpected(pid.error());
    if (*pid == 0) return {};
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
    const Result<pid_t> again = listener(run_folder);
    if (!again) return tl::unexpected(again.error());
    if (!process || *again != *pid) return {}; // it has gone by itself
    const std::string name = "bailiff-kernel (pid " + std::to_string(*pid) + ")";
    if (syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0 && errno != ESRCH)
        return fail_errno("stop " + name, errno);
    pollfd ended{process.get(), POLLIN, 0};
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
    if (poll(&ended, 1, static_cast<int>(limit.count())) > 0) return {};
    return fail(ErrorCode::kUnavailable,
                name +
                    " does not stop; end it (systemctl kill -s KILL bailiff-kernel; systemctl "
                    "stop bailiff-kernel) and detach again");
}

// Nothing on a bpffs can be written by a subject, whatever its rules say.
Status check_allowed(const std::string& pin_root) {
    const std::string probe = pin_root + "/detaching";
    if (mkdir(probe.c_str(), 0700) == 0 || errno == EEXIST) {
        rmdir(probe.c_str());
        return {};
    }
    return failed("mkdir " + probe);
}

// The pinned map "holds"; none where there is none.
UniqueFd pinned_holds(const std::string& pin_root) {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(pin_root, error))
        if (entry.path().filename() == "holds") return UniqueFd(bpf_obj_get(entry.path().c_str()));
    return {};
}

Result<UniqueFd> wait_for_lock(const std::string& pin_root) {
    const auto deadline = steady_clock::now() + kPatience;
    while (true) {
        Result<UniqueFd> lock = lock_pins(pin_root);
        const bool held = !lock && lock.error().code() == ErrorCode::kAlreadyExists;
        if (!held || steady_clock::now() >= deadline) return lock;
        poll(nullptr, 0, kPauseMs);
    }
}

} // namespace

Result<UniqueFd> lock_pins(const std::string& pin_root) {
    if (mkdir(pin_root.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + pin_root, errno);
    UniqueFd lock(open(pin_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) return fail_errno("open " + pin_root, errno);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return fail_errno("lock " + pin_root, errno);
    return fail(ErrorCode::kAlreadyExists,
                "another bailiff-kernel runs (it holds " + pin_root + "); stop it first");
}

// Of an act that waits the process is stopped, and nobody else would ever let it go on. Its row is
// read after the pins are gone, and again: a program that still runs then stops one task more.
Status remove_pins(const std::string& pin_root) {
    const UniqueFd holds = pinned_holds(pin_root);
    std::error_code error;
    fs::remove_all(pin_root, error);
    if (error) return fail(ErrorCode::kInternal, "remove " + pin_root + ": " + error.message());
    for (int i = 0; i < kResumes; i++) {
        const std::vector<bailiff_hold> waiting = read_holds(holds.get());
        if (waiting.empty()) break;
        for (const bailiff_hold& row : waiting) (void)resume(row.event.pid, row.event.start_time);
        poll(nullptr, 0, kPauseMs);
    }
    return {};
}

Status detach(const std::string& pin_root, const std::string& run_folder) {
    std::error_code ignored;
    const bool pinned = fs::exists(pin_root, ignored);
    const Result<pid_t> pid = listener(run_folder);
    if (!pid) return tl::unexpected(pid.error());
    if (!pinned && *pid == 0)
        return fail(ErrorCode::kNotFound, "nothing is attached: " + pin_root +
                                              " does not exist, and no bailiff-kernel answers in " +
                                              run_folder);
    if (pinned)
        if (Status allowed = check_allowed(pin_root); !allowed) return allowed;
    if (Status stopped = stop_listener(run_folder); !stopped) return stopped;
    const Result<UniqueFd> lock = wait_for_lock(pin_root);
    if (!lock) return tl::unexpected(lock.error());
    return remove_pins(pin_root);
}

} // namespace bailiff::kernel
