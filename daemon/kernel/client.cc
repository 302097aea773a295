#include "kernel/client.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/unix_address.h"
#include "kernel/objects.h"
#include "kernel/subject_slot.h"

namespace bailiff::kernel {
namespace {

ErrorCode from_errno(int error) {
    switch (error) {
        case ENOENT:
            return ErrorCode::kNotFound;
        case EINVAL:
            return ErrorCode::kInvalidArgument;
        case EOPNOTSUPP:
            return ErrorCode::kFailedPrecondition;
        case ENOSPC:
            return ErrorCode::kResourceExhausted;
        default:
            return ErrorCode::kInternal;
    }
}

Request request_for(Operation operation) {
    Request request{};
    request.magic = kWireMagic;
    request.operation = operation;
    return request;
}

Result<Request> request_for(Operation operation, const std::string& path) {
    Request request = request_for(operation);
    if (path.empty() || path[0] != '/' || path.size() >= sizeof(request.path))
        return fail(
            ErrorCode::kInvalidArgument,
            "path \"" + path.substr(0, 200) + "\": expected an absolute path below 4096 bytes");
    std::memcpy(request.path, path.c_str(), path.size());
    return request;
}

template <typename Key, typename Value>
Status write_map(int fd, const char* name, const Key& key, const Value& value) {
    if (bpf_map_update_elem(fd, &key, &value, BPF_ANY) == 0) return {};
    if (errno == E2BIG || errno == ENOSPC)
        return fail(ErrorCode::kResourceExhausted, std::string("kernel map ") + name + " is full");
    return fail_errno(std::string("write kernel map ") + name, errno);
}

template <typename Key>
Status erase_map(int fd, const char* name, const Key& key) {
    if (bpf_map_delete_elem(fd, &key) == 0 || errno == ENOENT) return {};
    return fail_errno(std::string("erase from kernel map ") + name, errno);
}

template <typename Value>
Result<Value> read_map(int fd, const char* name, std::uint32_t index) {
    Value value{};
    if (bpf_map_lookup_elem(fd, &index, &value) == 0) return value;
    return fail_errno(std::string("read kernel map ") + name, errno);
}

constexpr time_t kAnswerSeconds = 60;

constexpr std::uint32_t kMatchFlags =
    BAILIFF_CONFIG_MATCH_UID | BAILIFF_CONFIG_MATCH_UNIT | BAILIFF_CONFIG_MATCH_CGROUP;

std::uint32_t match_flag(std::uint8_t kind) {
    switch (kind) {
        case BAILIFF_OBJECT_UID:
            return BAILIFF_CONFIG_MATCH_UID;
        case BAILIFF_OBJECT_UNIT:
            return BAILIFF_CONFIG_MATCH_UNIT;
        case BAILIFF_OBJECT_CGROUP:
            return BAILIFF_CONFIG_MATCH_CGROUP;
        default:
            return 0;
    }
}

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

template <typename Key>
void erase_matching(int fd, const std::function<bool(const Key&)>& wanted) {
    Key key{};
    std::vector<Key> found;
    for (int more = bpf_map_get_next_key(fd, nullptr, &key); more == 0;) {
        if (wanted(key)) found.push_back(key);
        const Key last = key;
        more = bpf_map_get_next_key(fd, &last, &key);
    }
    for (const Key& gone : found) bpf_map_delete_elem(fd, &gone);
}

// Returns when every hook that runs now is done: hooks hold an RCU read lock, and this command of
// membarrier(2) waits for all of them, some milliseconds. A kernel with nohz_full= refuses it.
void wait_for_hooks() {
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) usleep(20'000);
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
        const auto* sink = static_cast<Client*>(self)->sink_;
        if (size == sizeof(bailiff_event) && sink != nullptr)
            (*sink)(*static_cast<const bailiff_event*>(data));
        return 0;
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
    const Result<Request> request = request_for(Operation::kResolve, path);
    if (!request) return tl::unexpected(request.error());
    return ask(*request).map([](const Reply& reply) {
        return ResolvedPath{reply.inode,
                            std::string(reply.path, strnlen(reply.path, sizeof(reply.path)))};
    });
}

Status Client::labels_changed(Status written) const {
    return written ? count_label_change(map("filter")) : written;
}
Status Client::put_row(std::uint32_t label, std::uint32_t right, const bailiff_row& row) {
    return labels_changed(
        write_map(map("label_rows"), "label_rows", label * BAILIFF_RIGHTS + right, row));
}
Status Client::put_default(std::uint32_t policy_slot, std::uint32_t right, const bailiff_row& row) {
    return labels_changed(
        write_map(map("defaults"), "defaults", policy_slot * BAILIFF_ALL_RIGHTS + right, row));
}
Status Client::put_policy(std::uint32_t slot, const bailiff_policy& policy) {
    return labels_changed(write_map(map("policies"), "policies", slot, policy));
}
Status Client::put_object(const bailiff_object_key& key, const bailiff_object& object) {
    return write_object(map("objects"), map("filter"), key, object);
}
Status Client::erase_object(const bailiff_object_key& key) {
    return labels_changed(erase_map(map("objects"), "objects", key));
}
Status Client::put_address(const bailiff_address_key& key, std::uint32_t address_class) {
    return write_map(map("addresses"), "addresses", key, address_class);
}
Status Client::erase_address(const bailiff_address_key& key) {
    return erase_map(map("addresses"), "addresses", key);
}
Status Client::put_port(const bailiff_port_key& key, std::uint32_t label) {
    return write_map(map("ports"), "ports", key, label);
}
Status Client::erase_port(const bailiff_port_key& key) {
    return erase_map(map("ports"), "ports", key);
}
Status Client::put_listed(const bailiff_listed_key& key, const bailiff_listed& listed) {
    return labels_changed(write_map(map("listed"), "listed", key, listed));
}
Status Client::clear_listed(std::uint32_t first, std::uint32_t count) {
    erase_matching<bailiff_listed_key>(map("listed"), [=](const bailiff_listed_key& key) {
        return key.label >= first && key.label - first < count;
    });
    return {};
}
Status Client::clear_policy(std::uint8_t slot) {
    erase_matching<bailiff_object_key>(
        map("objects"), [slot](const bailiff_object_key& key) { return key.policy == slot; });
    erase_matching<bailiff_port_key>(
        map("ports"), [slot](const bailiff_port_key& key) { return key.policy == slot; });
    erase_matching<bailiff_address_key>(map("addresses"), [slot](const bailiff_address_key& key) {
        return key.policy == htonl(slot);
    });
    return count_label_change(map("filter"));
}
Status Client::put_session(std::uint32_t slot, const bailiff_session& row) {
    return write_map(map("sessions"), "sessions", slot, row);
}
Result<bailiff_session> Client::get_session(std::uint32_t slot) {
    return read_map<bailiff_session>(map("sessions"), "sessions", slot);
}
Status Client::put_subject(std::uint32_t slot, const bailiff_subject& row) {
    const Result<bailiff_subject> before = get_subject(slot);
    if (!before) return tl::unexpected(before.error());
    // A hook that was interrupted may still read the view that is filled now, if it was the current
    // one until a moment ago.
    if (!refilled_.insert(slot).second) {
        wait_for_hooks();
        refilled_ = {slot};
    }
    bailiff_subject next = row;
    next.epoch = before->epoch + 1;
    return write_subject(map("subjects"), slot, next);
}
Result<bailiff_subject> Client::get_subject(std::uint32_t slot) {
    return read_subject(map("subjects"), slot);
}
// New ways first, then old ones go: at no moment is an agent that stays not matched.
Status Client::put_agents(const std::vector<AgentMatch>& agents) {
    if (Status told = agents.empty() ? Status{} : expect_agents(true); !told) return told;
    std::set<std::string> kept;
    std::uint32_t flags = 0;
    for (const AgentMatch& agent : agents) {
        bailiff_task row = {};
        row.subject = agent.subject;
        row.generation = agent.generation;
        if (Status put = write_map(map("agents"), "agents", agent.key, row); !put) return put;
        kept.emplace(reinterpret_cast<const char*>(&agent.key), sizeof(agent.key));
        flags |= match_flag(agent.key.kind);
    }
    if (Status set = set_flags(0, flags); !set) return set;
    erase_matching<bailiff_object_key>(map("agents"), [&kept](const bailiff_object_key& key) {
        return !kept.contains({reinterpret_cast<const char*>(&key), sizeof(key)});
    });
    if (Status set = set_flags(kMatchFlags & ~flags, 0); !set || !agents.empty()) return set;
    return expect_agents(false);
}
// So that the hooks which are attached only where there can be subjects are, in time.
Status Client::expect_agents(bool any) {
    Request request = request_for(Operation::kExpect);
    request.subject = any ? 1 : 0;
    if (const auto reply = ask(request); !reply) return tl::unexpected(reply.error());
    return {};
}
Result<std::uint32_t> Client::adopt() {
    return ask(request_for(Operation::kAdopt)).map([](const Reply& reply) { return reply.count; });
}
Result<bailiff_config> Client::get_config() {
    return read_map<bailiff_config>(map("config"), "config", 0);
}
Status Client::set_observe(bool observe) {
    return labels_changed(set_flags(BAILIFF_CONFIG_OBSERVE, observe ? BAILIFF_CONFIG_OBSERVE : 0));
}
Status Client::set_flags(std::uint32_t clear, std::uint32_t set) {
    Result<bailiff_config> config = get_config();
    if (!config) return tl::unexpected(config.error());
    config->flags = (config->flags & ~clear) | set;
    return write_map(map("config"), "config", std::uint32_t{0}, *config);
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
Result<KernelPosture> Client::posture() {
    return ask(request_for(Operation::kPosture)).map([](const Reply& reply) {
        return explain_posture(reply.posture);
    });
}

Result<std::uint64_t> Client::counter(std::uint32_t index) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus <= 0) return fail(ErrorCode::kInternal, "the number of CPUs cannot be read");
    std::vector<std::uint64_t> values(static_cast<std::size_t>(cpus));
    if (bpf_map_lookup_elem(map("counters"), &index, values.data()) != 0)
        return fail_errno("read kernel map counters", errno);
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) sum += value;
    return sum;
}

int Client::events_fd() const {
    return ring_buffer__epoll_fd(ring_.get());
}

void Client::drain_events(const std::function<void(const bailiff_event&)>& sink) {
    sink_ = &sink;
    ring_buffer__consume(ring_.get());
    sink_ = nullptr;
}

} // namespace bailiff::kernel
