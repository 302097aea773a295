// A kernel side in memory: it records the rows that are written, knows a small file system, and
// judges a file as the hooks do, from those rows alone. A test says which call fails.
#pragma once

#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bailiff/verdict.h"
#include "kernel/objects.h"
#include "kernel/port.h"
#include "session/layout.h"

namespace bailiff::tests {

template <typename Key>
struct BytesLess {
    bool operator()(const Key& a, const Key& b) const {
        return std::memcmp(&a, &b, sizeof(Key)) < 0;
    }
};

class FakeKernelPort final : public kernel::KernelPort {
public:
    struct Node {
        bailiff_inode inode{};
        std::string link; // where a symbolic link leads
    };

    FakeKernelPort() {
        config.abi_version = BAILIFF_ABI_VERSION;
        config.name_key[0] = 0x0706050403020100ULL;
        config.name_key[1] = 0x0f0e0d0c0b0a0908ULL;
        make_node("/", S_IFDIR, kRootDevice).is_root = 1;
    }

    // The file system. Folders above are made where they are missing.
    static constexpr std::uint32_t kRootDevice = 1;
    bailiff_inode add_folder(const std::string& path) { return add(path, S_IFDIR); }
    bailiff_inode add_file(const std::string& path) { return add(path, S_IFREG); }
    void add_link(const std::string& path, const std::string& target) {
        add(path, S_IFLNK);
        nodes[path].link = target;
    }
    void add_mount(const std::string& path, std::uint32_t device) {
        add(path, S_IFDIR);
        make_node(path, S_IFDIR, device).is_root = 1;
    }
    void remove(const std::string& path) {
        std::erase_if(nodes, [&](const auto& node) {
            return node.first == path || node.first.starts_with(path + "/");
        });
    }

    // The call of that number from now on (1: the next) fails; or every call of a name.
    void fail_call(std::size_t number) { fail_at_ = calls.size() + number; }
    void fail_every(const std::string& name) { failing_.insert(name); }
    void mend() {
        fail_at_ = std::numeric_limits<std::size_t>::max();
        failing_.clear();
    }

    Result<kernel::ResolvedPath> resolve(const std::string& path) override {
        if (Status made = call("resolve " + path); !made) return tl::unexpected(made.error());
        const std::optional<std::string> real = follow(path, 0);
        if (!real) return fail(ErrorCode::kNotFound, path + " does not exist");
        return kernel::ResolvedPath{nodes.at(*real).inode, *real};
    }

    // A view is a part of the same nodes: below `roots[pid]`, or below the folder it is mounted on.
    Result<kernel::ResolvedPath> resolve_in(const kernel::View& view,
                                            const std::string& path) override {
        if (Status made = call("resolve_in " + path); !made) return tl::unexpected(made.error());
        const bool gone = view.pid != 0 && view.start_time != start_time_of_all;
        const auto own = roots.find(view.pid);
        const auto folder_is = [&](const std::string& top) {
            const auto at = nodes.find(top);
            return view.folder == kernel::RootFolder{} ||
                   (at != nodes.end() && view.folder == kernel::folder_of(at->second.inode));
        };
        const std::string base = view.pid == 0 ? view.root : own == roots.end() ? "" : own->second;
        const std::optional<std::string> real =
            gone || !folder_is(base.empty() ? "/" : base)
                ? std::nullopt
                : follow(path == "/" && !base.empty() ? base : base + path, 0);
        if (!real || (!base.empty() && !real->starts_with(base)))
            return fail(ErrorCode::kNotFound, path + " does not exist there");
        const std::string inside = real->substr(base.size());
        return kernel::ResolvedPath{nodes.at(*real).inode, inside.empty() ? "/" : inside};
    }
    void forget(const kernel::View& view) override { forgotten.push_back(view); }

    Status put_row(std::uint32_t number, const bailiff_row& row) override {
        if (Status made = call("put_row"); !made) return made;
        if (number == 0 || number >= BAILIFF_MAX_ROWS)
            return fail(ErrorCode::kInternal, "put_row outside the table");
        rows[number] = row;
        return {};
    }
    Status put_label(std::uint32_t number, const bailiff_label& label) override {
        if (Status made = call("put_label"); !made) return made;
        if (number == 0 || number >= BAILIFF_MAX_LABELS - 1)
            return fail(ErrorCode::kInternal, "put_label outside the table");
        labels[number] = label;
        return {};
    }
    // What a label says of a right.
    bailiff_row row(std::uint32_t label, std::uint32_t right) {
        return rows[labels[label].row[right]];
    }
    Status put_default(std::uint32_t policy_slot, std::uint32_t right,
                       const bailiff_row& row) override {
        if (Status made = call("put_default"); !made) return made;
        defaults[{policy_slot, right}] = row;
        return {};
    }
    Status put_policy(std::uint32_t slot, const bailiff_policy& policy) override {
        if (Status made = call("put_policy"); !made) return made;
        policies[slot] = policy;
        return {};
    }
    Status put_object(const bailiff_object_key& key, const bailiff_object& object) override {
        if (Status made = call("put_object"); !made) return made;
        objects[key] = object;
        return {};
    }
    Status erase_object(const bailiff_object_key& key) override {
        if (Status made = call("erase_object"); !made) return made;
        objects.erase(key);
        return {};
    }
    Status put_address(const bailiff_address_key& key, std::uint32_t address_class) override {
        if (Status made = call("put_address"); !made) return made;
        addresses[key] = address_class;
        return {};
    }
    Status erase_address(const bailiff_address_key& key) override {
        if (Status made = call("erase_address"); !made) return made;
        addresses.erase(key);
        return {};
    }
    Status put_port(const bailiff_port_key& key, std::uint32_t label) override {
        if (Status made = call("put_port"); !made) return made;
        ports[key] = label;
        return {};
    }
    Status erase_port(const bailiff_port_key& key) override {
        if (Status made = call("erase_port"); !made) return made;
        ports.erase(key);
        return {};
    }
    Status put_listed(const bailiff_listed_key& key, const bailiff_listed& row) override {
        if (Status made = call("put_listed"); !made) return made;
        listed[key] = row;
        return {};
    }
    Status clear_listed(std::uint32_t first, std::uint32_t count) override {
        if (Status made = call("clear_listed"); !made) return made;
        std::erase_if(listed, [&](const auto& entry) {
            return entry.first.label >= first && entry.first.label < first + count;
        });
        return {};
    }
    Status hash(const std::string& path) override { return call("hash " + path); }
    Status find_links(const std::string& path) override { return call("find_links " + path); }
    Result<std::optional<kernel::Hashed>> take_hashed() override {
        if (Status made = call("take_hashed"); !made) return tl::unexpected(made.error());
        if (hashed.empty()) return std::nullopt;
        kernel::Hashed first = hashed.front();
        hashed.erase(hashed.begin());
        return first;
    }
    Status clear_policy(std::uint8_t slot) override {
        if (Status made = call("clear_policy"); !made) return made;
        std::erase_if(objects, [&](const auto& entry) { return entry.first.policy == slot; });
        std::erase_if(ports, [&](const auto& entry) { return entry.first.policy == slot; });
        std::erase_if(addresses, [&](const auto& entry) {
            return entry.first.policy == __builtin_bswap32(slot);
        });
        return {};
    }
    Status put_session(std::uint32_t slot, const bailiff_session& row) override {
        if (Status made = call("put_session"); !made) return made;
        sessions[slot] = row;
        return {};
    }
    Result<bailiff_session> get_session(std::uint32_t slot) override {
        if (Status made = call("get_session"); !made) return tl::unexpected(made.error());
        return sessions.contains(slot) ? sessions.at(slot) : bailiff_session{};
    }
    Status put_subject(std::uint32_t slot, const bailiff_subject& row) override {
        if (Status made = call("put_subject"); !made) return made;
        subjects[slot] = row;
        return {};
    }
    Result<bailiff_subject> get_subject(std::uint32_t slot) override {
        if (Status made = call("get_subject"); !made) return tl::unexpected(made.error());
        return subjects.contains(slot) ? subjects.at(slot) : bailiff_subject{};
    }
    Status put_agents(const std::vector<kernel::AgentMatch>& matches) override {
        if (Status made = call("put_agents"); !made) return made;
        agents = matches;
        return {};
    }
    Result<kernel::Adoption> adopt() override {
        if (Status made = call("adopt"); !made) return tl::unexpected(made.error());
        return std::exchange(to_adopt, {});
    }
    Result<bailiff_config> get_config() override {
        if (Status made = call("get_config"); !made) return tl::unexpected(made.error());
        return config;
    }
    Status set_observe(bool observe) override {
        if (Status made = call("set_observe"); !made) return made;
        if (observe)
            config.flags |= BAILIFF_CONFIG_OBSERVE;
        else
            config.flags &= ~BAILIFF_CONFIG_OBSERVE;
        return {};
    }
    Result<std::uint32_t> enrol(std::uint32_t pid, std::uint64_t start_time, std::uint32_t subject,
                                std::uint32_t generation) override {
        if (Status made = call("enrol"); !made) return tl::unexpected(made.error());
        if (start_time != start_time_of_all)
            return fail(ErrorCode::kNotFound, "process " + std::to_string(pid) + " is another one");
        tasks[pid] = {subject, generation};
        return 1U;
    }
    Result<std::uint32_t> check_target(const kernel::Target& target) override {
        if (Status made = call("check_target"); !made) return tl::unexpected(made.error());
        const std::set<std::uint32_t> pids = processes_of(target);
        if (pids.empty()) return fail(ErrorCode::kNotFound, "no process is there");
        for (const std::uint32_t pid : pids) {
            if (target.owner != kernel::kAnyOwner && target.owner != owner_of_all)
                return fail(ErrorCode::kPermissionDenied, "it is another's");
            if (tasks.contains(pid) && subjects[tasks.at(pid).first].session != 0)
                return fail(ErrorCode::kFailedPrecondition, "it is of a session already");
        }
        return static_cast<std::uint32_t>(pids.size());
    }
    Result<std::uint32_t> enrol_target(const kernel::Target& target, std::uint32_t subject,
                                       std::uint32_t generation) override {
        if (Status made = call("enrol_target"); !made) return tl::unexpected(made.error());
        const auto fit = check_target(target);
        if (!fit) return fit;
        for (const std::uint32_t pid : processes_of(target)) tasks[pid] = {subject, generation};
        return fit;
    }
    Result<std::uint32_t> subject_of(std::uint32_t pid) override {
        if (Status made = call("subject_of"); !made) return tl::unexpected(made.error());
        return tasks.contains(pid) ? tasks.at(pid).first : 0;
    }
    Result<std::uint32_t> count_tasks(std::uint32_t subject) override {
        if (Status made = call("count_tasks"); !made) return tl::unexpected(made.error());
        std::uint32_t count = 0;
        for (const auto& [pid, task] : tasks)
            if (task.first == subject && task.second == subjects[subject].generation) count++;
        return count;
    }
    Result<kernel::ContainerInfo> container(const std::string& runtime,
                                            const std::string& id) override {
        if (Status made = call("container"); !made) return tl::unexpected(made.error());
        const auto found = containers.find(runtime + "/" + id);
        if (found == containers.end()) return fail(ErrorCode::kNotFound, "no such container");
        return found->second;
    }
    Result<kernel::Killed> kill_tasks(std::uint32_t subject, std::uint32_t generation) override {
        if (Status made = call("kill_tasks"); !made) return tl::unexpected(made.error());
        const auto killed = std::erase_if(
            tasks, [&](const auto& task) { return task.second == std::pair(subject, generation); });
        return kernel::Killed{static_cast<std::uint32_t>(killed), 0};
    }
    Result<kernel::KernelPosture> posture() override {
        if (Status made = call("posture"); !made) return tl::unexpected(made.error());
        return kernel::KernelPosture{};
    }
    Result<std::uint64_t> counter(std::uint32_t index) override {
        if (Status made = call("counter"); !made) return tl::unexpected(made.error());
        return counters[index];
    }
    [[nodiscard]] int events_fd() const override { return -1; }
    void drain_events(const std::function<void(const bailiff_event&)>& sink) override {
        for (const bailiff_event& event : std::exchange(events, {})) sink(event);
    }

    // What the hooks would decide for a task of that row (bpf/subject.h, bpf/label.h): enum
    // bailiff_verdict and the reason. `path` has no symbolic link in it.
    bailiff_decision judge(std::uint32_t subject_slot, std::uint32_t generation, std::uint8_t right,
                           const std::string& path, std::uint64_t boot_nanos) {
        const bailiff_subject& subject = subjects[subject_slot];
        const bailiff_session& session = sessions[subject.session];
        if (subject.generation != generation || session.epoch != subject.session_epoch)
            return refused(BAILIFF_REASON_STALE);
        if (session.state == BAILIFF_SESSION_REVOKED) return refused(BAILIFF_REASON_REVOKED);
        if (session.state != BAILIFF_SESSION_ACTIVE) return refused(BAILIFF_REASON_ENDED);
        if (boot_nanos >= session.expires_at) return refused(BAILIFF_REASON_EXPIRED);
        const bailiff_policy& policy = policies[subject.policy];
        bailiff_settle settle;
        bailiff_settle_begin(&settle, &subject.profiles, &policy);
        if (boot_nanos < session.relaxed_until && bailiff_can_relax(right))
            bailiff_settle_relax(&settle, &policy);
        if (const auto reason = walk(settle, subject, right, path)) return refused(reason);
        bailiff_decision decision;
        bailiff_settle_end(&settle, &subject.profiles, &policy, &defaults[{subject.policy, right}],
                           &decision);
        return decision;
    }

    // Objects whose label is for one session alone.
    [[nodiscard]] std::size_t objects_of(std::uint16_t session) const {
        std::size_t count = 0;
        for (const auto& [key, object] : objects) count += key.session == session;
        return count;
    }
    [[nodiscard]] std::size_t objects_of_policy(std::uint8_t policy) const {
        std::size_t count = 0;
        for (const auto& [key, object] : objects) count += key.policy == policy;
        return count;
    }

    static constexpr std::uint64_t kStartTime = 4711;
    std::uint64_t start_time_of_all = kStartTime; // of every process
    std::map<std::string, Node> nodes;            // by path, with no link on the way
    std::map<std::uint32_t, bailiff_row> rows;
    std::map<std::uint32_t, bailiff_label> labels;
    std::map<std::pair<std::uint32_t, std::uint32_t>, bailiff_row> defaults; // by policy and right
    std::map<std::uint32_t, bailiff_policy> policies;
    std::map<bailiff_object_key, bailiff_object, BytesLess<bailiff_object_key>> objects;
    std::map<bailiff_address_key, std::uint32_t, BytesLess<bailiff_address_key>> addresses;
    std::map<bailiff_port_key, std::uint32_t, BytesLess<bailiff_port_key>> ports;
    std::map<bailiff_listed_key, bailiff_listed, BytesLess<bailiff_listed_key>> listed;
    std::vector<kernel::Hashed> hashed; // done, and to be taken
    std::map<std::uint32_t, bailiff_session> sessions;
    std::map<std::uint32_t, bailiff_subject> subjects;
    std::vector<kernel::AgentMatch> agents;
    kernel::Adoption to_adopt;
    std::map<std::uint32_t, std::string> roots; // of processes with one of their own
    std::vector<kernel::View> forgotten;
    std::map<std::string, kernel::ContainerInfo> containers;  // by RUNTIME/ID
    std::map<std::uint64_t, std::set<std::uint32_t>> cgroups; // processes by the group's id
    bailiff_config config{};
    std::map<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>> tasks; // subject, generation
    std::map<std::uint32_t, std::uint64_t> counters;
    std::vector<bailiff_event> events;
    std::vector<std::string> calls; // in their order

    std::uint32_t owner_of_all = 61001; // uid of every process

private:
    std::set<std::uint32_t> processes_of(const kernel::Target& target) {
        if (target.pid == 0) return cgroups[target.cgroup];
        if (target.start_time != start_time_of_all) return {};
        return {target.pid};
    }

    Status call(std::string name) {
        calls.push_back(std::move(name));
        const std::string verb = calls.back().substr(0, calls.back().find(' '));
        if (calls.size() != fail_at_ && !failing_.contains(verb)) return {};
        return fail(ErrorCode::kUnavailable, "bailiff-kernel did not answer " + calls.back());
    }

    bailiff_inode& make_node(const std::string& path, std::uint32_t type, std::uint32_t device) {
        bailiff_inode& inode = nodes[path].inode;
        inode = {next_inode_++, device, 1, type | 0755, 0};
        return inode;
    }

    bailiff_inode add(const std::filesystem::path& path, std::uint32_t type) {
        const auto known = nodes.find(path.string());
        if (known != nodes.end() && type == S_IFDIR) return known->second.inode;
        const bailiff_inode above = add(path.parent_path(), S_IFDIR);
        return make_node(path.string(), type, above.dev);
    }

    std::optional<std::string> follow(const std::filesystem::path& path, int depth) const {
        std::filesystem::path real = "/";
        for (auto part = std::next(path.begin()); part != path.end(); ++part) {
            if (part->empty()) continue;
            const auto node = nodes.find((real / *part).string());
            if (node == nodes.end() || depth > 8) return std::nullopt;
            real /= *part;
            if (node->second.link.empty()) continue;
            const auto target = follow(node->second.link, depth + 1);
            if (!target) return std::nullopt;
            real = *target;
        }
        return real.string();
    }

    static bailiff_decision refused(std::uint8_t reason) {
        bailiff_decision decision{};
        decision.verdict = BAILIFF_VERDICT_DENY;
        decision.reason = reason;
        return decision;
    }

    bool settle_at(bailiff_settle& settle, bailiff_object_key key, std::uint8_t right,
                   std::uint32_t session) {
        const auto object = objects.find(key);
        if (object == objects.end()) return false;
        std::uint32_t label = object->second.label;
        if ((object->second.flags & BAILIFF_OBJECT_PER_SESSION) != 0) {
            key.session = static_cast<std::uint16_t>(session);
            if (const auto own = objects.find(key); own != objects.end()) label = own->second.label;
        }
        const bailiff_row says = row(label, right);
        return bailiff_settle_label(&settle, &says, label) != 0;
    }

    bool settle_name(bailiff_settle& settle, const bailiff_subject& subject, std::uint8_t right,
                     const std::filesystem::path& path) {
        bailiff_object_key key = {};
        key.policy = static_cast<std::uint8_t>(subject.policy);
        key.kind = BAILIFF_OBJECT_NAME;
        key.name = session::hash_name(config, path.filename());
        if (settle_at(settle, key, right, 0)) return true;
        key.kind = BAILIFF_OBJECT_SUFFIX;
        key.name = session::hash_name(config, path.extension());
        return settle_at(settle, key, right, 0);
    }

    std::uint8_t walk(bailiff_settle& settle, const bailiff_subject& subject, std::uint8_t right,
                      std::filesystem::path at) {
        if (settle_name(settle, subject, right, at)) return 0;
        std::filesystem::path below;
        while (true) {
            const auto node = nodes.find(at.string());
            if (node != nodes.end()) {
                const bailiff_inode& inode = node->second.inode;
                bailiff_object_key key =
                    kernel::inode_key(inode, static_cast<std::uint8_t>(subject.policy));
                const auto object = objects.find(key);
                const std::uint32_t flags = object == objects.end() ? 0 : object->second.flags;
                if (!below.empty() && (flags & BAILIFF_OBJECT_HAS_ENTRIES) != 0) {
                    bailiff_object_key entry = key;
                    entry.kind = BAILIFF_OBJECT_ENTRY;
                    entry.name = session::hash_name(config, below.filename());
                    if (settle_at(settle, entry, right, subject.session)) return 0;
                }
                if (settle_at(settle, key, right, subject.session)) return 0;
                if (inode.is_root != 0)
                    return (flags & BAILIFF_OBJECT_ROOT) != 0 ? 0 : BAILIFF_REASON_UNKNOWN_ROOT;
            }
            below = at;
            at = at.parent_path();
        }
    }

    std::uint64_t next_inode_ = 100;
    std::size_t fail_at_ = std::numeric_limits<std::size_t>::max();
    std::set<std::string> failing_;
};

} // namespace bailiff::tests
