#include "tests/kernel/scene.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>

#include "bailiff/verdict.h"
#include "kernel/canary.h"
#include "kernel/enrolment.h"
#include "kernel/subject_slot.h"
#include "kernel/objects.h"

namespace bailiff::tests {
namespace {

bailiff_config read_config(kernel::Programs& programs) {
    bailiff_config config = {};
    const std::uint32_t zero = 0;
    EXPECT_EQ(bpf_map_lookup_elem(*programs.map_fd("config"), &zero, &config), 0);
    return config;
}

std::array<std::uint64_t, BAILIFF_NAME_MAX / 8> words_of(const std::string& name) {
    std::array<std::uint64_t, BAILIFF_NAME_MAX / 8> words{};
    std::memcpy(words.data(), name.data(), name.size());
    return words;
}

std::uint64_t name_hash(kernel::Programs& programs, const std::string& name) {
    const bailiff_config config = read_config(programs);
    return bailiff_name_hash(words_of(name).data(), static_cast<std::uint32_t>(name.size()),
                             config.name_key[0], config.name_key[1]);
}

bailiff_object_key key_of(kernel::Programs& programs, const std::string& path) {
    const Result<kernel::Resolved> found = kernel::resolve(programs, path);
    EXPECT_TRUE(found) << found.error().message();
    return found ? kernel::inode_key(found->inode, 0) : bailiff_object_key{};
}

std::uint32_t row_of(std::uint32_t label, std::uint32_t right) {
    return label * BAILIFF_RIGHTS + right;
}

} // namespace

std::optional<kernel::Programs> Scene::programs_;

kernel::Options Scene::options() {
    kernel::Options options;
    options.pin_root = "/sys/fs/bpf/bailiff_test";
    return options;
}

void Scene::reload() {
    programs_.reset();
    Result<kernel::Programs> started = kernel::start(options());
    ASSERT_TRUE(started) << started.error().message();
    programs_.emplace(std::move(*started));
}

// Loading takes the verifier a while, so it is done once for all suites.
void Scene::SetUpTestSuite() {
    if (!programs_) reload();
}

void Scene::unload() {
    programs_.reset();
    EXPECT_TRUE(kernel::remove_pins(options().pin_root));
}

// As bailiffd does after each write.
void Scene::changed() {
    ASSERT_TRUE(kernel::count_change(*programs().map_fd("filter")));
}

template <typename Key, typename Value>
void Scene::put(const char* map, const Key& key, const Value& value) {
    ASSERT_EQ(bpf_map_update_elem(*programs().map_fd(map), &key, &value, BPF_ANY), 0)
        << map << ": " << strerror(errno);
    changed();
}

void Scene::put_object(const bailiff_object_key& key, const bailiff_object& object) {
    const Status written = kernel::write_object(*programs().map_fd("objects"),
                                                *programs().map_fd("filter"), key, object);
    ASSERT_TRUE(written) << written.error().message();
}

void Scene::SetUp() {
    for (std::uint32_t letter = 0; letter < BAILIFF_FLAGS; letter++)
        put("argv_flags", kPolicySlot * std::uint32_t{BAILIFF_FLAGS} + letter, bailiff_mask{});
    for (const char* map :
         {"objects", "agents", "ports", "addresses", "listed", "digests", "openings", "holds",
          "answers", "argv_words", "budgets", "spent_acts", "contacts"}) {
        const int fd = *programs().map_fd(map);
        std::array<char, sizeof(bailiff_listed_key)> key{}; // the largest of them
        while (bpf_map_get_next_key(fd, nullptr, key.data()) == 0)
            bpf_map_delete_elem(fd, key.data());
    }
    next_label_ = 1;
    policy_flags_ = 0;
    observed_ = false;
    hold_seconds_ = 60;
    match_flags(0);
    session(BAILIFF_SESSION_ACTIVE);
    subject(1, 0);
    events();
}

void Scene::subject(std::uint32_t generation, std::uint32_t session_epoch) {
    bailiff_subject subject = {};
    subject.profiles.word[0] = second_ ? 3 : 1;
    subject.session = kSessionSlot;
    subject.session_epoch = session_epoch;
    subject.policy = kPolicySlot;
    subject.generation = generation;
    ASSERT_TRUE(kernel::write_subject(*programs().map_fd("subjects"), kSubject, subject));
    changed();
}

void Scene::reuse_session_slot() {
    bailiff_session row = {};
    row.state = BAILIFF_SESSION_ACTIVE;
    row.expires_at = ~0ULL;
    row.epoch = 1;
    put("sessions", kSessionSlot, row);
}

void Scene::next_session() {
    reuse_session_slot();
    subject(1, 1);
}

void Scene::reuse_subject_slot() {
    reuse_session_slot();
    subject(2, 1);
}

void Scene::write_policy() {
    bailiff_policy policy = {};
    policy.layer[BAILIFF_LAYER_AGENT].word[0] = 1;
    if (second_) policy.layer[BAILIFF_LAYER_USER].word[0] = 2;
    policy.flags = policy_flags_;
    policy.hold_seconds = hold_seconds_;
    policy.observe.word[0] = observed_ ? 1 : 0;
    put("policies", std::uint32_t{kPolicySlot}, policy);
}

void Scene::session(bailiff_session_state state, std::uint64_t expires_at, std::uint32_t flags) {
    bailiff_session row = {};
    row.state = state;
    row.expires_at = expires_at;
    row.flags = flags;
    put("sessions", kSessionSlot, row);
}

void Scene::relaxed_session(std::uint64_t until) {
    bailiff_session row = {};
    row.state = BAILIFF_SESSION_ACTIVE;
    row.expires_at = ~0ULL;
    row.relaxed_until = until;
    put("sessions", kSessionSlot, row);
}

void Scene::protect_profile() {
    bailiff_policy policy = {};
    policy.layer[BAILIFF_LAYER_AGENT].word[0] = 1;
    policy.always.word[0] = 1;
    put("policies", std::uint32_t{kPolicySlot}, policy);
}

void Scene::policy(bailiff_verdict fallback, const std::vector<Rule>& rules) {
    bailiff_row row = {};
    row.says[fallback].word[0] = 1;
    for (std::uint32_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        put("defaults", kPolicySlot * BAILIFF_ALL_RIGHTS + right, row);
    for (const Rule& rule : rules)
        if (rule.verdict == BAILIFF_VERDICT_HOLD || rule.verdict == BAILIFF_VERDICT_PRESERVE)
            policy_flags_ |= BAILIFF_POLICY_HAS_HOLDS;
    write_policy();
    // The file systems the tests touch are known, with no rule of their own.
    for (const char* root : {"/", "/proc", "/sys", "/dev", "/tmp", "/run", "/mnt/ext4"}) {
        const Result<kernel::Resolved> inode = kernel::resolve(programs(), root);
        if (inode && inode->inode.is_root != 0) known_root(root);
    }
    std::map<std::string, std::uint32_t> labels;
    for (const Rule& rule : rules) {
        const auto [it, fresh] = labels.try_emplace(rule.path, next_label_);
        if (fresh) new_label();
        for (const bailiff_right right : rule.rights) {
            const std::uint32_t index = row_of(it->second, right);
            bailiff_row says = {};
            bpf_map_lookup_elem(*programs().map_fd("rows"), &index, &says);
            says.says[rule.verdict].word[0] |= 1;
            put("rows", index, says);
        }
        const Result<kernel::Resolved> inode = kernel::resolve(programs(), rule.path);
        ASSERT_TRUE(inode) << inode.error().message();
        put_object(
            kernel::inode_key(inode->inode, kPolicySlot),
            bailiff_object{it->second, inode->inode.is_root != 0 ? BAILIFF_OBJECT_ROOT : 0U});
    }
}

void Scene::default_of(bailiff_right right, bailiff_verdict verdict) {
    bailiff_row row = {};
    row.says[verdict].word[0] = 1;
    put("defaults", kPolicySlot * BAILIFF_ALL_RIGHTS + static_cast<std::uint32_t>(right), row);
    if (verdict != BAILIFF_VERDICT_HOLD) return;
    policy_flags_ |= BAILIFF_POLICY_HAS_HOLDS;
    write_policy();
}

// Each label has rows of its own, which say nothing yet.
std::uint32_t Scene::new_label() {
    bailiff_label rows = {};
    for (std::uint32_t right = 0; right < BAILIFF_RIGHTS; right++) {
        rows.row[right] = static_cast<bailiff_u16>(row_of(next_label_, right));
        put("rows", std::uint32_t{rows.row[right]}, bailiff_row{});
    }
    put("labels", next_label_, rows);
    return next_label_++;
}

std::uint32_t Scene::label(bailiff_right right, bailiff_verdict verdict) {
    const std::uint32_t number = new_label();
    bailiff_row row = {};
    row.says[verdict].word[0] = 1;
    put("rows", row_of(number, right), row);
    return number;
}

void Scene::name_rule(const std::string& name, bool suffix, bailiff_right right,
                      bailiff_verdict verdict) {
    bailiff_object_key key = {};
    key.name = name_hash(programs(), name);
    key.kind = suffix ? BAILIFF_OBJECT_SUFFIX : BAILIFF_OBJECT_NAME;
    key.policy = kPolicySlot;
    put_object(key, bailiff_object{label(right, verdict), 0});
    policy_flags_ |= suffix ? BAILIFF_POLICY_HAS_SUFFIXES : BAILIFF_POLICY_HAS_NAMES;
    write_policy();
}

void Scene::command_rule(const std::vector<std::string>& command, bailiff_verdict verdict) {
    bailiff_pattern pattern{};
    pattern.label = label(BAILIFF_RIGHT_ARGV, verdict);
    for (const std::string& item : command) {
        const bool is_program = &item == &command.front();
        const std::size_t number =
            elements_.try_emplace({item, is_program}, elements_.size()).first->second;
        bailiff_mask element{};
        element.word[0] = 1ULL << number;
        pattern.needs.word[0] |= element.word[0];
        bailiff_word_key key{};
        key.policy = kPolicySlot;
        key.kind = is_program ? BAILIFF_WORD_PROGRAM : BAILIFF_WORD_WHOLE;
        if (!is_program) argv_.words.word[0] |= element.word[0];
        if (item.size() == 2 && item[0] == '-') {
            const auto letter = static_cast<unsigned char>(item[1]);
            put("argv_flags", kPolicySlot * std::uint32_t{BAILIFF_FLAGS} + letter, element);
            continue;
        }
        key.word = name_hash(programs(), item);
        if (item.ends_with('*')) {
            key.kind = BAILIFF_WORD_PREFIX;
            key.length = static_cast<bailiff_u8>(item.size() - 1);
            key.word = 0;
            std::memcpy(&key.word, item.data(), key.length);
            argv_.prefixes |= 1U << key.length;
        }
        put("argv_words", key, element);
    }
    put("argv_patterns", kPolicySlot * std::uint32_t{BAILIFF_MAX_PATTERNS} + argv_.patterns++,
        pattern);
    put("argv", std::uint32_t{kPolicySlot}, argv_);
    policy_flags_ |= BAILIFF_POLICY_HAS_ARGV;
    if (verdict == BAILIFF_VERDICT_HOLD) policy_flags_ |= BAILIFF_POLICY_HAS_HOLDS;
    write_policy();
}

void Scene::budget(bailiff_right right, std::uint32_t count, std::uint64_t period,
                   std::uint32_t flags) {
    bailiff_budget_key key{};
    key.label = next_label_ - 1;
    key.right = static_cast<bailiff_u8>(right);
    bailiff_budget budget{};
    budget.period = period;
    budget.count = count;
    budget.number = 7;
    budget.flags = flags;
    put("budgets", key, budget);
    policy_flags_ |= BAILIFF_POLICY_HAS_BUDGETS;
    write_policy();
}

void Scene::second_profile(bailiff_right right, bailiff_verdict verdict) {
    second_ = true;
    for (std::uint32_t each = 0; each < BAILIFF_ALL_RIGHTS; each++) {
        const std::uint32_t index = kPolicySlot * BAILIFF_ALL_RIGHTS + each;
        bailiff_row row = {};
        bpf_map_lookup_elem(*programs().map_fd("defaults"), &index, &row);
        row.says[each == right ? verdict : BAILIFF_VERDICT_ALLOW].word[0] |= 2;
        put("defaults", index, row);
    }
    write_policy();
    subject(1, 0);
}

void Scene::known_root(const std::string& path) {
    const Result<kernel::Resolved> inode = kernel::resolve(programs(), path);
    ASSERT_TRUE(inode) << inode.error().message();
    put_object(kernel::inode_key(inode->inode, kPolicySlot),
               bailiff_object{0, BAILIFF_OBJECT_ROOT});
}

void Scene::observe_profile() {
    observed_ = true;
    write_policy();
}

void Scene::listed_rule(const std::string& path, const std::vector<bailiff_right>& rights,
                        const std::vector<Sha256>& contents) {
    const std::filesystem::path file = path;
    entry_rule(file.parent_path(), file.filename(), rights.front(), BAILIFF_VERDICT_ALLOW);
    const std::uint32_t number = next_label_ - 1;
    bailiff_row says = {};
    says.says[BAILIFF_VERDICT_ALLOW].word[0] = 1;
    bailiff_listed profiles = {};
    for (const bailiff_right right : rights) {
        put("rows", row_of(number, right), says);
        (right == BAILIFF_RIGHT_LOAD ? profiles.load : profiles.exec).word[0] = 1;
    }
    std::vector<Sha256> rows = contents;
    rows.push_back({}); // what is listed at all
    for (const Sha256& content : rows) {
        bailiff_listed_key key = {};
        key.label = number;
        std::copy(content.begin(), content.end(), std::begin(key.sha256));
        put("listed", key, profiles);
    }
    const Result<kernel::Resolved> inode = kernel::resolve(programs(), path);
    ASSERT_TRUE(inode) << inode.error().message();
    put_object(kernel::inode_key(inode->inode, kPolicySlot), bailiff_object{number, 0});
    policy_flags_ |= BAILIFF_POLICY_HAS_CONTENTS;
    write_policy();
}

void Scene::label_as(const bailiff_object_key& key, const std::string& path) {
    const Result<kernel::Resolved> inode = kernel::resolve(programs(), path);
    ASSERT_TRUE(inode) << inode.error().message();
    const bailiff_object_key own = kernel::inode_key(inode->inode, kPolicySlot);
    bailiff_object object = {};
    ASSERT_EQ(bpf_map_lookup_elem(*programs().map_fd("objects"), &own, &object), 0);
    put_object(key, object);
}

bailiff_object_key Scene::flagged(const std::string& path, std::uint32_t flag) {
    const Result<kernel::Resolved> inode = kernel::resolve(programs(), path);
    EXPECT_TRUE(inode) << inode.error().message();
    if (!inode) return {};
    const bailiff_object_key key = kernel::inode_key(inode->inode, kPolicySlot);
    bailiff_object object = {};
    bpf_map_lookup_elem(*programs().map_fd("objects"), &key, &object);
    object.flags |= flag;
    put_object(key, object);
    return key;
}

void Scene::entry_rule(const std::string& directory, const std::string& name, bailiff_right right,
                       bailiff_verdict verdict) {
    bailiff_object_key key = flagged(directory, BAILIFF_OBJECT_HAS_ENTRIES);
    key.name = name_hash(programs(), name);
    key.kind = BAILIFF_OBJECT_ENTRY;
    put_object(key, bailiff_object{label(right, verdict), 0});
}

void Scene::self_rule(const std::string& directory, bailiff_right right, bailiff_verdict verdict) {
    bailiff_object_key key = flagged(directory, BAILIFF_OBJECT_HAS_SELF);
    key.kind = BAILIFF_OBJECT_SELF;
    put_object(key, bailiff_object{label(right, verdict), 0});
}

void Scene::address_rule(const std::string& address, unsigned prefix, std::uint16_t port,
                         bailiff_right right, bailiff_verdict verdict) {
    bailiff_address_key key = {};
    key.policy = htonl(kPolicySlot);
    if (address.find(':') != std::string::npos) {
        ASSERT_EQ(inet_pton(AF_INET6, address.c_str(), key.address), 1);
        key.prefix_length = 32 + prefix;
    } else {
        key.address[10] = key.address[11] = 0xff;
        ASSERT_EQ(inet_pton(AF_INET, address.c_str(), key.address + 12), 1);
        key.prefix_length = 32 + 96 + prefix;
    }
    const std::uint32_t address_class = next_label_;
    const std::uint32_t decided = label(right, verdict);
    put("addresses", key, address_class);
    bailiff_port_key port_key = {address_class, port, 0, kPolicySlot};
    if (port != 0) port_key.protocol = IPPROTO_TCP;
    put("ports", port_key, decided);
}

void Scene::agent_file(const std::string& path) {
    put_agent(key_of(programs(), path), kSubject);
}

void Scene::agent_file_numbered_as(const std::string& folder) {
    bailiff_object_key key = key_of(programs(), folder);
    key.kind = BAILIFF_OBJECT_INODE;
    put_agent(key, kSubject);
}

void Scene::interpreter(const std::string& path) {
    put_agent(key_of(programs(), path), 0);
}

void Scene::agent_module(const std::string& directory, const std::string& module) {
    bailiff_object_key key = key_of(programs(), directory);
    key.kind = BAILIFF_OBJECT_MODULE;
    key.name = name_hash(programs(), module);
    put_agent(key, kSubject);
}

void Scene::agent_uid(std::uint32_t uid) {
    bailiff_object_key key = {};
    key.kind = BAILIFF_OBJECT_UID;
    key.ino = uid;
    put_agent(key, kSubject);
    match_flags(BAILIFF_CONFIG_MATCH_UID);
}

void Scene::bound_cgroup(std::uint64_t id) {
    bailiff_object_key key = {};
    key.kind = BAILIFF_OBJECT_CGROUP;
    key.ino = id;
    put_agent(key, kSubject);
    match_flags(BAILIFF_CONFIG_MATCH_CGROUP);
}

void Scene::agent_unit(const std::string& name, std::uint32_t subject) {
    bailiff_object_key key = {};
    key.kind = BAILIFF_OBJECT_UNIT;
    key.name = name_hash(programs(), name);
    put_agent(key, subject);
    match_flags(BAILIFF_CONFIG_MATCH_UNIT);
}

void Scene::agent_cgroup(const std::string& path) {
    bailiff_object_key key = {};
    key.kind = BAILIFF_OBJECT_CGROUP;
    const bailiff_config config = read_config(programs());
    std::istringstream names(path);
    for (std::string name; std::getline(names, name, '/');) {
        if (name.empty()) continue;
        const auto words = words_of(name);
        key.name = bailiff_cgroup_hash(words.data(), static_cast<std::uint32_t>(name.size()),
                                       key.name, config.name_key[0], config.name_key[1]);
    }
    put_agent(key, kSubject);
    match_flags(BAILIFF_CONFIG_MATCH_CGROUP);
}

void Scene::put_agent(const bailiff_object_key& key, std::uint32_t subject) {
    bailiff_task row = {};
    row.subject = subject;
    row.generation = 1;
    put("agents", key, row);
}

void Scene::match_flags(std::uint32_t flags) {
    bailiff_config config = read_config(programs());
    config.flags = flags;
    put("config", std::uint32_t{0}, config);
}

namespace {

// Where parent and child meet: in shared memory, since a pipe of a session that is over carries
// nothing.
class Gate {
public:
    Gate()
        : stage_(static_cast<std::atomic<int>*>(mmap(nullptr, sizeof(std::atomic<int>),
                                                     PROT_READ | PROT_WRITE,
                                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
    ~Gate() { munmap(stage_, sizeof(*stage_)); }
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    void reach(int stage) { *stage_ = stage; }
    // False where `gone` says that the other side will not come.
    bool wait(int stage, const std::function<bool()>& gone) {
        while (*stage_ < stage) {
            if (gone()) return *stage_ >= stage;
            sched_yield();
        }
        return true;
    }

private:
    std::atomic<int>* stage_;
};

} // namespace

void Scene::enrol(pid_t pid) {
    const auto number = static_cast<std::uint32_t>(pid);
    const Result<std::uint64_t> start = kernel::process_start_time(number);
    const Result<std::uint32_t> tasks =
        kernel::enrol(programs(), number, start ? *start : 0, kSubject, 1);
    EXPECT_TRUE(tasks) << (tasks ? "" : tasks.error().message());
}

pid_t Scene::start(const Act& act) {
    Gate gate;
    const pid_t child = fork();
    if (child == 0) {
        gate.wait(1, [] { return false; });
        _exit(act());
    }
    enrol(child);
    gate.reach(1);
    return child;
}

int Scene::run(const Act& before, const std::function<void()>& between, const Act& after,
               bool enrolled) {
    Gate gate;
    const auto never = [] { return false; };
    const pid_t child = fork();
    if (child == 0) {
        gate.wait(1, never);
        if (const int error = before()) _exit(error);
        gate.reach(2);
        gate.wait(3, never);
        _exit(after());
    }
    if (enrolled) enrol(child);
    gate.reach(1);
    int state = 0;
    bool reaped = false;
    if (gate.wait(2, [&] { return reaped = waitpid(child, &state, WNOHANG) == child; })) {
        between();
        gate.reach(3);
    }
    if (!reaped) waitpid(child, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

int Scene::free(const Act& act) {
    return run([] { return 0; }, [] {}, act, false);
}

int Scene::bound(const Act& act) {
    return run([] { return 0; }, [] {}, act, true);
}

int Scene::bound_after(const Act& before, const std::function<void()>& between, const Act& after) {
    return run(before, between, after, true);
}

void Scene::expect_denied(const Act& act) {
    EXPECT_EQ(bound(act), EPERM);
    EXPECT_EQ(free(act), 0) << "the control: without a session the act must succeed";
}

void Scene::expect_allowed(const Act& act) {
    events();
    const int error = bound(act);
    EXPECT_EQ(error, 0) << strerror(error);
    if (error == 0) return;
    for (const bailiff_event& e : verdicts())
        ADD_FAILURE() << "hook " << e.hook << " right " << int{e.right} << " reason "
                      << int{e.reason} << " label " << e.label << " object " << e.text;
}

std::vector<bailiff_event> Scene::events() {
    std::vector<bailiff_event> found;
    ring_buffer* ring = ring_buffer__new(
        *programs().map_fd("events"),
        [](void* context, void* data, size_t size) {
            bailiff_event event = {};
            std::memcpy(&event, data, std::min(size, sizeof(event)));
            static_cast<std::vector<bailiff_event>*>(context)->push_back(event);
            return 0;
        },
        &found, nullptr);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
    return found;
}

std::vector<bailiff_event> Scene::verdicts() {
    std::vector<bailiff_event> found = events();
    std::erase_if(found, [](const auto& e) { return e.kind != BAILIFF_EVENT_VERDICT; });
    return found;
}

std::uint64_t Scene::now() const {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(t.tv_nsec);
}

} // namespace bailiff::tests
