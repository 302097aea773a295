#include <pwd.h>

#include <algorithm>
#include <array>
#include <set>

#include "session/agent_table.h"
#include "session/manager.h"

namespace bailiff::session {
namespace {

std::string account_of(uid_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? "" : found->pw_name;
}

} // namespace

std::vector<token::IssuerConfig> issuers_of(const policy::Settings& settings) {
    std::vector<token::IssuerConfig> issuers;
    for (const policy::IssuerSettings& from : settings.issuers) {
        token::IssuerConfig to;
        to.issuer = from.issuer;
        to.jwks_file = from.jwks_file;
        to.algorithms = from.algorithms;
        to.audiences = settings.audience;
        to.type = from.type;
        to.actor_claim = from.actor_claim;
        to.task_claim = from.task_claim;
        to.max_lifetime = from.max_lifetime;
        to.max_chain = from.max_chain;
        to.require_proof = from.require_proof;
        issuers.push_back(std::move(to));
    }
    return issuers;
}

// Not one that any subject in the kernel still names.
std::uint8_t Manager::free_policy_slot() const {
    std::set<std::uint32_t> used;
    if (tables_) used.insert(tables_->slot());
    for (const auto& [name, session] : sessions_)
        if (const auto row = world_.port.get_subject(session.subject)) used.insert(row->policy);
    for (const auto& [name, subject] : agent_subjects_)
        if (const auto row = world_.port.get_subject(subject)) used.insert(row->policy);
    for (std::uint8_t slot = 0; slot < kPolicySlots; slot++)
        if (!used.contains(slot)) return slot;
    return 0; // cannot be: at most two are in use at a time
}

void Manager::restore() {
    restored_ = true;
    archive_ = LabelArchive::load(world_.labels_file);
    const Result<SavedState> saved = load_state(world_.state_file);
    if (!saved) {
        if (saved.error().code() == ErrorCode::kNotFound) return;
        v1::Record record;
        record.set_kind("posture");
        record.set_reason("state-file");
        record.set_message("sessions of an earlier daemon are not known: " +
                           saved.error().message());
        world_.record(std::move(record));
        return;
    }
    const bool same_boot = saved->boot_id == world_.boot_id;
    if (same_boot) agent_subjects_ = saved->agent_subjects;
    for (const auto& [name, subject] : agent_subjects_) subject_slots_.take(subject);
    for (const Session& session : saved->sessions) {
        const Result<bailiff_session> row = world_.port.get_session(session.slot);
        const bool there = same_boot && row && row->epoch == session.epoch &&
                           std::equal(session.id.begin(), session.id.end(), row->id) &&
                           row->state == BAILIFF_SESSION_ACTIVE;
        if (!there) {
            world_.record(record_of("session.ended", session,
                                    "session " + session.name +
                                        " ended: the kernel does not hold it any more" +
                                        (same_boot ? "" : " since the machine was restarted")));
            continue;
        }
        session_slots_.take(session.slot);
        subject_slots_.take(session.subject);
        sessions_[session.name] = session;
        sessions_[session.name].started_boot = row->started_at;
    }
}

Result<std::uint32_t> Manager::load_policy(std::shared_ptr<const policy::Policy> policy) {
    auto verifier = token::Verifier::create(issuers_of(policy->settings), world_.clock);
    if (!verifier) return tl::unexpected(verifier.error());
    const Result<std::vector<Mount>> mounts = world_.mounts();
    if (!mounts) return tl::unexpected(mounts.error());
    if (!restored_) restore();
    // Session 0 is "no session": it never ends, and its subjects have what `unbound` gives.
    bailiff_session none = {};
    none.state = BAILIFF_SESSION_ACTIVE;
    none.expires_at = ~0ULL;
    if (Status written = world_.port.put_session(0, none); !written)
        return tl::unexpected(written.error());
    Bindings bindings;
    for (const auto& [name, session] : sessions_)
        if (session.state == State::kActive) bindings[session.slot] = session.variables;
    auto tables = PolicyTables::install(world_.port, policy, free_policy_slot(), bindings, *mounts);
    if (!tables) return tl::unexpected(tables.error());
    if (Status set = world_.port.set_observe(policy->settings.observe); !set)
        return tl::unexpected(set.error());
    // From here on the new policy stands.
    const Result<std::uint32_t> revoked = move_sessions(*policy, (*tables)->slot());
    if (!revoked) return revoked;
    if (Status written = write_agent_subjects(*policy, (*tables)->slot()); !written)
        return tl::unexpected(written.error());
    if (Status written = write_agents(*policy); !written) return tl::unexpected(written.error());
    verifier_ = std::move(*verifier);
    previous_ = std::exchange(tables_, std::move(*tables));
    archived_labels_ = 0;
    if (previous_)
        if (Status cleared = world_.port.clear_policy(previous_->slot()); !cleared)
            return tl::unexpected(cleared.error());
    save();
    return revoked;
}

Result<std::uint32_t> Manager::move_sessions(const policy::Policy& policy,
                                             std::uint8_t policy_slot) {
    std::uint32_t revoked = 0;
    for (auto& [name, session] : sessions_) {
        if (session.state != State::kActive) continue;
        const auto granted = grant_for(policy, session.token, session.uid, account_of(session.uid));
        if (!granted) {
            close(session, State::kRevoked,
                  "was revoked by a change of policy: " + granted.error().message(), "policy");
            revoked++;
            continue;
        }
        session.profiles = granted->names;
        session.agent = policy.settings.agents[granted->agent].name;
        Result<bailiff_subject> row = world_.port.get_subject(session.subject);
        if (!row) return tl::unexpected(row.error());
        row->profiles = granted->profiles;
        row->policy = policy_slot;
        if (Status written = world_.port.put_subject(session.subject, *row); !written)
            return tl::unexpected(written.error());
    }
    return revoked;
}

// The subjects that agents without a session are.
Status Manager::write_agent_subjects(const policy::Policy& policy, std::uint8_t policy_slot) {
    std::set<std::string> named;
    for (std::size_t i = 0; i < policy.settings.agents.size(); i++) {
        const policy::AgentEntry& agent = policy.settings.agents[i];
        named.insert(agent.name);
        auto [at, fresh] = agent_subjects_.try_emplace(agent.name, 0);
        if (fresh) {
            const auto slot = subject_slots_.take();
            if (!slot) return fail(ErrorCode::kResourceExhausted, "no subject slot is free");
            at->second = *slot;
        }
        Result<bailiff_subject> row = world_.port.get_subject(at->second);
        if (!row) return tl::unexpected(row.error());
        if (fresh) {
            const std::uint32_t generation = row->generation + 1;
            *row = {};
            row->generation = generation;
        }
        row->profiles = policy::unbound_profiles(policy, i);
        row->policy = policy_slot;
        row->agent = static_cast<std::uint32_t>(i);
        if (Status written = world_.port.put_subject(at->second, *row); !written) return written;
    }
    // An agent that the policy no longer knows: what still runs of it has nothing.
    for (const auto& [name, subject] : agent_subjects_) {
        if (named.contains(name)) continue;
        Result<bailiff_subject> row = world_.port.get_subject(subject);
        if (!row) return tl::unexpected(row.error());
        row->profiles = {};
        row->policy = policy_slot;
        if (Status written = world_.port.put_subject(subject, *row); !written) return written;
    }
    return {};
}

// What makes a task an agent; then the tasks that run already. Also done again and again: files are
// replaced by upgrades, accounts come and go.
Status Manager::write_agents(const policy::Policy& policy) {
    std::map<std::string, AgentSubject> subjects;
    for (const auto& [name, slot] : agent_subjects_) {
        const Result<bailiff_subject> row = world_.port.get_subject(slot);
        if (!row) return tl::unexpected(row.error());
        subjects[name] = {slot, row->generation};
    }
    const Result<AgentTable> table = make_agent_table(world_.port, policy.settings, subjects);
    if (!table) return tl::unexpected(table.error());
    for (const std::string& told : table->notes)
        if (std::find(agent_notes_.begin(), agent_notes_.end(), told) == agent_notes_.end())
            note("agent_not_there", told);
    agent_notes_ = table->notes;
    if (Status put = world_.port.put_agents(table->matches); !put) return put;
    const Result<std::uint32_t> adopted = world_.port.adopt();
    if (!adopted) return tl::unexpected(adopted.error());
    if (*adopted != 0)
        note("adopted",
             std::to_string(*adopted) +
                 " running tasks are agents' now, with no session: the policy names them");
    return {};
}

void Manager::note(const char* reason, const std::string& message) const {
    v1::Record record;
    record.set_kind("policy.agents");
    record.set_reason(reason);
    record.set_message(message);
    world_.record(std::move(record));
}

} // namespace bailiff::session
