#include "bailiffd/target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <sstream>

#include "base/account.h"
#include "base/file.h"
#include "base/process.h"
#include "base/unique_fd.h"
#include "journal/utf8.h"
#include "policy/cgroup_path.h"

namespace bailiff::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStatus = 16384;
constexpr std::size_t kMaxProcesses = 1U << 20; // bytes of a list of process numbers
constexpr std::size_t kMaxCgroupLevels = 15;    // that bpf/agent.h looks at
constexpr int kMaxGroups = 1000;                // that are looked through for a process

struct Uids {
    uid_t real = 0;
    bool alike = false; // real, effective, saved and that of the file system
};

Result<Uids> uids_of(const TargetRoots& roots, pid_t pid) {
    const auto status = read_file(roots.proc + "/" + std::to_string(pid) + "/status", kMaxStatus);
    if (!status) return tl::unexpected(status.error());
    std::istringstream lines(*status);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("Uid:")) continue;
        std::istringstream fields(line.substr(4));
        uid_t real = 0;
        uid_t effective = 0;
        uid_t saved = 0;
        uid_t files = 0;
        if (fields >> real >> effective >> saved >> files)
            return Uids{real, real == effective && real == saved && real == files};
    }
    return fail(ErrorCode::kInternal,
                "the status of process " + std::to_string(pid) + " names no uid");
}

std::string home_of(uid_t uid) {
    const std::optional<Account> account = account_by_uid(uid);
    return account ? account->home : std::string();
}

bool lives(int pidfd) {
    pollfd exited{.fd = pidfd, .events = POLLIN, .revents = 0};
    return poll(&exited, 1, 0) == 0;
}

// Who may bind more than what has the caller's own uid.
bool may_bind_all(const api::Caller& caller) {
    return caller.roles.has(api::Role::kOperator) && caller.subject.slot == 0;
}

Status check_own_subject(std::uint32_t pid, const api::Caller& caller, kernel::KernelPort& port) {
    if (caller.subject.slot == 0) return {};
    const Result<std::uint32_t> subject = port.subject_of(pid);
    if (!subject) return tl::unexpected(subject.error());
    if (*subject == caller.subject.slot) return {};
    return fail(ErrorCode::kPermissionDenied,
                "process " + std::to_string(pid) +
                    " is not of the calling agent; an agent may bind its own processes only");
}

Result<session::Target> process_target(std::uint32_t number, const api::Caller& caller,
                                       kernel::KernelPort& port, const TargetRoots& roots) {
    const std::string who = "process " + std::to_string(number);
    const auto pid = static_cast<pid_t>(number);
    if (pid <= 1)
        return fail(ErrorCode::kInvalidArgument,
                    "pid " + std::to_string(number) + " cannot be bound to a session");
    const auto pidfd =
        std::make_shared<UniqueFd>(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!*pidfd && (errno == ESRCH || errno == EINVAL))
        return fail(ErrorCode::kNotFound, "there is no " + who + " (a thread is none)");
    if (!*pidfd) return fail_errno("open " + who, errno);
    const Result<std::uint64_t> started = start_time_of(pid, roots.proc);
    const Result<Uids> uids = uids_of(roots, pid);
    if (!started || !uids || !lives(pidfd->get()))
        return fail(ErrorCode::kNotFound, who + " is gone");
    session::Target target;
    target.kernel.pid = number;
    target.kernel.start_time = *started;
    if (!may_bind_all(caller)) {
        if (uids->real != caller.peer.uid || !uids->alike)
            return fail(ErrorCode::kPermissionDenied,
                        who + " is of uid " + std::to_string(uids->real) +
                            (uids->alike ? "" : " with rights of another") + ", you are uid " +
                            std::to_string(caller.peer.uid) +
                            "; to bind processes of others needs the role operator");
        target.kernel.owner = caller.peer.uid;
    }
    target.may_have_other_root = may_bind_all(caller);
    if (Status own = check_own_subject(number, caller, port); !own)
        return tl::unexpected(own.error());
    target.pid = pid;
    target.start_time = *started;
    target.home = home_of(uids->real);
    target.still_there = [pidfd] { return lives(pidfd->get()); };
    return target;
}

// The first process in a cgroup, or else in one below it; 0 where there is none.
pid_t first_process(const fs::path& folder) {
    const auto in = [](const fs::path& group) -> pid_t {
        const auto list = read_file((group / "cgroup.procs").string(), kMaxProcesses);
        pid_t pid = 0;
        if (list) std::from_chars(list->data(), list->data() + list->size(), pid);
        return pid;
    };
    if (const pid_t found = in(folder); found > 0) return found;
    std::error_code error;
    int looked = 0;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        if (!at->is_directory(error)) continue;
        if (const pid_t found = in(at->path()); found > 0) return found;
        if (++looked >= kMaxGroups) break;
    }
    return 0;
}

// The path below the root of the hierarchy: "/machine.slice/x". Also written with /sys/fs/cgroup
// in front.
Result<std::string> cgroup_path(std::string path, const TargetRoots& roots) {
    if (path == roots.cgroup) path = "/";
    if (path.starts_with(roots.cgroup + "/")) path.erase(0, roots.cgroup.size());
    const std::string shown = "control group \"" + std::string(journal::cut_utf8(path, 256)) + "\"";
    if (!path.starts_with("/") || !journal::is_utf8(path))
        return fail(ErrorCode::kInvalidArgument,
                    shown + ": expected an absolute path, such as /machine.slice/NAME.scope");
    Result<std::string> clean = policy::clean_cgroup(path);
    if (!clean) return clean;
    const std::size_t levels = policy::cgroup_names(path).size();
    if (levels == 0 || levels > kMaxCgroupLevels)
        return fail(ErrorCode::kInvalidArgument,
                    shown + ": expected 1 to " + std::to_string(kMaxCgroupLevels) +
                        " levels below the root, found " + std::to_string(levels));
    return clean;
}

Result<session::Target> cgroup_target(const std::string& text, const api::Caller& caller,
                                      const TargetRoots& roots) {
    if (caller.subject.slot != 0)
        return fail(ErrorCode::kPermissionDenied,
                    "an agent may bind its own processes only, and no control group");
    const Result<std::string> path = cgroup_path(text, roots);
    if (!path) return tl::unexpected(path.error());
    const std::string folder = roots.cgroup + *path;
    const UniqueFd group(open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!group) return fail(ErrorCode::kNotFound, "there is no control group " + *path);
    struct stat info {};
    struct statfs system {};
    if (fstat(group.get(), &info) != 0 || fstatfs(group.get(), &system) != 0)
        return fail_errno("look at " + folder, errno);
    if (system.f_type != CGROUP2_SUPER_MAGIC)
        return fail(ErrorCode::kInvalidArgument,
                    folder + " is not in the unified hierarchy (cgroup2)");
    session::Target target;
    target.kernel.cgroup = info.st_ino; // of cgroup2, the group's id
    if (!may_bind_all(caller)) target.kernel.owner = caller.peer.uid;
    target.may_have_other_root = may_bind_all(caller);
    target.cgroup = *path;
    target.pid = first_process(folder);
    if (target.pid == 0)
        return fail(ErrorCode::kNotFound,
                    "no process is in control group " + *path + " or below it");
    const Result<std::uint64_t> started = start_time_of(target.pid, roots.proc);
    if (started) target.start_time = *started;
    const Result<Uids> uids = uids_of(roots, target.pid);
    target.home = home_of(uids ? uids->real : caller.peer.uid);
    target.still_there = [folder, id = info.st_ino] {
        struct stat now {};
        return stat(folder.c_str(), &now) == 0 && now.st_ino == id;
    };
    return target;
}

} // namespace

Result<std::optional<session::Target>> find_target(const v1::OpenSessionRequest& request,
                                                   const api::Caller& caller,
                                                   kernel::KernelPort& port,
                                                   const TargetRoots& roots) {
    if (request.pid() != 0 && !request.cgroup().empty())
        return fail(ErrorCode::kInvalidArgument,
                    "a session is bound to a process or to a control group, not to both");
    if (request.pid() == 0 && request.cgroup().empty()) return std::nullopt;
    Result<session::Target> target = request.pid() != 0
                                         ? process_target(request.pid(), caller, port, roots)
                                         : cgroup_target(request.cgroup(), caller, roots);
    if (!target) return tl::unexpected(target.error());
    return std::optional<session::Target>(std::move(*target));
}

} // namespace bailiff::daemon
