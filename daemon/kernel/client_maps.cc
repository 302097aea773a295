// What the client writes into the kernel's maps itself, through the descriptors it was handed.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "kernel/client.h"
#include "kernel/holds.h"
#include "kernel/objects.h"
#include "kernel/request.h"
#include "kernel/subject_slot.h"

namespace bailiff::kernel {
namespace {

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

// The kernel begins again where the last key was erased meanwhile: of a map that sessions write, at
// most `steps` keys are looked at, four times what it holds.
template <typename Key>
void erase_matching(int fd, const std::function<bool(const Key&)>& wanted,
                    std::uint32_t steps = ~0U) {
    Key key{};
    std::vector<Key> found;
    int more = bpf_map_get_next_key(fd, nullptr, &key);
    for (std::uint32_t step = 0; more == 0 && step < steps; step++) {
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

Status Client::changed(Status written) const {
    return written ? count_change(map("filter")) : written;
}
Status Client::put_row(std::uint32_t number, const bailiff_row& row) {
    return changed(write_map(map("rows"), "rows", number, row));
}
Status Client::put_label(std::uint32_t number, const bailiff_label& label) {
    return changed(write_map(map("labels"), "labels", number, label));
}
Status Client::put_default(std::uint32_t policy_slot, std::uint32_t right, const bailiff_row& row) {
    return changed(
        write_map(map("defaults"), "defaults", policy_slot * BAILIFF_ALL_RIGHTS + right, row));
}
Status Client::put_policy(std::uint32_t slot, const bailiff_policy& policy) {
    return changed(write_map(map("policies"), "policies", slot, policy));
}
Status Client::put_object(const bailiff_object_key& key, const bailiff_object& object) {
    return write_object(map("objects"), map("filter"), key, object);
}
Status Client::erase_object(const bailiff_object_key& key) {
    return changed(erase_map(map("objects"), "objects", key));
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
    return changed(write_map(map("listed"), "listed", key, listed));
}
Status Client::clear_listed(std::uint32_t first, std::uint32_t count) {
    erase_matching<bailiff_listed_key>(map("listed"), [=](const bailiff_listed_key& key) {
        return key.label >= first && key.label - first < count;
    });
    return {};
}
Status Client::put_budget(const bailiff_budget_key& key, const bailiff_budget& budget) {
    return changed(write_map(map("budgets"), "budgets", key, budget));
}
Status Client::clear_budgets(std::uint32_t first, std::uint32_t count) {
    erase_matching<bailiff_budget_key>(map("budgets"), [=](const bailiff_budget_key& key) {
        return key.label >= first && key.label - first < count;
    });
    return {};
}
Status Client::put_word(const bailiff_word_key& key, const bailiff_mask& elements) {
    return write_map(map("argv_words"), "argv_words", key, elements);
}
Status Client::put_flag(std::uint32_t policy_slot, std::uint8_t character,
                        const bailiff_mask& elements) {
    if (character >= BAILIFF_FLAGS)
        return fail(ErrorCode::kInternal, "a flag is an ASCII character");
    return write_map(map("argv_flags"), "argv_flags", policy_slot * BAILIFF_FLAGS + character,
                     elements);
}
Status Client::put_pattern(std::uint32_t policy_slot, std::uint32_t number,
                           const bailiff_pattern& pattern) {
    if (number >= BAILIFF_MAX_PATTERNS)
        return fail(ErrorCode::kResourceExhausted, "kernel map argv_patterns is full");
    return write_map(map("argv_patterns"), "argv_patterns",
                     policy_slot * BAILIFF_MAX_PATTERNS + number, pattern);
}
Status Client::put_argv(std::uint32_t policy_slot, const bailiff_argv& argv) {
    return changed(write_map(map("argv"), "argv", policy_slot, argv));
}
Status Client::clear_policy(std::uint8_t slot) {
    if (Status none = put_argv(slot, {}); !none) return none;
    for (std::uint8_t character = 0; character < BAILIFF_FLAGS; character++)
        if (Status none = put_flag(slot, character, {}); !none) return none;
    erase_matching<bailiff_word_key>(
        map("argv_words"), [slot](const bailiff_word_key& key) { return key.policy == slot; });
    erase_matching<bailiff_object_key>(
        map("objects"), [slot](const bailiff_object_key& key) { return key.policy == slot; });
    erase_matching<bailiff_port_key>(
        map("ports"), [slot](const bailiff_port_key& key) { return key.policy == slot; });
    erase_matching<bailiff_address_key>(map("addresses"), [slot](const bailiff_address_key& key) {
        return key.policy == htonl(slot);
    });
    erase_matching<bailiff_spent_key>(
        map("spent_acts"),
        [slot](const bailiff_spent_key& key) { return key.number >> 16U == slot; },
        4 * BAILIFF_MAX_SPENDERS);
    return count_change(map("filter"));
}
Result<std::vector<bailiff_hold>> Client::holds() {
    return read_holds(map("holds"));
}
Result<std::optional<bailiff_hold>> Client::find_hold(std::uint64_t hold) {
    return read_hold(map("holds"), hold);
}
Status Client::answer(std::uint64_t hold, bailiff_verdict verdict) {
    return write_map(map("answers"), "answers", hold, std::uint64_t{verdict});
}
void Client::forget_hold(std::uint64_t hold) {
    const auto row = find_hold(hold);
    if (row && row->has_value()) {
        Request request = request_for(Operation::kForgetHold);
        request.action = hold;
        (void)ask(request); // else its seat is taken by the next act that waits there
    }
    (void)erase_map(map("answers"), "answers", hold);
}
void Client::forget_session(std::uint32_t session) {
    const int made_by = map("made_by");
    erase_matching<bailiff_file_key>(
        made_by,
        [=](const bailiff_file_key& key) {
            bailiff_made made{};
            return bpf_map_lookup_elem(made_by, &key, &made) == 0 && made.session == session;
        },
        4 * BAILIFF_MAX_MADE);
    const std::uint32_t none = 0;
    bpf_map_update_elem(map("made_count"), &session, &none, BPF_ANY);
    erase_matching<bailiff_spent_key>(
        map("spent_acts"), [=](const bailiff_spent_key& key) { return key.session == session; },
        4 * BAILIFF_MAX_SPENDERS);
    erase_matching<bailiff_contact_key>(
        map("contacts"), [=](const bailiff_contact_key& key) { return key.session == session; },
        4 * BAILIFF_MAX_CONTACTS);
}
Status Client::put_session(std::uint32_t slot, const bailiff_session& row) {
    return changed(write_map(map("sessions"), "sessions", slot, row));
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
    return changed(write_subject(map("subjects"), slot, next));
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
Result<bailiff_config> Client::get_config() {
    return read_map<bailiff_config>(map("config"), "config", 0);
}
Status Client::set_observe(bool observe) {
    return changed(set_flags(BAILIFF_CONFIG_OBSERVE, observe ? BAILIFF_CONFIG_OBSERVE : 0));
}
Status Client::set_flags(std::uint32_t clear, std::uint32_t set) {
    Result<bailiff_config> config = get_config();
    if (!config) return tl::unexpected(config.error());
    config->flags = (config->flags & ~clear) | set;
    return write_map(map("config"), "config", std::uint32_t{0}, *config);
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

} // namespace bailiff::kernel
