// Client: the KernelPort that bailiffd uses. Talks to bailiff-kernel over its socket, again if
// that was started anew, and writes maps through the descriptors it handed over, which needs no
// privileges. I/O thread only.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/port.h"
#include "kernel/wire.h"

struct ring_buffer;

namespace bailiff::kernel {

class Client final : public KernelPort {
public:
    // Connects to `folder`/kernel.sock. kUnavailable if bailiff-kernel does not answer.
    [[nodiscard]] static Result<std::unique_ptr<Client>> connect(const std::string& folder);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() override;

    Result<ResolvedPath> resolve(const std::string& path) override;
    Result<ResolvedPath> resolve_in(const View& view, const std::string& path) override;
    void forget(const View& view) override;
    Status put_row(std::uint32_t number, const bailiff_row& row) override;
    Status put_label(std::uint32_t number, const bailiff_label& label) override;
    Status put_default(std::uint32_t policy_slot, std::uint32_t right,
                       const bailiff_row& row) override;
    Status put_policy(std::uint32_t slot, const bailiff_policy& policy) override;
    Status put_object(const bailiff_object_key& key, const bailiff_object& object) override;
    Status erase_object(const bailiff_object_key& key) override;
    Status put_address(const bailiff_address_key& key, std::uint32_t address_class) override;
    Status erase_address(const bailiff_address_key& key) override;
    Status put_port(const bailiff_port_key& key, std::uint32_t label) override;
    Status erase_port(const bailiff_port_key& key) override;
    Status put_listed(const bailiff_listed_key& key, const bailiff_listed& listed) override;
    Status clear_listed(std::uint32_t first, std::uint32_t count) override;
    Status put_budget(const bailiff_budget_key& key, const bailiff_budget& budget) override;
    Status clear_budgets(std::uint32_t first, std::uint32_t count) override;
    Status put_word(const bailiff_word_key& key, const bailiff_mask& elements) override;
    Status put_flag(std::uint32_t policy_slot, std::uint8_t character,
                    const bailiff_mask& elements) override;
    Status put_pattern(std::uint32_t policy_slot, std::uint32_t number,
                       const bailiff_pattern& pattern) override;
    Status put_argv(std::uint32_t policy_slot, const bailiff_argv& argv) override;
    Status clear_policy(std::uint8_t slot) override;
    Status put_session(std::uint32_t slot, const bailiff_session& row) override;
    Result<bailiff_session> get_session(std::uint32_t slot) override;
    Status put_subject(std::uint32_t slot, const bailiff_subject& row) override;
    Result<bailiff_subject> get_subject(std::uint32_t slot) override;
    Status put_agents(const std::vector<AgentMatch>& agents) override;
    Result<Adoption> adopt() override;
    Result<bailiff_config> get_config() override;
    Status set_observe(bool observe) override;
    Result<std::uint32_t> enrol(std::uint32_t pid, std::uint64_t start_time, std::uint32_t subject,
                                std::uint32_t generation) override;
    Result<std::uint32_t> check_target(const Target& target) override;
    Result<std::uint32_t> enrol_target(const Target& target, std::uint32_t subject,
                                       std::uint32_t generation) override;
    Result<std::uint32_t> subject_of(std::uint32_t pid) override;
    Result<std::uint32_t> count_tasks(std::uint32_t subject) override;
    Result<ContainerInfo> container(const std::string& runtime, const std::string& id) override;
    Result<Killed> kill_tasks(std::uint32_t subject, std::uint32_t generation) override;
    Status hash(const std::string& path) override;
    Status find_links(const std::string& path) override;
    Result<std::optional<Hashed>> take_hashed() override;
    Result<std::vector<bailiff_hold>> holds() override;
    Result<std::optional<bailiff_hold>> find_hold(std::uint64_t hold) override;
    Status answer(std::uint64_t hold, bailiff_verdict verdict) override;
    void forget_hold(std::uint64_t hold) override;
    void forget_session(std::uint32_t session) override;
    Result<undo::Entry> keep(std::uint64_t hold, const std::string& session, uid_t account,
                             const undo::Limits& limits) override;
    Result<std::vector<undo::Entry>> kept(std::int64_t after) override;
    Result<undo::Entry> find_kept(std::uint64_t action) override;
    Result<undo::Entry> restore(std::uint64_t action, const undo::Restoring& how) override;
    Result<std::uint32_t> prune_kept(std::int64_t before) override;
    Status add_store(const std::string& folder) override;
    Status resume(std::uint32_t pid, std::uint64_t start_time) override;
    Result<KernelPosture> posture() override;
    Result<std::uint64_t> counter(std::uint32_t index) override;
    int events_fd() const override;
    bool drain_events(const std::function<void(const bailiff_event&)>& sink) override;

private:
    explicit Client(std::string folder) : folder_(std::move(folder)) {}
    [[nodiscard]] Status reconnect();
    [[nodiscard]] Status hello();
    [[nodiscard]] Result<Reply> exchange(const Request& request);
    [[nodiscard]] Result<Reply> ask(const Request& request);
    [[nodiscard]] Status ask_later(Operation operation, const std::string& path);
    [[nodiscard]] int map(const char* name) const;
    // What to return after a write that changes what labels say, or where, a subject or a session:
    // counts it if it was done.
    [[nodiscard]] Status changed(Status written) const;
    [[nodiscard]] Status expect_agents(bool any);
    [[nodiscard]] Status set_flags(std::uint32_t clear, std::uint32_t set);

    struct RingDeleter {
        void operator()(ring_buffer* ring) const;
    };
    std::string folder_;
    UniqueFd socket_;
    std::vector<UniqueFd> maps_;       // in the order of kSharedMaps
    std::set<std::uint32_t> refilled_; // subject slots a hook may still read as they were before
    std::unique_ptr<ring_buffer, RingDeleter> ring_;
    const std::function<void(const bailiff_event&)>* sink_ = nullptr; // while draining
    std::size_t drained_ = 0;                                         // the same
};

// What a posture message means, for people: per family, and the remedy if there is one.
[[nodiscard]] KernelPosture explain_posture(const WirePosture& wire);

} // namespace bailiff::kernel
