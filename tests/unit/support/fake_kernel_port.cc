#include "tests/unit/support/fake_kernel_port.h"

#include <algorithm>
#include <filesystem>

#include "kernel/event_text.h"
#include "kernel/objects.h"
#include "session/layout.h"

namespace bailiff::tests {

FakeKernelPort::FakeKernelPort() {
    config.abi_version = BAILIFF_ABI_VERSION;
    config.name_key[0] = 0x0706050403020100ULL;
    config.name_key[1] = 0x0f0e0d0c0b0a0908ULL;
}

FakeKernelPort::~FakeKernelPort() = default;

void FakeKernelPort::mend() {
    fail_at_ = std::numeric_limits<std::size_t>::max();
    failing_.clear();
}

Result<kernel::ResolvedPath> FakeKernelPort::resolve(const std::string& path) {
    if (Status made = call("resolve " + path); !made) return tl::unexpected(made.error());
    const std::optional<std::string> real = files.follow(path);
    if (!real) return fail(ErrorCode::kNotFound, path + " does not exist");
    return kernel::ResolvedPath{files.nodes.at(*real).inode, *real};
}

Result<kernel::ResolvedPath> FakeKernelPort::resolve_in(const kernel::View& view,
                                                        const std::string& path) {
    if (Status made = call("resolve_in " + path); !made) return tl::unexpected(made.error());
    const bool gone = view.pid != 0 && view.start_time != start_time_of_all;
    const auto own = roots.find(view.pid);
    const auto folder_is = [&](const std::string& top) {
        const auto at = files.nodes.find(top);
        return view.folder == kernel::RootFolder{} ||
               (at != files.nodes.end() && view.folder == kernel::folder_of(at->second.inode));
    };
    const std::string base = view.pid == 0 ? view.root : own == roots.end() ? "" : own->second;
    const std::optional<std::string> real =
        gone || !folder_is(base.empty() ? "/" : base)
            ? std::nullopt
            : files.follow(path == "/" && !base.empty() ? base : base + path);
    if (!real || (!base.empty() && !real->starts_with(base)))
        return fail(ErrorCode::kNotFound, path + " does not exist there");
    const std::string inside = real->substr(base.size());
    return kernel::ResolvedPath{files.nodes.at(*real).inode, inside.empty() ? "/" : inside};
}

Status FakeKernelPort::put_row(std::uint32_t number, const bailiff_row& row) {
    if (Status made = call("put_row"); !made) return made;
    if (number == 0 || number >= BAILIFF_MAX_ROWS)
        return fail(ErrorCode::kInternal, "put_row outside the table");
    rows[number] = row;
    return {};
}

Status FakeKernelPort::put_label(std::uint32_t number, const bailiff_label& label) {
    if (Status made = call("put_label"); !made) return made;
    if (number == 0 || number >= BAILIFF_MAX_LABELS - 1)
        return fail(ErrorCode::kInternal, "put_label outside the table");
    labels[number] = label;
    return {};
}

bailiff_row FakeKernelPort::row(std::uint32_t label, std::uint32_t right) {
    return rows[labels[label].row[right]];
}

Status FakeKernelPort::put_default(std::uint32_t policy_slot, std::uint32_t right,
                                   const bailiff_row& row) {
    if (Status made = call("put_default"); !made) return made;
    defaults[{policy_slot, right}] = row;
    return {};
}

Status FakeKernelPort::put_policy(std::uint32_t slot, const bailiff_policy& policy) {
    if (Status made = call("put_policy"); !made) return made;
    policies[slot] = policy;
    return {};
}

Status FakeKernelPort::put_object(const bailiff_object_key& key, const bailiff_object& object) {
    if (Status made = call("put_object"); !made) return made;
    objects[key] = object;
    return {};
}

Status FakeKernelPort::erase_object(const bailiff_object_key& key) {
    if (Status made = call("erase_object"); !made) return made;
    objects.erase(key);
    return {};
}

Status FakeKernelPort::put_address(const bailiff_address_key& key, std::uint32_t address_class) {
    if (Status made = call("put_address"); !made) return made;
    addresses[key] = address_class;
    return {};
}

Status FakeKernelPort::erase_address(const bailiff_address_key& key) {
    if (Status made = call("erase_address"); !made) return made;
    addresses.erase(key);
    return {};
}

Status FakeKernelPort::put_port(const bailiff_port_key& key, std::uint32_t label) {
    if (Status made = call("put_port"); !made) return made;
    ports[key] = label;
    return {};
}

Status FakeKernelPort::erase_port(const bailiff_port_key& key) {
    if (Status made = call("erase_port"); !made) return made;
    ports.erase(key);
    return {};
}

Status FakeKernelPort::put_listed(const bailiff_listed_key& key, const bailiff_listed& row) {
    if (Status made = call("put_listed"); !made) return made;
    listed[key] = row;
    return {};
}

Status FakeKernelPort::clear_listed(std::uint32_t first, std::uint32_t count) {
    if (Status made = call("clear_listed"); !made) return made;
    std::erase_if(listed, [&](const auto& entry) {
        return entry.first.label >= first && entry.first.label < first + count;
    });
    return {};
}

Status FakeKernelPort::put_budget(const bailiff_budget_key& key, const bailiff_budget& row) {
    if (Status made = call("put_budget"); !made) return made;
    budgets[key] = row;
    return {};
}

Status FakeKernelPort::clear_budgets(std::uint32_t first, std::uint32_t count) {
    if (Status made = call("clear_budgets"); !made) return made;
    std::erase_if(budgets, [&](const auto& entry) {
        return entry.first.label >= first && entry.first.label < first + count;
    });
    return {};
}

Status FakeKernelPort::hash(const std::string& path) {
    return call("hash " + path);
}

Status FakeKernelPort::find_links(const std::string& path) {
    return call("find_links " + path);
}

Result<std::optional<kernel::Hashed>> FakeKernelPort::take_hashed() {
    if (Status made = call("take_hashed"); !made) return tl::unexpected(made.error());
    if (hashed.empty()) return std::nullopt;
    kernel::Hashed first = hashed.front();
    hashed.erase(hashed.begin());
    return first;
}

Status FakeKernelPort::put_word(const bailiff_word_key& key, const bailiff_mask& elements) {
    if (Status made = call("put_word"); !made) return made;
    words[key] = elements;
    return {};
}

Status FakeKernelPort::put_flag(std::uint32_t policy_slot, std::uint8_t character,
                                const bailiff_mask& elements) {
    if (Status made = call("put_flag"); !made) return made;
    if (character >= BAILIFF_FLAGS) return fail(ErrorCode::kInternal, "put_flag outside the table");
    flags[{policy_slot, character}] = elements;
    return {};
}

Status FakeKernelPort::put_pattern(std::uint32_t policy_slot, std::uint32_t number,
                                   const bailiff_pattern& pattern) {
    if (Status made = call("put_pattern"); !made) return made;
    if (number >= BAILIFF_MAX_PATTERNS)
        return fail(ErrorCode::kInternal, "put_pattern outside the table");
    patterns[{policy_slot, number}] = pattern;
    return {};
}

Status FakeKernelPort::put_argv(std::uint32_t policy_slot, const bailiff_argv& row) {
    if (Status made = call("put_argv"); !made) return made;
    argv[policy_slot] = row;
    return {};
}

Status FakeKernelPort::clear_policy(std::uint8_t slot) {
    if (Status made = call("clear_policy"); !made) return made;
    argv[slot] = {};
    std::erase_if(words, [&](const auto& entry) { return entry.first.policy == slot; });
    std::erase_if(flags, [&](const auto& entry) { return entry.first.first == slot; });
    std::erase_if(objects, [&](const auto& entry) { return entry.first.policy == slot; });
    std::erase_if(ports, [&](const auto& entry) { return entry.first.policy == slot; });
    std::erase_if(addresses,
                  [&](const auto& entry) { return entry.first.policy == __builtin_bswap32(slot); });
    return {};
}

Status FakeKernelPort::put_session(std::uint32_t slot, const bailiff_session& row) {
    if (Status made = call("put_session"); !made) return made;
    sessions[slot] = row;
    return {};
}

Result<bailiff_session> FakeKernelPort::get_session(std::uint32_t slot) {
    if (Status made = call("get_session"); !made) return tl::unexpected(made.error());
    return sessions.contains(slot) ? sessions.at(slot) : bailiff_session{};
}

Status FakeKernelPort::put_subject(std::uint32_t slot, const bailiff_subject& row) {
    if (Status made = call("put_subject"); !made) return made;
    subjects[slot] = row;
    return {};
}

Result<bailiff_subject> FakeKernelPort::get_subject(std::uint32_t slot) {
    if (Status made = call("get_subject"); !made) return tl::unexpected(made.error());
    return subjects.contains(slot) ? subjects.at(slot) : bailiff_subject{};
}

Status FakeKernelPort::put_agents(const std::vector<kernel::AgentMatch>& matches) {
    if (Status made = call("put_agents"); !made) return made;
    agents = matches;
    return {};
}

Result<kernel::Adoption> FakeKernelPort::adopt() {
    if (Status made = call("adopt"); !made) return tl::unexpected(made.error());
    return std::exchange(to_adopt, {});
}

Result<bailiff_config> FakeKernelPort::get_config() {
    if (Status made = call("get_config"); !made) return tl::unexpected(made.error());
    return config;
}

Status FakeKernelPort::set_observe(bool observe) {
    if (Status made = call("set_observe"); !made) return made;
    if (observe)
        config.flags |= BAILIFF_CONFIG_OBSERVE;
    else
        config.flags &= ~BAILIFF_CONFIG_OBSERVE;
    return {};
}

Result<std::uint32_t> FakeKernelPort::enrol(std::uint32_t pid, std::uint64_t start_time,
                                            std::uint32_t subject, std::uint32_t generation) {
    if (Status made = call("enrol"); !made) return tl::unexpected(made.error());
    if (start_time != start_time_of_all)
        return fail(ErrorCode::kNotFound, "process " + std::to_string(pid) + " is another one");
    tasks[pid] = {subject, generation};
    return 1U;
}

Result<std::uint32_t> FakeKernelPort::check_target(const kernel::Target& target) {
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

Result<std::uint32_t> FakeKernelPort::enrol_target(const kernel::Target& target,
                                                   std::uint32_t subject,
                                                   std::uint32_t generation) {
    if (Status made = call("enrol_target"); !made) return tl::unexpected(made.error());
    const auto fit = check_target(target);
    if (!fit) return fit;
    for (const std::uint32_t pid : processes_of(target)) tasks[pid] = {subject, generation};
    return fit;
}

Result<std::uint32_t> FakeKernelPort::subject_of(std::uint32_t pid) {
    if (Status made = call("subject_of"); !made) return tl::unexpected(made.error());
    return tasks.contains(pid) ? tasks.at(pid).first : 0;
}

Result<std::uint32_t> FakeKernelPort::count_tasks(std::uint32_t subject) {
    if (Status made = call("count_tasks"); !made) return tl::unexpected(made.error());
    std::uint32_t count = 0;
    for (const auto& [pid, task] : tasks)
        if (task.first == subject && task.second == subjects[subject].generation) count++;
    return count;
}

Result<kernel::ContainerInfo> FakeKernelPort::container(const std::string& runtime,
                                                        const std::string& id) {
    if (Status made = call("container"); !made) return tl::unexpected(made.error());
    const auto found = containers.find(runtime + "/" + id);
    if (found == containers.end()) return fail(ErrorCode::kNotFound, "no such container");
    return found->second;
}

Result<kernel::Killed> FakeKernelPort::kill_tasks(std::uint32_t subject, std::uint32_t generation) {
    if (Status made = call("kill_tasks"); !made) return tl::unexpected(made.error());
    const auto killed = std::erase_if(
        tasks, [&](const auto& task) { return task.second == std::pair(subject, generation); });
    return kernel::Killed{static_cast<std::uint32_t>(killed), 0};
}

Result<std::vector<bailiff_hold>> FakeKernelPort::holds() {
    if (Status made = call("holds"); !made) return tl::unexpected(made.error());
    std::vector<bailiff_hold> all;
    for (const auto& [id, row] : held) all.push_back(row);
    return all;
}

Result<std::optional<bailiff_hold>> FakeKernelPort::find_hold(std::uint64_t hold) {
    if (Status made = call("find_hold"); !made) return tl::unexpected(made.error());
    if (!held.contains(hold)) return std::nullopt;
    return held.at(hold);
}

Status FakeKernelPort::answer(std::uint64_t hold, bailiff_verdict verdict) {
    if (Status made = call("answer"); !made) return made;
    answers[hold] = verdict;
    return {};
}

void FakeKernelPort::forget_hold(std::uint64_t hold) {
    held.erase(hold);
    answers.erase(hold);
}

Result<undo::Entry> FakeKernelPort::keep(std::uint64_t hold, const std::string& session,
                                         uid_t account, const undo::Limits& limits) {
    keep_limits = limits;
    if (Status made = call("keep"); !made) return tl::unexpected(made.error());
    const auto waiting = held.find(hold);
    if (waiting == held.end()) return fail(ErrorCode::kNotFound, "no such act waits");
    undo::Entry entry;
    entry.action = hold;
    entry.time = static_cast<std::int64_t>(preserved.size() + 1);
    entry.session = session;
    entry.account = account;
    entry.path = kernel::first_path(waiting->second.event);
    preserved[entry.time] = entry;
    return entry;
}

Result<std::vector<undo::Entry>> FakeKernelPort::kept(std::int64_t after) {
    if (Status made = call("kept"); !made) return tl::unexpected(made.error());
    std::vector<undo::Entry> some;
    for (auto at = preserved.upper_bound(after); at != preserved.end() && some.size() < 2; ++at)
        some.push_back(at->second);
    return some;
}

Result<undo::Entry> FakeKernelPort::find_kept(std::uint64_t action) {
    if (Status made = call("find_kept"); !made) return tl::unexpected(made.error());
    for (const auto& [time, entry] : preserved)
        if (entry.action == action) return entry;
    return fail(ErrorCode::kNotFound, "nothing was kept of it");
}

Result<undo::Entry> FakeKernelPort::restore(std::uint64_t action, const undo::Restoring& how) {
    if (Status made = call("restore"); !made) return tl::unexpected(made.error());
    const auto found = std::find_if(preserved.begin(), preserved.end(),
                                    [&](const auto& one) { return one.second.action == action; });
    if (found == preserved.end()) return fail(ErrorCode::kNotFound, "nothing was kept of it");
    if (!refuses_to_restore.empty())
        return fail(ErrorCode::kFailedPrecondition, refuses_to_restore);
    restorings.push_back(how);
    undo::Entry entry = found->second;
    preserved.erase(found);
    if (on_restore) on_restore();
    return entry;
}

Result<std::uint32_t> FakeKernelPort::prune_kept(std::int64_t before) {
    if (Status made = call("prune_kept"); !made) return tl::unexpected(made.error());
    return static_cast<std::uint32_t>(
        std::erase_if(preserved, [before](const auto& one) { return one.first < before; }));
}

Status FakeKernelPort::add_store(const std::string& folder) {
    if (Status made = call("add_store"); !made) return made;
    stores.push_back(folder);
    return {};
}

Status FakeKernelPort::resume(std::uint32_t pid, std::uint64_t) {
    if (Status made = call("resume"); !made) return made;
    if (gone.contains(pid)) return fail(ErrorCode::kNotFound, "process is gone");
    resumed.push_back(pid);
    return {};
}

Result<kernel::KernelPosture> FakeKernelPort::posture() {
    if (Status made = call("posture"); !made) return tl::unexpected(made.error());
    return kernel::KernelPosture{};
}

Result<std::uint64_t> FakeKernelPort::counter(std::uint32_t index) {
    if (Status made = call("counter"); !made) return tl::unexpected(made.error());
    return counters[index];
}

bool FakeKernelPort::drain_events(const std::function<void(const bailiff_event&)>& sink) {
    for (const bailiff_event& event : std::exchange(events, {})) sink(event);
    return false;
}

bailiff_decision FakeKernelPort::judge(std::uint32_t subject_slot, std::uint32_t generation,
                                       std::uint8_t right, const std::string& path,
                                       std::uint64_t boot_nanos) {
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

std::size_t FakeKernelPort::objects_of(std::uint16_t session) const {
    std::size_t count = 0;
    for (const auto& [key, object] : objects) count += key.session == session;
    return count;
}

std::size_t FakeKernelPort::objects_of_policy(std::uint8_t policy) const {
    std::size_t count = 0;
    for (const auto& [key, object] : objects) count += key.policy == policy;
    return count;
}

std::set<std::uint32_t> FakeKernelPort::processes_of(const kernel::Target& target) {
    if (target.pid == 0) return cgroups[target.cgroup];
    if (target.start_time != start_time_of_all) return {};
    return {target.pid};
}

Status FakeKernelPort::call(std::string name) {
    calls.push_back(std::move(name));
    const std::string verb = calls.back().substr(0, calls.back().find(' '));
    if (calls.size() != fail_at_ && !failing_.contains(verb)) return {};
    return fail(ErrorCode::kUnavailable, "bailiff-kernel did not answer " + calls.back());
}

bailiff_decision FakeKernelPort::refused(std::uint8_t reason) {
    bailiff_decision decision{};
    decision.verdict = BAILIFF_VERDICT_DENY;
    decision.reason = reason;
    return decision;
}

bool FakeKernelPort::settle_at(bailiff_settle& settle, bailiff_object_key key, std::uint8_t right,
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

bool FakeKernelPort::settle_name(bailiff_settle& settle, const bailiff_subject& subject,
                                 std::uint8_t right, const std::string& path) {
    const std::filesystem::path whole = path;
    bailiff_object_key key = {};
    key.policy = static_cast<std::uint8_t>(subject.policy);
    key.kind = BAILIFF_OBJECT_NAME;
    key.name = session::hash_name(config, whole.filename());
    if (settle_at(settle, key, right, 0)) return true;
    key.kind = BAILIFF_OBJECT_SUFFIX;
    key.name = session::hash_name(config, whole.extension());
    return settle_at(settle, key, right, 0);
}

std::uint8_t FakeKernelPort::walk(bailiff_settle& settle, const bailiff_subject& subject,
                                  std::uint8_t right, const std::string& path) {
    if (settle_name(settle, subject, right, path)) return 0;
    std::filesystem::path at = path;
    std::filesystem::path below;
    while (true) {
        const auto node = files.nodes.find(at.string());
        if (node != files.nodes.end()) {
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
            if (below.empty() && (flags & BAILIFF_OBJECT_HAS_SELF) != 0) {
                bailiff_object_key self = key;
                self.kind = BAILIFF_OBJECT_SELF;
                if (settle_at(settle, self, right, subject.session)) return 0;
            }
            if (settle_at(settle, key, right, subject.session)) return 0;
            if (inode.is_root != 0)
                return (flags & BAILIFF_OBJECT_ROOT) != 0 ? 0 : BAILIFF_REASON_UNKNOWN_ROOT;
        }
        below = at;
        at = at.parent_path();
    }
}

} // namespace bailiff::tests
