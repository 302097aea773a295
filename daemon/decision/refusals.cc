#include "decision/refusals.h"

namespace bailiff::decision {
namespace {

// A rule's own words name what else it is about: of those only a default's stay, which has none.
v1::Record for_subject(const v1::Record& record) {
    v1::Record out;
    out.set_kind(record.kind());
    out.set_time(record.time());
    out.set_hook(record.hook());
    out.set_right(record.right());
    out.set_verdict(record.verdict());
    out.set_reason(record.reason());
    out.set_approval(record.approval());
    *out.mutable_object() = record.object();
    out.mutable_process()->set_pid(record.process().pid());
    out.mutable_process()->set_comm(record.process().comm());
    const v1::Rule& rule = record.rule();
    out.mutable_rule()->set_file(rule.file());
    out.mutable_rule()->set_line(rule.line());
    out.mutable_rule()->set_profile(rule.profile());
    if (rule.text().starts_with("default")) out.mutable_rule()->set_text(rule.text());
    return out;
}

} // namespace

void Refusals::meet(const bailiff_event& event, const v1::Record& record) {
    if (event.reason == BAILIFF_REASON_APPROVED) {
        const auto before = last_.find(event.subject);
        if (before != last_.end() && before->second.record.approval() == record.approval())
            last_.erase(before);
        return;
    }
    const bool held = event.verdict == BAILIFF_VERDICT_HOLD;
    if (event.kind != BAILIFF_EVENT_VERDICT || event.subject == 0) return;
    if (!held && event.verdict != BAILIFF_VERDICT_DENY) return;
    last_[event.subject] = {event.subject_generation, event.session == 0, event.uid,
                            for_subject(record)};
}

const v1::Record* Refusals::last(std::uint32_t subject, std::uint32_t generation,
                                 std::uint32_t uid) const {
    const auto found = last_.find(subject);
    if (found == last_.end()) return nullptr;
    const Refusal& refusal = found->second;
    const bool own = refusal.generation == generation && (!refusal.unbound || refusal.uid == uid);
    return own ? &refusal.record : nullptr;
}

} // namespace bailiff::decision
