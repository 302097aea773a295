#include "session/policy_tables.h"

#include <arpa/inet.h>

#include <cstring>

namespace bailiff::session {

Result<std::unique_ptr<PolicyTables>> PolicyTables::install(
    kernel::KernelPort& port, std::shared_ptr<const policy::Policy> policy,
    std::uint8_t policy_slot, Bindings bindings, const Sights& sights) {
    std::unique_ptr<PolicyTables> self(new PolicyTables(port, std::move(policy), policy_slot));
    self->bindings_ = std::move(bindings);
    if (Status done = port.clear_policy(policy_slot); !done) return tl::unexpected(done.error());
    if (Status done = port.clear_listed(self->labels_.first(), kLabelsPerSlot); !done)
        return tl::unexpected(done.error());
    if (Status done = port.clear_budgets(self->labels_.first(), kLabelsPerSlot); !done)
        return tl::unexpected(done.error());
    if (Status done = self->write_network(); !done) return tl::unexpected(done.error());
    if (Status done = self->write_commands(); !done) return tl::unexpected(done.error());
    if (Status done = self->refresh(sights); !done) return tl::unexpected(done.error());
    if (Status done = self->write_policy_row(); !done) return tl::unexpected(done.error());
    return self;
}

Status PolicyTables::write_policy_row() {
    const auto defaults = policy_->image.defaults.rows();
    for (std::uint32_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        if (Status written = port_.put_default(slot_, right, defaults[right]); !written)
            return written;
    return port_.put_policy(slot_, policy_->image.policy);
}

Status PolicyTables::write_network() {
    for (const policy::PortLabel& entry : policy_->image.ports) {
        const Result<std::uint32_t> label = labels_.intern(entry.label);
        if (!label) return tl::unexpected(label.error());
        const bailiff_port_key key = {entry.address_class, entry.port, entry.protocol, slot_};
        if (Status written = port_.put_port(key, *label); !written) return written;
    }
    for (const policy::AddressClass& entry : policy_->image.addresses) {
        bailiff_address_key key = {};
        key.prefix_length = 32 + entry.prefix.length;
        key.policy = htonl(slot_);
        std::memcpy(key.address, entry.prefix.bytes.data(), sizeof(key.address));
        if (Status written = port_.put_address(key, entry.number); !written) return written;
    }
    return {};
}

Status PolicyTables::write_commands() {
    const policy::Commands& commands = policy_->image.commands;
    if (commands.patterns.empty()) return {}; // the slot was cleared
    if (Status written = write_words(commands); !written) return written;
    for (const auto& [character, elements] : commands.flags)
        if (Status written = port_.put_flag(slot_, character, elements); !written) return written;
    std::uint32_t number = 0;
    for (const policy::Pattern& pattern : commands.patterns) {
        const Result<std::uint32_t> label = labels_.intern(pattern.label);
        if (!label) return tl::unexpected(label.error());
        if (Status written = port_.put_pattern(slot_, number++, {pattern.needs, *label, 0});
            !written)
            return written;
    }
    return port_.put_argv(slot_, {commands.arguments, number, commands.prefixes});
}

Status PolicyTables::write_words(const policy::Commands& commands) {
    const Result<bailiff_config> config = port_.get_config();
    if (!config) return tl::unexpected(config.error());
    for (const auto& [word, elements] : commands.words) {
        bailiff_word_key key = {};
        key.policy = slot_;
        key.kind = word.kind;
        if (word.kind == BAILIFF_WORD_PREFIX) {
            key.length = static_cast<bailiff_u8>(word.text.size());
            std::memcpy(&key.word, word.text.data(), word.text.size());
        } else {
            key.word = hash_name(*config, word.text);
        }
        if (Status written = port_.put_word(key, elements); !written) return written;
    }
    return {};
}

Status PolicyTables::refresh(const Sights& sights) {
    Result<Layout> layout = make_layout(port_, policy_->image, slot_, bindings_, sights);
    if (!layout) return tl::unexpected(layout.error());
    notes_ = std::move(layout->notes);
    to_hash_ = std::move(layout->to_hash);
    for (const auto& [key, placed] : layout->objects) {
        const Result<std::uint32_t> label = labels_.intern(placed.label);
        if (!label) return tl::unexpected(label.error());
        const bailiff_object object = {*label, placed.flags};
        const auto before = written_.find(key);
        if (before != written_.end() && before->second.label == object.label &&
            before->second.flags == object.flags)
            continue;
        if (Status written = port_.put_object(key, object); !written) return written;
        written_[key] = object;
    }
    for (auto at = written_.begin(); at != written_.end();) {
        if (layout->objects.contains(at->first)) {
            ++at;
            continue;
        }
        if (Status erased = port_.erase_object(at->first); !erased) return erased;
        at = written_.erase(at);
    }
    return {};
}

Status PolicyTables::bind(std::uint16_t session, const Binding& binding, const Sights& sights) {
    bindings_[session] = binding;
    Status done = refresh(sights);
    if (!done) unbind(session);
    return done;
}

void PolicyTables::unbind(std::uint16_t session) {
    bindings_.erase(session);
    // The next refresh clears flags of common objects; a session's own labels go at once.
    for (auto at = written_.begin(); at != written_.end();) {
        if (at->first.session == session && port_.erase_object(at->first))
            at = written_.erase(at);
        else
            ++at;
    }
}

} // namespace bailiff::session
