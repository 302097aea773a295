// PolicyTables: one policy as the kernel holds it, in one of the policy slots. Writes labels,
// objects, addresses, ports and commands; keeps them true while mounts and files come and go. Owned
// by the session manager; I/O thread only.
#pragma once

#include <memory>

#include "kernel/port.h"
#include "policy/policy.h"
#include "session/label_table.h"
#include "session/layout.h"

namespace bailiff::session {

class PolicyTables {
public:
    // Writes the whole policy. Nothing names the slot yet, so a failure leaves no trace that
    // counts.
    [[nodiscard]] static Result<std::unique_ptr<PolicyTables>> install(
        kernel::KernelPort& port, std::shared_ptr<const policy::Policy> policy,
        std::uint8_t policy_slot, Bindings bindings, const Sights& sights);

    // Labels for one more session; nothing is opened where this fails.
    [[nodiscard]] Status bind(std::uint16_t session, const Binding& binding, const Sights& sights);
    void unbind(std::uint16_t session);

    // Looks at the file system again: new mounts, files made or gone. What is new is written before
    // what is stale is erased.
    [[nodiscard]] Status refresh(const Sights& sights);

    [[nodiscard]] std::uint8_t slot() const { return slot_; }
    [[nodiscard]] const policy::Policy& policy() const { return *policy_; }
    [[nodiscard]] const LabelTable& labels() const { return labels_; }
    // Rules that name nothing on this host now.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
    // Files whose content rules list.
    [[nodiscard]] const std::set<std::string>& to_hash() const { return to_hash_; }

private:
    PolicyTables(kernel::KernelPort& port, std::shared_ptr<const policy::Policy> policy,
                 std::uint8_t slot)
        : port_(port), policy_(std::move(policy)), slot_(slot), labels_(port, slot) {}
    [[nodiscard]] Status write_network();
    [[nodiscard]] Status write_commands();
    [[nodiscard]] Status write_words(const policy::Commands& commands);
    [[nodiscard]] Status write_policy_row();

    kernel::KernelPort& port_;
    std::shared_ptr<const policy::Policy> policy_;
    std::uint8_t slot_;
    LabelTable labels_;
    Bindings bindings_;
    std::map<bailiff_object_key, bailiff_object, KeyLess> written_;
    std::vector<std::string> notes_;
    std::set<std::string> to_hash_;
};

} // namespace bailiff::session
