#include "kernel/handler.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "kernel/canary.h"
#include "kernel/enrolment.h"

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
        default:
            return EIO;
    }
}

template <typename T, typename Store>
void store(Reply& reply, const Result<T>& result, Store&& keep) {
    if (result) {
        keep(*result);
        return;
    }
    reply.error = to_errno(result.error());
    const std::string& text = result.error().message();
    std::memcpy(reply.message, text.data(), std::min(text.size(), sizeof(reply.message) - 1));
}

bool on_overlay(int fd) {
    struct statfs info {};
    return fstatfs(fd, &info) == 0 && info.f_type == OVERLAYFS_SUPER_MAGIC;
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
    if (found && on_overlay(found->fd.get()) && held_.size() < kMaxHeld)
        held_.try_emplace({found->inode.dev, found->inode.ino}, std::move(found->fd));
}

void ProgramsHandler::handle(const Request& request, Reply& reply) {
    const auto keep_count = [&reply](std::uint32_t count) { reply.count = count; };
    switch (request.operation) {
        case Operation::kHello:
            return;
        case Operation::kResolve:
            return resolve_path(request, reply);
        case Operation::kEnrol:
            return store(reply,
                         enrol(programs_, request.pid, request.start_time, request.subject,
                               request.generation),
                         keep_count);
        case Operation::kSubjectOf:
            return store(reply, subject_of(programs_, request.pid), keep_count);
        case Operation::kCount:
            return store(reply, count_tasks(programs_, request.subject), keep_count);
        case Operation::kAdopt:
            return store(reply, adopt(programs_), keep_count);
        case Operation::kPosture:
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
