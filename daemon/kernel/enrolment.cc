#include "kernel/enrolment.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/wire.h"

namespace bailiff::kernel {
namespace {

constexpr int kMaxPasses = 16;

Status set_control(Programs& programs, const bailiff_control& control) {
    const Result<int> map = programs.map_fd("control");
    if (!map) return tl::unexpected(map.error());
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(*map, &zero, &control, BPF_ANY) != 0)
        return fail_errno("write map control", errno);
    return {};
}

// The records an iterator printed.
template <typename Record>
Result<std::vector<Record>> read_records(Programs& programs, const std::string& iterator,
                                         std::uint32_t pid) {
    Result<std::string> bytes = programs.read_iterator(iterator, pid);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->size() % sizeof(Record) != 0)
        return fail(ErrorCode::kInternal, "iterator " + iterator + " printed " +
                                              std::to_string(bytes->size()) +
                                              " bytes, not a multiple of its record");
    std::vector<Record> records(bytes->size() / sizeof(Record));
    std::memcpy(records.data(), bytes->data(), bytes->size());
    return records;
}

UniqueFd open_at(int folder, const std::string& path, std::uint64_t flags, std::uint64_t resolve) {
    open_how how = {};
    how.flags = O_PATH | O_CLOEXEC | flags;
    how.resolve = resolve;
    return UniqueFd(
        static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how))));
}

// A container's root. The host's own paths lead there by no link, so that nobody else's folder can
// be taken for it.
Result<UniqueFd> open_root(const View& view) {
    const std::string path =
        view.pid != 0 ? "/proc/" + std::to_string(view.pid) + "/root" : view.root;
    UniqueFd root = view.pid != 0 ? open_at(AT_FDCWD, path, O_DIRECTORY, 0)
                                  : open_at(AT_FDCWD, path, O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    if (!root && (errno == ENOENT || errno == ESRCH || errno == ENOTDIR))
        return fail(ErrorCode::kNotFound, path + " is gone");
    if (!root) return fail_errno("open " + path, errno);
    if (view.pid == 0) return root;
    // Last, so that the root is that process's and not of one that has its number now.
    const Result<std::uint64_t> started = process_start_time(view.pid);
    if (!started || *started != view.start_time)
        return fail(ErrorCode::kNotFound, "process " + std::to_string(view.pid) + " is gone");
    return root;
}

// Not through links such as /proc/self/fd/1, to which /dev/stdout leads: those name a file of this
// very process.
UniqueFd open_path(const std::string& path, const UniqueFd& root) {
    if (!root) return open_at(AT_FDCWD, path, 0, RESOLVE_NO_MAGICLINKS);
    return open_at(root.get(), path, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT);
}

Result<std::string> name_of(const UniqueFd& fd) {
    std::error_code error;
    std::string name =
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd.get()), error);
    if (error) return fail(ErrorCode::kInternal, "name of a path: " + error.message());
    return name;
}

// The name inside the root. Of a container's own mounts the kernel tells the name from their top
// on, which is that root; of one that the host has mounted, the host's.
Result<std::string> name_in(const UniqueFd& root, std::string name) {
    if (!root) return name;
    const Result<std::string> top = name_of(root);
    if (!top || *top == "/") return top ? name : top;
    if (name == *top) return std::string("/");
    if (name.starts_with(*top + "/")) return name.substr(top->size());
    return fail(ErrorCode::kInternal, name + " is not below " + *top);
}

} // namespace

Result<std::vector<bailiff_enrolled>> list_tasks(Programs& programs, std::uint32_t pid,
                                                 std::uint32_t subject, std::uint32_t generation) {
    bailiff_control control = {};
    control.pid = pid;
    control.subject = subject;
    control.row.generation = generation;
    if (Status set = set_control(programs, control); !set) return tl::unexpected(set.error());
    return read_records<bailiff_enrolled>(programs, "count_tasks", 0);
}

Result<std::uint64_t> process_start_time(std::uint32_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const size_t name_end = line.rfind(')'); // the name may hold anything, parentheses too
    if (name_end == std::string::npos)
        return fail(ErrorCode::kNotFound, "no process " + std::to_string(pid));
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 22; field++) fields >> skipped;
    std::uint64_t start = 0;
    if (!(fields >> start))
        return fail(ErrorCode::kInternal, "/proc/" + std::to_string(pid) + "/stat has no field 22");
    return start;
}

Result<std::vector<bailiff_enrolled>> enrol_pass(Programs& programs,
                                                 const bailiff_control& control) {
    if (Status set = set_control(programs, control); !set) return tl::unexpected(set.error());
    return read_records<bailiff_enrolled>(programs, "enrol", 0);
}

Result<std::vector<bailiff_enrolled>> enrol_all(Programs& programs, const bailiff_control& control,
                                                const std::string& who) {
    for (int pass = 0; pass < kMaxPasses; pass++) {
        auto records = enrol_pass(programs, control);
        if (!records) return records;
        bool found_new = false;
        for (const bailiff_enrolled& record : *records) {
            if (record.outcome == 2)
                return fail(ErrorCode::kResourceExhausted,
                            "task " + std::to_string(record.pid) +
                                " cannot be enrolled: the kernel made no task storage for it");
            found_new |= record.outcome == 1;
        }
        if (!found_new) return records;
    }
    return fail(ErrorCode::kUnavailable, who + " starts tasks faster than they can be enrolled");
}

Status check_started(std::uint32_t pid, std::uint64_t start_time) {
    const Result<std::uint64_t> started = process_start_time(pid);
    if (!started) return tl::unexpected(started.error());
    if (*started == start_time) return {};
    return fail(ErrorCode::kNotFound,
                "process " + std::to_string(pid) + " is another one now: its pid was used again");
}

Result<std::uint32_t> enrol(Programs& programs, std::uint32_t pid, std::uint64_t start_time,
                            std::uint32_t subject, std::uint32_t generation) {
    const std::string who = "process " + std::to_string(pid);
    bailiff_control control = {};
    control.pid = pid;
    control.row.subject = subject;
    control.row.generation = generation;
    if (Status same = check_started(pid, start_time); !same) return tl::unexpected(same.error());
    const auto records = enrol_all(programs, control, who);
    if (!records) return tl::unexpected(records.error());
    const bool itself = std::any_of(records->begin(), records->end(), [pid](const auto& record) {
        return record.pid == pid && record.outcome == 0;
    });
    if (!itself) return fail(ErrorCode::kNotFound, who + " is gone");
    return static_cast<std::uint32_t>(std::count_if(records->begin(), records->end(),
                                                    [](const auto& r) { return r.outcome == 0; }));
}

Result<std::vector<bailiff_enrolled>> adopt(Programs& programs) {
    std::vector<bailiff_enrolled> made;
    for (int pass = 0; pass < kMaxPasses; pass++) {
        const auto records = read_records<bailiff_enrolled>(programs, "adopt", 0);
        if (!records) return tl::unexpected(records.error());
        const std::size_t before = made.size();
        for (const bailiff_enrolled& record : *records) {
            if (record.outcome == 2)
                return fail(ErrorCode::kResourceExhausted,
                            "task " + std::to_string(record.pid) +
                                " is an agent's and cannot be made a subject: the kernel made no "
                                "task storage for it");
            if (record.outcome == 1) made.push_back(record);
        }
        if (made.size() == before) return made;
    }
    return fail(ErrorCode::kUnavailable, "agents start tasks faster than they can be adopted");
}

Result<SubjectOf> subject_of(Programs& programs, std::uint32_t pid) {
    const auto records = list_tasks(programs, pid, 0, 0);
    if (!records) return tl::unexpected(records.error());
    if (records->empty()) return SubjectOf{};
    return SubjectOf{records->front().outcome, records->front().generation};
}

Result<std::uint32_t> count_tasks(Programs& programs, std::uint32_t subject,
                                  std::uint32_t generation) {
    const auto records = list_tasks(programs, 0, subject, generation);
    if (!records) return tl::unexpected(records.error());
    return static_cast<std::uint32_t>(records->size());
}

namespace {

// Who may make links and mounts on the way of a path could give it nearly any error, and must not
// keep everything else from being looked up: what cannot be reached is not there.
tl::unexpected<Error> not_there(const std::string& path, int error) {
    switch (error) {
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EINTR:
            return fail_errno("open " + path, error);
        case ENOENT:
        case ENOTDIR:
            return fail(ErrorCode::kNotFound, path + " does not exist");
        case ELOOP:
            return fail(ErrorCode::kNotFound,
                        path + " leads to another file for each process, or in a circle");
        default:
            return fail(ErrorCode::kNotFound, path + " cannot be reached: " + std::strerror(error));
    }
}

// A descriptor's inode, as the hooks see it.
Result<bailiff_inode> describe(Programs& programs, const UniqueFd& fd) {
    return examine(programs, fd.get()).map([](const bailiff_file& file) { return file.seen; });
}

// Who may chroot(2) could otherwise have the rules of its paths moved to a folder of its own.
Status check_folder(Programs& programs, const UniqueFd& root, const View& view) {
    if (view.folder == RootFolder{}) return {};
    const Result<bailiff_inode> now = describe(programs, root);
    if (!now) return tl::unexpected(now.error());
    if (view.folder == folder_of(*now)) return {};
    return fail(ErrorCode::kNotFound, "process " + std::to_string(view.pid) +
                                          " has another root folder than when it was bound");
}

} // namespace

Result<bailiff_file> examine(Programs& programs, int fd) {
    bailiff_control control = {};
    control.pid = static_cast<std::uint32_t>(getpid());
    control.fd = static_cast<std::uint32_t>(fd);
    if (Status set = set_control(programs, control); !set) return tl::unexpected(set.error());
    const auto records = read_records<bailiff_file>(programs, "resolve", control.pid);
    if (!records) return tl::unexpected(records.error());
    if (records->empty())
        return fail(ErrorCode::kInternal,
                    "the kernel does not show descriptor " + std::to_string(fd));
    return records->front();
}

Result<Resolved> resolve(Programs& programs, const std::string& path, const View& view) {
    UniqueFd root;
    if (!view.is_host()) {
        Result<UniqueFd> opened = open_root(view);
        if (!opened) return tl::unexpected(opened.error());
        root = std::move(*opened);
        if (Status same = check_folder(programs, root, view); !same)
            return tl::unexpected(same.error());
    }
    UniqueFd fd = open_path(path, root);
    if (!fd) return not_there(path, errno);
    const Result<bailiff_inode> inode = describe(programs, fd);
    if (!inode) return tl::unexpected(inode.error());
    Result<std::string> real = name_of(fd);
    if (real) real = name_in(root, std::move(*real));
    if (!real) return tl::unexpected(real.error());
    if (real->size() >= sizeof(Reply::path))
        return fail(ErrorCode::kNotFound, path + " leads to a path that is too long");
    return Resolved{*inode, *real, std::move(fd)};
}

} // namespace bailiff::kernel
