#include "kernel/handler.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "kernel/canary.h"
#include "kernel/container_files.h"
#include "kernel/enrol_target.h"
#include "kernel/holds.h"
#include "kernel/kill.h"
#include "kernel/resume.h"

namespace bailiff::kernel {
namespace {

constexpr std::size_t kMaxHeld = 4096;
constexpr std::size_t kMaxHeldInContainers = 8192;

int to_errno(const Error& error) {
    switch (error.code()) {
        case ErrorCode::kNotFound:
            return ENOENT;
        case ErrorCode::kInvalidArgument:
            return EINVAL;
        case ErrorCode::kResourceExhausted:
            return ENOSPC;
        case ErrorCode::kPermissionDenied:
            return EPERM;
        case ErrorCode::kFailedPrecondition:
            return EBUSY;
        default:
            return EIO;
    }
}

void fail_with(Reply& reply, const Error& error) {
    reply.error = to_errno(error);
    const std::string& text = error.message();
    std::memcpy(reply.message, text.data(), std::min(text.size(), sizeof(reply.message) - 1));
}

template <typename T, typename Store>
void store(Reply& reply, const Result<T>& result, Store&& keep) {
    if (result) {
        keep(*result);
        return;
    }
    fail_with(reply, result.error());
}

void finish(Reply& reply, const Status& done) {
    if (!done) fail_with(reply, done.error());
}

Target target_of(const Request& request) {
    return {request.pid, request.start_time, request.cgroup, request.owner};
}

View view_of(const Request& request) {
    return {request.pid,
            request.start_time,
            request.root,
            {request.folder_ino, request.folder_dev, request.folder_generation}};
}

// As much as there is room for, with its NUL: the rest of the reply is zero.
template <std::size_t size>
void copy_text(const std::string& text, char (&to)[size]) {
    std::memcpy(to, text.data(), std::min(text.size(), size - 1));
}

// The tasks by subject, each with its oldest process.
void tell(const std::vector<bailiff_enrolled>& made, Reply& reply) {
    reply.count = static_cast<std::uint32_t>(made.size());
    for (const bailiff_enrolled& task : made) {
        const auto at = std::find_if(
            reply.adopted.begin(), reply.adopted.end(),
            [&](const auto& one) { return one.subject == 0 || one.subject == task.subject; });
        if (at == reply.adopted.end()) continue;
        if (at->subject == 0 || task.start_time < at->start_time)
            *at = {task.subject, at->tasks, task.process, 0, task.start_time};
        at->tasks++;
    }
}

// Does an inode that was dropped from memory come back under another number here?
bool numbers_change(int fd) {
    struct statfs info {};
    return fstatfs(fd, &info) == 0 &&
           (info.f_type == OVERLAYFS_SUPER_MAGIC || info.f_type == PROC_SUPER_MAGIC);
}

bool is_only_read(std::string_view map) {
    return std::find(kReadMaps.begin(), kReadMaps.end(), map) != kReadMaps.end();
}

// Another descriptor of the map, which writes nothing.
UniqueFd open_to_read(int map) {
    bpf_map_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(map, &info, &size) != 0) return {};
    LIBBPF_OPTS(bpf_get_fd_by_id_opts, options, .open_flags = BPF_F_RDONLY);
    return UniqueFd(bpf_map_get_fd_by_id_opts(info.id, &options));
}

} // namespace

void ProgramsHandler::resolve_path(const Request& request, Reply& reply) {
    const View view = view_of(request);
    Result<Resolved> found = resolve(programs_, request.path, view);
    store(reply, found, [&](const Resolved& resolved) {
        reply.inode = resolved.inode;
        if (resolved.path.size() < sizeof(reply.path))
            std::memcpy(reply.path, resolved.path.data(), resolved.path.size());
        else
            reply.error = ENAMETOOLONG;
    });
    if (!found || !numbers_change(found->fd.get())) return;
    if (Status held = hold(*found, view); !held) fail_with(reply, held.error());
}

// systemd keeps a copy of the descriptor, so that the inode stays known while this process is not
// there (sd_pid_notify_with_fds(3)); without systemd it stays known as long as this process. Of a
// container it does so anyhow: nothing may keep its file systems longer than it is looked at.
Status ProgramsHandler::hold(Resolved& found, const View& view) {
    const auto key = std::tuple(found.inode.dev, found.inode.ino, found.inode.mode & S_IFMT);
    Held& held = view.is_host() ? held_ : held_in_[view];
    if (held.contains(key)) return {};
    std::size_t all = 0;
    for (const auto& [other, objects] : held_in_) all += objects.size();
    if (view.is_host()) all = held_.size(); // containers cannot use up what the host's rules need
    const std::size_t limit = view.is_host() ? kMaxHeld : kMaxHeldInContainers;
    if (all >= limit)
        return fail(ErrorCode::kResourceExhausted,
                    found.path + ": rules name more than " + std::to_string(limit) +
                        " objects on file systems that renumber them (overlayfs, /proc)");
    const int fd = found.fd.get();
    if (view.is_host())
        sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=labelled\nFDPOLL=0", &fd, 1);
    held.try_emplace(key, std::move(found.fd));
    return {};
}

// The hooks on every read and write are attached before the first subject is there, not after.
Status ProgramsHandler::ready_to_enrol() {
    if (!programs_.missing().empty())
        return fail(ErrorCode::kFailedPrecondition, why_not_complete(programs_));
    return programs_.attach_use_hooks();
}

Status ProgramsHandler::expect_agents(bool any) {
    agents_expected_ = any;
    return any ? programs_.attach_use_hooks() : Status{};
}

// Detaches the hooks on every read and write where no task is a subject and none can become one but
// by enrolment, which is asked of this very thread.
Status ProgramsHandler::rest() {
    if (agents_expected_) return {};
    const Result<int> agents = programs_.map_fd("agents");
    if (!agents) return tl::unexpected(agents.error());
    bailiff_object_key any{};
    if (bpf_map_get_next_key(*agents, nullptr, &any) == 0) return {};
    const auto subjects = list_tasks(programs_, 0, 0, 0);
    if (!subjects) return tl::unexpected(subjects.error());
    return subjects->empty() ? programs_.detach_use_hooks() : Status{};
}

// What was told of it may stay, for a moment: one that is not there is no error.
Status ProgramsHandler::forget_hold(std::uint64_t hold) {
    const Result<int> map = programs_.map_fd("holds");
    if (!map) return tl::unexpected(map.error());
    const auto row = read_hold(*map, hold);
    if (!row) return tl::unexpected(row.error());
    const std::uint32_t seat = bailiff_seat(hold);
    if (row->has_value() && bpf_map_delete_elem(*map, &seat) != 0 && errno != ENOENT)
        return fail_errno("erase from kernel map holds", errno);
    return {};
}

void ProgramsHandler::take_hashed(Reply& reply) {
    const std::optional<Hashed> done = hasher_.take();
    if (!done) return;
    reply.hashed.outcome = done->searched ? 3 : done->digest ? 1 : 2;
    reply.hashed.seen = done->seen;
    if (done->digest)
        std::copy(done->digest->begin(), done->digest->end(), std::begin(reply.hashed.sha256));
    const auto put = [](auto& to, const std::string& text) {
        std::memcpy(to, text.data(), std::min(text.size(), sizeof(to) - 1));
    };
    put(reply.message, done->problem);
    put(reply.path, done->path);
}

void ProgramsHandler::handle(const Request& request, Reply& reply) {
    const auto keep_count = [&reply](std::uint32_t count) { reply.count = count; };
    switch (request.operation) {
        case Operation::kHello:
            held_in_.clear(); // a new daemon looks again at what there is
            return;
        case Operation::kForget:
            held_in_.erase(view_of(request));
            return;
        case Operation::kResolve:
            return resolve_path(request, reply);
        case Operation::kEnrol:
            if (const Status ready = ready_to_enrol(); !ready)
                return fail_with(reply, ready.error());
            return store(reply,
                         enrol(programs_, request.pid, request.start_time, request.subject,
                               request.generation),
                         keep_count);
        case Operation::kCheckTarget:
            return store(reply, check_target(programs_, target_of(request), request.daemon),
                         keep_count);
        case Operation::kResume:
            if (const auto turns = programs_.map_fd("resumed"); turns)
                give_turns(*turns, request.pid);
            if (const Status resumed = resume(request.pid, request.start_time); !resumed)
                fail_with(reply, resumed.error());
            return;
        case Operation::kForgetHold:
            return finish(reply, forget_hold(request.action));
        case Operation::kKeep:
            return finish(reply, keeping_.keep(request, reply));
        case Operation::kKept:
            return finish(reply, keeping_.list(request, reply));
        case Operation::kFindKept:
            return finish(reply, keeping_.find(request, reply));
        case Operation::kRestore:
            return finish(reply, keeping_.restore(request, reply));
        case Operation::kPruneKept:
            return finish(reply, keeping_.prune(request, reply));
        case Operation::kAddStore:
            return finish(reply, keeping_.add_folder(request));
        case Operation::kEnrolTarget:
            if (const Status ready = ready_to_enrol(); !ready)
                return fail_with(reply, ready.error());
            return store(reply,
                         enrol_target(programs_, target_of(request), request.daemon,
                                      request.subject, request.generation),
                         keep_count);
        case Operation::kContainer:
            return store(reply, find_container(request.path), [&reply](const auto& found) {
                copy_text(found.image, reply.path);
                copy_text(found.name, reply.message);
            });
        case Operation::kSubjectOf:
            return store(reply, subject_of(programs_, request.pid),
                         [&reply](const SubjectOf& found) {
                             reply.count = found.slot;
                             reply.generation = found.generation;
                         });
        case Operation::kCount:
            return store(reply, count_tasks(programs_, request.subject, request.generation),
                         keep_count);
        case Operation::kKill:
            return store(reply, kill_tasks(programs_, request.subject, request.generation),
                         [&reply](const Killed& done) {
                             reply.count = done.killed;
                             reply.left = done.left;
                         });
        case Operation::kHash:
            if (const Status added = hasher_.add(request.path); !added)
                fail_with(reply, added.error());
            return;
        case Operation::kFindLinks:
            if (const Status added = hasher_.add_search(request.path); !added)
                fail_with(reply, added.error());
            return;
        case Operation::kHashed:
            return take_hashed(reply);
        case Operation::kAdopt:
            return store(reply, adopt(programs_),
                         [&reply](const auto& made) { tell(made, reply); });
        case Operation::kExpect:
            if (const Status ready = expect_agents(request.subject != 0); !ready)
                fail_with(reply, ready.error());
            return;
        case Operation::kPosture:
            if (const Status rested = rest(); !rested) return fail_with(reply, rested.error());
            return store(reply, run_canaries(programs_),
                         [&reply](const WirePosture& posture) { reply.posture = posture; });
    }
    reply.error = ENOSYS;
}

// Every one or, where that fails, too few, which is what bailiffd then says.
std::vector<int> ProgramsHandler::shared_maps() {
    readable_.clear();
    std::vector<int> descriptors;
    for (const char* name : kSharedMaps) {
        const Result<int> fd = programs_.map_fd(name);
        if (!fd) continue;
        if (!is_only_read(name)) {
            descriptors.push_back(*fd);
        } else if (UniqueFd readable = open_to_read(*fd); readable) {
            descriptors.push_back(readable.get());
            readable_.push_back(std::move(readable));
        }
    }
    return descriptors;
}

} // namespace bailiff::kernel
