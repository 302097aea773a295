#include "kernel/handler.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "kernel/canary.h"
#include "kernel/kill.h"

namespace bailiff::kernel {
namespace {

constexpr std::size_t kMaxHeld = 4096;

int to_errno(const Error& error) {
    switch (error.code()) {
        case ErrorCode::kNotFound:
            return ENOENT;
        case ErrorCode::kInvalidArgument:
            return EINVAL;
        case ErrorCode::kResourceExhausted:
            return ENOSPC;
        case ErrorCode::kFailedPrecondition:
            return EOPNOTSUPP;
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

// Does an inode that was dropped from memory come back under another number here?
bool numbers_change(int fd) {
    struct statfs info {};
    return fstatfs(fd, &info) == 0 &&
           (info.f_type == OVERLAYFS_SUPER_MAGIC || info.f_type == PROC_SUPER_MAGIC);
}

} // namespace

void ProgramsHandler::resolve_path(const Request& request, Reply& reply) {
    Result<Resolved> found = resolve(programs_, request.path);
    store(reply, found, [&](const Resolved& resolved) {
        reply.inode = resolved.inode;
        if (resolved.path.size() < sizeof(reply.path))
            std::memcpy(reply.path, resolved.path.data(), resolved.path.size());
        else
            reply.error = ENAMETOOLONG;
    });
    if (!found || !numbers_change(found->fd.get())) return;
    if (Status held = hold(*found); !held) fail_with(reply, held.error());
}

// systemd keeps a copy of the descriptor, so that the inode stays known while this process is not
// there (sd_pid_notify_with_fds(3)); without systemd it stays known as long as this process.
Status ProgramsHandler::hold(Resolved& found) {
    const auto key = std::tuple(found.inode.dev, found.inode.ino, found.inode.mode & S_IFMT);
    if (held_.contains(key)) return {};
    if (held_.size() >= kMaxHeld)
        return fail(ErrorCode::kResourceExhausted,
                    found.path + ": rules name more than " + std::to_string(kMaxHeld) +
                        " objects on file systems that renumber them (overlayfs, /proc)");
    const int fd = found.fd.get();
    sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=labelled\nFDPOLL=0", &fd, 1);
    held_.try_emplace(key, std::move(found.fd));
    return {};
}

// Before the first subject is there, not after.
Status ProgramsHandler::expect_subjects(const Request& request) {
    if (request.operation == Operation::kExpect) agents_expected_ = request.subject != 0;
    if (request.operation == Operation::kExpect && !agents_expected_) return {};
    return programs_.attach_use_hooks();
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
            return;
        case Operation::kResolve:
            return resolve_path(request, reply);
        case Operation::kEnrol:
            if (!programs_.missing().empty())
                return fail_with(reply,
                                 {ErrorCode::kFailedPrecondition, why_not_complete(programs_)});
            if (const Status ready = expect_subjects(request); !ready)
                return fail_with(reply, ready.error());
            return store(reply,
                         enrol(programs_, request.pid, request.start_time, request.subject,
                               request.generation),
                         keep_count);
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
            return store(reply, adopt(programs_), keep_count);
        case Operation::kExpect:
            if (const Status ready = expect_subjects(request); !ready)
                fail_with(reply, ready.error());
            return;
        case Operation::kPosture:
            if (const Status rested = rest(); !rested) return fail_with(reply, rested.error());
            return store(reply, run_canaries(programs_),
                         [&reply](const WirePosture& posture) { reply.posture = posture; });
    }
    reply.error = ENOSYS;
}

std::vector<int> ProgramsHandler::shared_maps() {
    std::vector<int> descriptors;
    for (const char* name : kSharedMaps)
        if (const Result<int> fd = programs_.map_fd(name)) descriptors.push_back(*fd);
    return descriptors;
}

} // namespace bailiff::kernel
