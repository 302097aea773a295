// A kernel side in memory: it records the rows that are written, looks paths up in a file system
// in memory too, and judges a file as the hooks do, from those rows alone. A test says which call
// fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bailiff/verdict.h"
#include "kernel/port.h"
#include "tests/unit/support/fake_file_system.h"

namespace bailiff::tests {

template <typename Key>
struct BytesLess {
    bool operator()(const Key& a, const Key& b) const {
        return std::memcmp(&a, &b, sizeof(Key)) < 0;
    }
};

class FakeKernelPort final : public kernel::KernelPort {
public:
    FakeKernelPort();
    FakeKernelPort(const FakeKernelPort&) = delete;
    FakeKernelPort& operator=(const FakeKernelPort&) = delete;
    ~FakeKernelPort() override;

    // The call of that number from now on (1: the next) fails; or every call of a name.
    void fail_call(std::size_t number) { fail_at_ = calls.size() + number; }
    void fail_every(const std::string& name) { failing_.insert(name); }
    void mend();

    Result<kernel::ResolvedPath> resolve(const std::string& path) override;

    // A view is a part of the same nodes: below `roots[pid]`, or below the folder it is mounted on.
    Result<kernel::ResolvedPath> resolve_in(const kernel::View& view,
                                            const std::string& path) override;
    void forget(const kernel::View& view) override { forgotten.push_back(view); }

    Status put_row(std::uint32_t number, const bailiff_row& row) override;
    Status put_label(std::uint32_t number, const bailiff_label& label) override;
    // What a label says of a right.
    bailiff_row row(std::uint32_t label, std::uint32_t right);
    Status put_default(std::uint32_t policy_slot, std::uint32_t right,
                       const bailiff_row& row) override;
    Status put_policy(std::uint32_t slot, const bailiff_policy& policy) override;
    Status put_object(const bailiff_object_key& key, const bailiff_object& object) override;
    Status erase_object(const bailiff_object_key& key) override;
    Status put_address(const bailiff_address_key& key, std::uint32_t address_class) override;
    Status erase_address(const bailiff_address_key& key) override;
    Status put_port(const bailiff_port_key& key, std::uint32_t label) override;
    Status erase_port(const bailiff_port_key& key) override;
    Status put_listed(const bailiff_listed_key& key, const bailiff_listed& row) override;
    Status clear_listed(std::uint32_t first, std::uint32_t count) override;
    Status put_budget(const bailiff_budget_key& key, const bailiff_budget& row) override;
    Status clear_budgets(std::uint32_t first, std::uint32_t count) override;
    Status hash(const std::string& path) override;
    Status find_links(const std::string& path) override;
    Result<std::optional<kernel::Hashed>> take_hashed() override;
    Status put_word(const bailiff_word_key& key, const bailiff_mask& elements) override;
    Status put_flag(std::uint32_t policy_slot, std::uint8_t character,
                    const bailiff_mask& elements) override;
    Status put_pattern(std::uint32_t policy_slot, std::uint32_t number,
                       const bailiff_pattern& pattern) override;
    Status put_argv(std::uint32_t policy_slot, const bailiff_argv& row) override;
    Status clear_policy(std::uint8_t slot) override;
    Status put_session(std::uint32_t slot, const bailiff_session& row) override;
    Result<bailiff_session> get_session(std::uint32_t slot) override;
    Status put_subject(std::uint32_t slot, const bailiff_subject& row) override;
    Result<bailiff_subject> get_subject(std::uint32_t slot) override;
    Status put_agents(const std::vector<kernel::AgentMatch>& matches) override;
    Result<kernel::Adoption> adopt() override;
    Result<bailiff_config> get_config() override;
    Status set_observe(bool observe) override;
    Result<std::uint32_t> enrol(std::uint32_t pid, std::uint64_t start_time, std::uint32_t subject,
                                std::uint32_t generation) override;
    Result<std::uint32_t> check_target(const kernel::Target& target) override;
    Result<std::uint32_t> enrol_target(const kernel::Target& target, std::uint32_t subject,
                                       std::uint32_t generation) override;
    Result<std::uint32_t> subject_of(std::uint32_t pid) override;
    Result<std::uint32_t> count_tasks(std::uint32_t subject) override;
    Result<kernel::ContainerInfo> container(const std::string& runtime,
                                            const std::string& id) override;
    Result<kernel::Killed> kill_tasks(std::uint32_t subject, std::uint32_t generation) override;
    Result<std::vector<bailiff_hold>> holds() override;
    Result<std::optional<bailiff_hold>> find_hold(std::uint64_t hold) override;
    Status answer(std::uint64_t hold, bailiff_verdict verdict) override;
    void forget_hold(std::uint64_t hold) override;
    void forget_session(std::uint32_t slot) override { sessions_forgotten.push_back(slot); }
    Result<undo::Entry> keep(std::uint64_t hold, const std::string& session, uid_t account,
                             const undo::Limits& limits) override;
    Result<std::vector<undo::Entry>> kept(std::int64_t after) override;
    Result<undo::Entry> find_kept(std::uint64_t action) override;
    Result<undo::Entry> restore(std::uint64_t action, const undo::Restoring& how) override;
    Result<std::uint32_t> prune_kept(std::int64_t before) override;
    Status add_store(const std::string& folder) override;
    Status resume(std::uint32_t pid, std::uint64_t start_time) override;
    Result<kernel::KernelPosture> posture() override;
    Result<std::uint64_t> counter(std::uint32_t index) override;
    [[nodiscard]] int events_fd() const override { return -1; }
    bool drain_events(const std::function<void(const bailiff_event&)>& sink) override;

    // What the hooks would decide for a task of that row (bpf/subject.h, bpf/label.h): enum
    // bailiff_verdict and the reason. `path` has no symbolic link in it.
    bailiff_decision judge(std::uint32_t subject_slot, std::uint32_t generation, std::uint8_t right,
                           const std::string& path, std::uint64_t boot_nanos);

    // Objects whose label is for one session alone.
    [[nodiscard]] std::size_t objects_of(std::uint16_t session) const;
    [[nodiscard]] std::size_t objects_of_policy(std::uint8_t policy) const;

    static constexpr std::uint64_t kStartTime = 4711;
    FakeFileSystem files;
    std::uint64_t start_time_of_all = kStartTime; // of every process
    std::map<std::uint32_t, bailiff_row> rows;
    std::map<std::uint32_t, bailiff_label> labels;
    std::map<std::pair<std::uint32_t, std::uint32_t>, bailiff_row> defaults; // by policy and right
    std::map<std::uint32_t, bailiff_policy> policies;
    std::map<bailiff_object_key, bailiff_object, BytesLess<bailiff_object_key>> objects;
    std::map<bailiff_address_key, std::uint32_t, BytesLess<bailiff_address_key>> addresses;
    std::map<bailiff_port_key, std::uint32_t, BytesLess<bailiff_port_key>> ports;
    std::map<bailiff_listed_key, bailiff_listed, BytesLess<bailiff_listed_key>> listed;
    std::map<bailiff_budget_key, bailiff_budget, BytesLess<bailiff_budget_key>> budgets;
    std::map<bailiff_word_key, bailiff_mask, BytesLess<bailiff_word_key>> words;
    // By policy slot, and the flag's character or the pattern's number.
    std::map<std::pair<std::uint32_t, std::uint32_t>, bailiff_mask> flags;
    std::map<std::pair<std::uint32_t, std::uint32_t>, bailiff_pattern> patterns;
    std::map<std::uint32_t, bailiff_argv> argv; // by policy slot
    std::vector<kernel::Hashed> hashed;         // done, and to be taken
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
    std::map<std::uint64_t, bailiff_hold> held;                             // by id
    std::map<std::uint64_t, bailiff_verdict> answers;                       // by hold
    std::vector<std::uint32_t> sessions_forgotten;                          // slots
    std::map<std::int64_t, undo::Entry> preserved;                          // by time
    std::string refuses_to_restore;                                         // why, if it does
    std::vector<undo::Restoring> restorings;                                // how it was asked
    std::function<void()> on_restore;                                       // after each
    std::vector<std::string> stores;                                        // added ones
    std::vector<std::uint32_t> resumed;                                     // processes
    std::set<std::uint32_t> gone; // processes that are not there any more
    undo::Limits keep_limits;     // of the last keep()
    std::map<std::uint32_t, std::uint64_t> counters;
    std::vector<bailiff_event> events;
    std::vector<std::string> calls; // in their order

    std::uint32_t owner_of_all = 61001; // uid of every process

private:
    std::set<std::uint32_t> processes_of(const kernel::Target& target);
    Status call(std::string name);
    static bailiff_decision refused(std::uint8_t reason);
    bool settle_at(bailiff_settle& settle, bailiff_object_key key, std::uint8_t right,
                   std::uint32_t session);
    bool settle_name(bailiff_settle& settle, const bailiff_subject& subject, std::uint8_t right,
                     const std::string& path);
    std::uint8_t walk(bailiff_settle& settle, const bailiff_subject& subject, std::uint8_t right,
                      const std::string& path);

    std::size_t fail_at_ = std::numeric_limits<std::size_t>::max();
    std::set<std::string> failing_;
};

} // namespace bailiff::tests
