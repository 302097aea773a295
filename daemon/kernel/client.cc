#include "kernel/client.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unix_address.h"
#include "kernel/request.h"

namespace bailiff::kernel {
namespace {

ErrorCode from_errno(int error) {
    switch (error) {
        case ENOENT:
            return ErrorCode::kNotFound;
        case EINVAL:
            return ErrorCode::kInvalidArgument;
        case ENOSPC:
            return ErrorCode::kResourceExhausted;
        case EPERM:
            return ErrorCode::kPermissionDenied;
        case EBUSY:
            return ErrorCode::kFailedPrecondition;
        default:
            return ErrorCode::kInternal;
    }
}

Result<Request> view_request(Operation operation, const View& view) {
    Request request = request_for(operation);
    request.pid = view.pid;
    request.start_time = view.start_time;
    request.folder_dev = view.folder.dev;
    request.folder_ino = view.folder.ino;
    request.folder_generation = view.folder.generation;
    if (view.root.size() >= sizeof(request.root))
        return fail(ErrorCode::kInvalidArgument,
                    "the root of a container is mounted on a path of 256 bytes or more");
    std::memcpy(request.root, view.root.c_str(), view.root.size());
    return request;
}

Request target_request(Operation operation, const Target& target) {
    Request request = request_for(operation);
    request.daemon = static_cast<std::uint32_t>(getpid());
    request.pid = target.pid;
    request.start_time = target.start_time;
    request.cgroup = target.cgroup;
    request.owner = target.owner;
    return request;
}

constexpr time_t kAnswerSeconds = 60;
constexpr std::size_t kMostAtOnce = 2048; // events

// A bailiff-kernel that made new maps has forgotten every session: they must be written anew.
Status same_maps(const std::vector<UniqueFd>& before, const std::vector<UniqueFd>& now) {
    for (std::size_t i = 0; i < before.size(); i++) {
        bpf_map_info old_info{};
        bpf_map_info new_info{};
        __u32 size = sizeof(old_info);
        if (bpf_obj_get_info_by_fd(before[i].get(), &old_info, &size) != 0 ||
            bpf_obj_get_info_by_fd(now[i].get(), &new_info, &size) != 0)
            return fail_errno("read the ids of kernel maps", errno);
        if (old_info.id != new_info.id)
            return fail(ErrorCode::kFailedPrecondition,
                        "bailiff-kernel holds other maps than before: its pins were removed");
    }
    return {};
}

} // namespace

void Client::RingDeleter::operator()(ring_buffer* ring) const {
    ring_buffer__free(ring);
}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const std::string& folder) {
    std::unique_ptr<Client> client(new Client(folder));
    if (Status connected = client->reconnect(); !connected)
        return tl::unexpected(connected.error());
    return client;
}

Status Client::reconnect() {
    const std::string path = folder_ + "/" + kSocketName;
    const Result<sockaddr_un> address = unix_address(path);
    if (!address) return tl::unexpected(address.error());
    socket_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket_) return fail_errno("socket", errno);
    const timeval limit{kAnswerSeconds, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect_unix(socket_.get(), *address) != 0)
        return fail(ErrorCode::kUnavailable,
                    "bailiff-kernel does not answer on " + path + ": " + std::strerror(errno));
    return hello();
}

Status Client::hello() {
    const Request request = request_for(Operation::kHello);
    // A server that refuses has closed by now, but left its reason to be read.
    if (send(socket_.get(), &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request) &&
        errno != EPIPE)
        return fail_errno("send to bailiff-kernel", errno);
    Reply reply{};
    iovec part{&reply, sizeof(reply)};
    msghdr message{};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kSharedMaps.size())] = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    ssize_t n = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    // A reset is told once and first; what was sent before it can be read then.
    if (n < 0 && errno == ECONNRESET) n = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (n >= 0 && (message.msg_flags & MSG_TRUNC) != 0) reply.magic = 0; // longer than ours
    if (n != sizeof(reply))
        return fail(ErrorCode::kUnavailable,
                    "bailiff-kernel closed the connection at the greeting");
    std::vector<UniqueFd> maps;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message);
        header != nullptr && header->cmsg_type == SCM_RIGHTS) {
        std::vector<int> fds((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(fds.data(), CMSG_DATA(header), fds.size() * sizeof(int));
        for (const int fd : fds) maps.emplace_back(fd);
    }
    reply.message[sizeof(reply.message) - 1] = 0;
    if (reply.magic == kWireMagic && reply.error != 0)
        return fail(from_errno(reply.error), reply.message);
    if (reply.magic != kWireMagic || maps.size() != kSharedMaps.size())
        return fail(ErrorCode::kFailedPrecondition,
                    "bailiff-kernel speaks another version; install both of the same");
    if (!maps_.empty()) return same_maps(maps_, maps);
    maps_ = std::move(maps);
    const auto deliver = [](void* self, void* data, size_t size) {
        auto* client = static_cast<Client*>(self);
        const auto* sink = client->sink_;
        if (sink != nullptr && (size == sizeof(bailiff_event) || size == BAILIFF_EVENT_BRIEF)) {
            bailiff_event event = {};
            std::memcpy(&event, data, size);
            (*sink)(event);
        }
        return ++client->drained_ < kMostAtOnce ? 0 : -ECANCELED; // this one is taken all the same
    };
    ring_.reset(ring_buffer__new(map("events"), deliver, this, nullptr));
    if (!ring_) return fail_errno("map the event ring", errno);
    return {};
}

// A new bailiff-kernel is tried once: the question has no effect that could happen twice.
Result<Reply> Client::ask(const Request& request) {
    Result<Reply> reply = exchange(request);
    if (reply || reply.error().code() != ErrorCode::kUnavailable) return reply;
    if (Status again = reconnect(); !again) return tl::unexpected(again.error());
    return exchange(request);
}

Result<Reply> Client::exchange(const Request& request) {
    if (send(socket_.get(), &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
        return fail(ErrorCode::kUnavailable,
                    std::string("bailiff-kernel is gone: ") + std::strerror(errno));
    Reply reply{};
    if (recv(socket_.get(), &reply, sizeof(reply), MSG_TRUNC) != sizeof(reply) ||
        reply.magic != kWireMagic) {
        socket_.reset(); // a late answer must not be taken for the next one's
        return fail(ErrorCode::kUnavailable, "bailiff-kernel gave no answer");
    }
    reply.message[sizeof(reply.message) - 1] = 0;
    if (reply.error != 0)
        return fail(from_errno(reply.error),
                    reply.message[0] != 0 ? reply.message : std::strerror(reply.error));
    return reply;
}

int Client::map(const char* name) const {
    for (std::size_t i = 0; i < kSharedMaps.size(); i++)
        if (std::strcmp(kSharedMaps[i], name) == 0) return maps_[i].get();
    return -1;
}

Result<ResolvedPath> Client::resolve(const std::string& path) {
    return resolve_in(View(), path);
}

void Client::forget(const View& view) {
    if (const auto request = view_request(Operation::kForget, view)) (void)ask(*request);
}

Result<ResolvedPath> Client::resolve_in(const View& view, const std::string& path) {
    Result<Request> request = view_request(Operation::kResolve, view);
    if (!request) return tl::unexpected(request.error());
    if (Status set = set_path(*request, path); !set) return tl::unexpected(set.error());
    return ask(*request).map([](const Reply& reply) {
        return ResolvedPath{reply.inode,
                            std::string(reply.path, strnlen(reply.path, sizeof(reply.path)))};
    });
}

Result<Adoption> Client::adopt() {
    return ask(request_for(Operation::kAdopt)).map([](const Reply& reply) {
        Adoption adoption{reply.count, {}};
        for (const WireAdopted& one : reply.adopted)
            if (one.subject != 0)
                adoption.subjects.push_back({one.subject, one.tasks, one.pid, one.start_time});
        return adoption;
    });
}
// So that the hooks which are attached only where there can be subjects are, in time.
Status Client::expect_agents(bool any) {
    Request request = request_for(Operation::kExpect);
    request.subject = any ? 1 : 0;
    if (const auto reply = ask(request); !reply) return tl::unexpected(reply.error());
    return {};
}
Result<std::uint32_t> Client::enrol(std::uint32_t pid, std::uint64_t start_time,
                                    std::uint32_t subject, std::uint32_t generation) {
    Request request = request_for(Operation::kEnrol);
    request.pid = pid;
    request.start_time = start_time;
    request.subject = subject;
    request.generation = generation;
    return ask(request).map([](const Reply& reply) { return reply.count; });
}
Result<ContainerInfo> Client::container(const std::string& runtime, const std::string& id) {
    Request request = request_for(Operation::kContainer);
    const std::string path = runtime + "/" + id;
    if (path.size() >= sizeof(request.path))
        return fail(ErrorCode::kInvalidArgument, "the id of a container is too long");
    std::memcpy(request.path, path.c_str(), path.size());
    return ask(request).map([](const Reply& reply) {
        return ContainerInfo{std::string(reply.path, strnlen(reply.path, sizeof(reply.path))),
                             reply.message};
    });
}
Result<std::uint32_t> Client::check_target(const Target& target) {
    return ask(target_request(Operation::kCheckTarget, target)).map([](const Reply& reply) {
        return reply.count;
    });
}
Result<std::uint32_t> Client::enrol_target(const Target& target, std::uint32_t subject,
                                           std::uint32_t generation) {
    Request request = target_request(Operation::kEnrolTarget, target);
    request.subject = subject;
    request.generation = generation;
    return ask(request).map([](const Reply& reply) { return reply.count; });
}
Result<std::uint32_t> Client::subject_of(std::uint32_t pid) {
    Request request = request_for(Operation::kSubjectOf);
    request.pid = pid;
    const Result<Reply> reply = ask(request);
    if (!reply) return tl::unexpected(reply.error());
    if (reply->count == 0) return 0;
    const Result<bailiff_subject> row = get_subject(reply->count);
    if (!row) return tl::unexpected(row.error());
    return row->generation == reply->generation ? reply->count : kSubjectOver;
}
Result<std::uint32_t> Client::count_tasks(std::uint32_t subject) {
    const Result<bailiff_subject> row = get_subject(subject);
    if (!row) return tl::unexpected(row.error());
    Request request = request_for(Operation::kCount);
    request.subject = subject;
    request.generation = row->generation;
    return ask(request).map([](const Reply& reply) { return reply.count; });
}
Result<Killed> Client::kill_tasks(std::uint32_t subject, std::uint32_t generation) {
    Request request = request_for(Operation::kKill);
    request.subject = subject;
    request.generation = generation;
    return ask(request).map([](const Reply& reply) { return Killed{reply.count, reply.left}; });
}
Status Client::ask_later(Operation operation, const std::string& path) {
    const Result<Request> request = request_for(operation, path);
    if (!request) return tl::unexpected(request.error());
    return ask(*request).map([](const Reply&) {});
}
Status Client::hash(const std::string& path) {
    return ask_later(Operation::kHash, path);
}
Status Client::find_links(const std::string& path) {
    return ask_later(Operation::kFindLinks, path);
}
// Not asked again of a new bailiff-kernel: that one has hashed nothing.
Result<std::optional<Hashed>> Client::take_hashed() {
    const Result<Reply> reply = exchange(request_for(Operation::kHashed));
    if (!reply) return tl::unexpected(reply.error());
    if (reply->hashed.outcome == 0) return std::nullopt;
    Hashed done;
    done.path.assign(reply->path, strnlen(reply->path, sizeof(reply->path)));
    done.seen = reply->hashed.seen;
    done.searched = reply->hashed.outcome == 3;
    if (reply->hashed.outcome == 1)
        std::copy(std::begin(reply->hashed.sha256), std::end(reply->hashed.sha256),
                  done.digest.emplace().begin());
    else
        done.problem = reply->message;
    return done;
}
Status Client::resume(std::uint32_t pid, std::uint64_t start_time) {
    Request request = request_for(Operation::kResume);
    request.pid = pid;
    request.start_time = start_time;
    return ask(request).map([](const Reply&) {});
}
Result<KernelPosture> Client::posture() {
    return ask(request_for(Operation::kPosture)).map([](const Reply& reply) {
        return explain_posture(reply.posture);
    });
}

int Client::events_fd() const {
    return ring_buffer__epoll_fd(ring_.get());
}

bool Client::drain_events(const std::function<void(const bailiff_event&)>& sink) {
    sink_ = &sink;
    drained_ = 0;
    const bool stopped = ring_buffer__consume(ring_.get()) < 0;
    sink_ = nullptr;
    return stopped;
}

} // namespace bailiff::kernel
