// bailiff itself: its programs, files and processes. Tried last, and the two that kill after all
// others. Root outside every session may do all of this; that is the control.
#include <fcntl.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/escape/addresses.h"
#include "tests/escape/bpf.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr char kPins[] = "/sys/fs/bpf/bailiff";
constexpr char kDaemon[] = "bailiffd";
constexpr char kKernelDaemon[] = "bailiff-kernel";

// A pin of our own among bailiff's, so that removing it breaks nothing.
std::string extra_pin(const Place& place) {
    return std::string(kPins) + "/" + place.name;
}
int make_extra_pin(const Place& place) {
    return bpf_pin(bpf_make_map(), extra_pin(place).c_str());
}
int remove_extra_pin(const Place& place) {
    unlink(extra_pin(place).c_str());
    unlink((extra_pin(place) + "-moved").c_str());
    return 0;
}

// The first pin below bailiff's folder that bpf(2) opens.
int open_some_pin() {
    std::error_code error;
    namespace fs = std::filesystem;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kPins, error)) {
        if (entry.is_directory(error)) continue;
        const int fd = bpf_get_pin(entry.path().c_str());
        if (fd >= 0) return fd;
        if (errno == EPERM || errno == EACCES) return -1;
    }
    errno = error ? error.value() : ENOENT;
    return -1;
}

std::string proc_of_daemon(const std::string& file) {
    return "/proc/" + std::to_string(process_named(kDaemon)) + "/" + file;
}

int connect_to(const char* path, int type = SOCK_STREAM) {
    const Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const SocketAddress address = SocketAddress::local(path);
    return fd.ok() ? outcome(connect(fd.get(), address.get(), address.size())) : errno;
}

// A call of the control API; what bailiffd refuses to a subject is EPERM.
int call_bailiffd(const std::string& method) {
    const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress address = SocketAddress::local("/run/bailiff/control.sock");
    if (!fd.ok() || connect(fd.get(), address.get(), address.size()) != 0) return errno;
    const std::string request = "POST /bailiff.v1.Control/" + method +
                                " HTTP/1.1\r\nHost: bailiffd\r\nContent-Type: application/json\r\n"
                                "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
    if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return errno;
    char answer[64] = {};
    if (recv(fd.get(), answer, sizeof answer - 1, MSG_WAITALL) < 0) return errno;
    const std::string text = answer;
    if (text.starts_with("HTTP/1.1 200 ")) return 0;
    return text.starts_with("HTTP/1.1 403 ") ? EPERM : EPROTO;
}

int read_below(const char* folder) {
    std::error_code error;
    namespace fs = std::filesystem;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, error)) {
        if (entry.is_regular_file(error) && entry.file_size(error) > 0)
            return read_file(entry.path());
    }
    return error ? error.value() : ENOENT;
}

int trace(pid_t pid) {
    if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return errno;
    ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
    int status = 0;
    waitpid(pid, &status, __WALL);
    return outcome(ptrace(PTRACE_DETACH, pid, nullptr, nullptr));
}

int stop_and_continue(pid_t pid) {
    if (kill(pid, SIGSTOP) != 0) return errno;
    return outcome(kill(pid, SIGCONT));
}

constexpr Vector kVectors[] = {
    {"self_connect_control_user", "connects to bailiffd's socket", Who::kUser,
     [](const Place&) { return connect_to("/run/bailiff/control.sock"); }},
    {"self_reload_policy", "has bailiffd load its policy again", Who::kRoot,
     [](const Place&) { return call_bailiffd("ReloadPolicy"); }},
    {"self_connect_kernel", "connects to the socket of bailiff-kernel", Who::kRoot,
     [](const Place&) { return connect_to("/run/bailiff-kernel/kernel.sock", SOCK_SEQPACKET); }},
    {"self_unlink_pin",
     "removes a pin below bailiff's folder",
     Who::kRoot,
     [](const Place& place) { return outcome(unlink(extra_pin(place).c_str())); },
     {.setup = make_extra_pin, .cleanup = remove_extra_pin}},
    {"self_rename_pin",
     "renames a pin below bailiff's folder",
     Who::kRoot,
     [](const Place& place) {
         const std::string pin = extra_pin(place);
         return outcome(rename(pin.c_str(), (pin + "-moved").c_str()));
     },
     {.setup = make_extra_pin, .cleanup = remove_extra_pin}},
    {"self_list_pins", "lists bailiff's pins", Who::kRoot,
     [](const Place&) { return open_and_close(kPins, O_RDONLY | O_DIRECTORY); }},
    {"self_open_pin", "opens one of bailiff's pins with bpf(2)", Who::kRoot,
     [](const Place&) { return outcome_of_fd(open_some_pin()); }},
    {"self_unmount_pins",
     "takes /sys/fs/bpf away",
     Who::kRoot,
     [](const Place&) { return outcome(umount2("/sys/fs/bpf", MNT_DETACH)); },
     // A second mount of the same file system, on top: that is the one that goes.
     {.setup =
          [](const Place&) {
              return outcome(mount("/sys/fs/bpf", "/sys/fs/bpf", nullptr, MS_BIND, nullptr));
          }}},
    {"self_read_journal", "reads the journal", Who::kRoot,
     [](const Place&) { return read_below("/var/lib/bailiff/journal"); }},
    {"self_write_journal",
     "makes a file beside the journal",
     Who::kRoot,
     [](const Place&) { return write_text("/var/lib/bailiff/journal/escape", "x", O_CREAT); },
     {.cleanup = [](const Place&) { return outcome(unlink("/var/lib/bailiff/journal/escape")); }}},
    {"self_write_policy", "writes the policy", Who::kRoot,
     [](const Place&) { return write_text("/etc/bailiff/policy.yaml", "#", 0); }},
    {"self_replace_policy",
     "moves a file over the policy's key set",
     Who::kRoot,
     [](const Place&) {
         return outcome(rename("/etc/bailiff/escape.json", "/etc/bailiff/dev-issuer.jwks.json"));
     },
     {.setup =
          [](const Place&) {
              std::error_code error;
              std::filesystem::copy_file("/etc/bailiff/dev-issuer.jwks.json",
                                         "/etc/bailiff/escape.json",
                                         std::filesystem::copy_options::overwrite_existing, error);
              return error.value();
          }}},
    {"self_read_policy", "reads the policy", Who::kRoot,
     [](const Place&) { return read_file("/etc/bailiff/policy.yaml"); }},
    {"self_unlink_socket",
     "removes a name in bailiffd's folder of sockets",
     Who::kRoot,
     [](const Place&) { return outcome(unlink("/run/bailiff/escape")); },
     {.setup = [](const Place&) { return make_file("/run/bailiff/escape", "x"); }}},
    {"self_trace_daemon", "traces bailiffd", Who::kRoot,
     [](const Place&) { return trace(process_named(kDaemon)); }},
    {"self_trace_kernel_daemon", "traces bailiff-kernel", Who::kRoot,
     [](const Place&) { return trace(process_named(kKernelDaemon)); }},
    {"self_trace_supervisor", "traces the bailiffctl that runs the session", Who::kUser,
     [](const Place&) {
         // In the control it is somebody else's, and starts about now.
         int supervisor = kNobody;
         poll_until(20'000, [&] { return (supervisor = process_named("bailiffctl")) != kNobody; });
         return trace(supervisor);
     }},
    {"self_read_memory", "reads bailiffd's memory", Who::kRoot,
     [](const Place&) { return open_and_close(proc_of_daemon("mem"), O_RDONLY); }},
    {"self_read_environment", "reads bailiffd's environment", Who::kRoot,
     [](const Place&) { return read_file(proc_of_daemon("environ")); }},
    {"self_take_descriptor", "takes a descriptor out of bailiff-kernel", Who::kRoot,
     [](const Place&) {
         constexpr int kGetFd = 438;
         const Fd fd(static_cast<int>(syscall(SYS_pidfd_open, process_named(kKernelDaemon), 0)));
         return outcome_of_fd(syscall(kGetFd, fd.get(), 0, 0));
     }},
    {"self_limit_daemon", "sets a limit of bailiffd", Who::kRoot,
     [](const Place&) {
         const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
         return outcome(prlimit(process_named(kDaemon), RLIMIT_CORE, &limit, nullptr));
     }},
    {"self_starve_daemon", "gives bailiffd the lowest priority", Who::kRoot,
     [](const Place&) {
         const sched_param param{};
         return outcome(sched_setscheduler(process_named(kDaemon), SCHED_BATCH, &param));
     }},
    {"self_oom_daemon", "has bailiffd killed first when memory is short", Who::kRoot,
     [](const Place&) { return write_text(proc_of_daemon("oom_score_adj"), "0"); }},
    {"self_stop_daemon", "stops bailiffd", Who::kRoot,
     [](const Place&) { return stop_and_continue(process_named(kDaemon)); }},
    {"self_stop_kernel_daemon", "stops bailiff-kernel", Who::kRoot,
     [](const Place&) { return stop_and_continue(process_named(kKernelDaemon)); }},
    {"self_kill_kernel_daemon", "kills bailiff-kernel", Who::kRoot,
     [](const Place&) { return outcome(kill(process_named(kKernelDaemon), SIGKILL)); }},
    {"self_kill_daemon", "kills bailiffd", Who::kRoot,
     [](const Place&) { return outcome(kill(process_named(kDaemon), SIGKILL)); }},
};

} // namespace

std::span<const Vector> self_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
