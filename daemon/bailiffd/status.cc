#include <algorithm>

#include "bailiff/version.h"
#include "bailiffd/service.h"
#include "journal/utf8_message.h"

namespace bailiff::daemon {
namespace {

std::string join(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// What ties an agent to its processes before a session opens.
void describe_agent(const policy::AgentEntry& agent, v1::AgentStatus& out) {
    out.set_name(agent.name);
    std::vector<std::string> kinds;
    if (!agent.unit.empty()) kinds.push_back("unit " + agent.unit);
    if (!agent.cgroup.empty()) kinds.push_back("cgroup " + agent.cgroup);
    if (!agent.uid.empty()) kinds.push_back("uid " + agent.uid);
    out.set_escapable(kinds.empty());
    for (const std::string& path : agent.executables) kinds.push_back("executable " + path);
    for (const std::string& path : agent.scripts) kinds.push_back("script " + path);
    if (kinds.empty()) kinds.push_back("actor " + agent.actor + " (only with a session)");
    out.set_protection(join(kinds));
    out.set_unbound(join(agent.unbound));
}

} // namespace

Result<v1::GetStatusResponse> ControlService::get_status(const api::Caller&,
                                                         const v1::GetStatusRequest&) {
    v1::GetStatusResponse response;
    const Posture posture = hooks_.posture();
    response.set_posture(posture.state);
    response.set_detail(posture.detail);
    response.set_remedy(posture.remedy);
    response.set_attachment(posture.kernel.attachment);
    for (const kernel::FamilyPosture& family : posture.kernel.families) {
        v1::FamilyStatus* out = response.add_families();
        out->set_family(family.family);
        out->set_enforcing(family.enforcing);
        out->set_detail(family.detail);
    }
    if (posture.kernel.checked_at != 0) {
        response.set_pins(posture.pins);
        const auto age = static_cast<std::int64_t>(clock_.boot_nanos() - posture.kernel.checked_at);
        response.set_checked(TimeText(clock_.unix_nanos() - age).c_str());
    }
    const policy::Policy& policy = manager_.tables()->policy();
    response.set_policy_file(policy.file);
    response.set_policy_digest(policy.digest);
    response.set_mode(policy.settings.observe ? "observe" : "enforce");
    std::int64_t next = 0;
    for (const session::Session* session : manager_.list()) {
        if (session->state != session::State::kActive) continue;
        response.set_sessions(response.sessions() + 1);
        if (session->relaxed_boot != 0) response.set_relaxed(response.relaxed() + 1);
        const std::int64_t expires = session->token.expires_at;
        next = next == 0 ? expires : std::min(next, expires);
    }
    if (next != 0) response.set_next_expiry(TimeText(next * 1'000'000'000).c_str());
    for (const policy::AgentEntry& agent : policy.settings.agents)
        describe_agent(agent, *response.add_agents());
    response.set_waiting(static_cast<std::uint32_t>(approvals_.count()));
    response.set_journal(journal_.state());
    response.set_events_lost(port_.counter(BAILIFF_COUNTER_EVENTS_LOST).value_or(0));
    response.set_denials(port_.counter(BAILIFF_COUNTER_DENIED).value_or(0));
    response.set_version(BAILIFF_VERSION);
    journal::make_utf8(response);
    return response;
}

} // namespace bailiff::daemon
