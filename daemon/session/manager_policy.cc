#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/account.h"
#include "session/agent_table.h"
#include "session/manager.h"
#include "session/own_files.h"

namespace bailiff::session {
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
        to.break_glass = from.break_glass;
        issuers.push_back(std::move(to));
    }
    return issuers;
}

// Not one that any subject in the kernel still names. What is over is denied whatever its row
// names.
Result<std::uint8_t> Manager::free_policy_slot() const {
    std::set<std::uint32_t> subjects;
    for (const auto& [name, session] : sessions_)
        if (session.state == State::kActive) subjects.insert(session.subject);
    for (const auto& [name, subject] : agent_subjects_) subjects.insert(subject);
    std::set<std::uint32_t> used;
    if (tables_) used.insert(tables_->slot());
    for (const std::uint32_t subject : subjects) {
        const Result<bailiff_subject> row = world_.port.get_subject(subject);
        if (!row) return tl::unexpected(row.error());
        used.insert(row->policy);
    }
    for (std::uint8_t slot = 0; slot < kPolicySlots; slot++)
        if (!used.contains(slot)) return slot;
    return fail(ErrorCode::kInternal, "every policy slot of the kernel is in use");
}

// The subject and session rows that a new policy rewrites, and how they were. An undone row keeps
// its new generation: tasks that got it meanwhile must not pass to who has the slot next.
class Manager::Change {
public:
    explicit Change(kernel::KernelPort& port) : port_(port) {}
    [[nodiscard]] Status put(std::uint32_t slot, const bailiff_subject& row) {
        Result<bailiff_subject> before = port_.get_subject(slot);
        if (!before) return tl::unexpected(before.error());
        before->generation = row.generation;
        before_.emplace_back(slot, *before);
        return port_.put_subject(slot, row);
    }
    [[nodiscard]] Status put_session(std::uint32_t slot, const bailiff_session& row) {
        const Result<bailiff_session> before = port_.get_session(slot);
        if (!before) return tl::unexpected(before.error());
        sessions_before_.emplace_back(slot, *before);
        return port_.put_session(slot, row);
    }
    void undo() {
        for (const auto& [slot, row] : before_) (void)port_.put_subject(slot, row);
        for (const auto& [slot, row] : sessions_before_) (void)port_.put_session(slot, row);
    }

private:
    kernel::KernelPort& port_;
    std::vector<std::pair<std::uint32_t, bailiff_subject>> before_;
    std::vector<std::pair<std::uint32_t, bailiff_session>> sessions_before_;
};

Result<std::uint32_t> Manager::load_policy(std::shared_ptr<const policy::Policy> policy) {
    auto verifier = token::Verifier::create(issuers_of(policy->settings), world_.clock);
    if (!verifier) return tl::unexpected(verifier.error());
    if (!restored_)
        if (Status restored = restore(); !restored) return tl::unexpected(restored.error());
    const Result<Sights> sights = look_around();
    if (!sights) return tl::unexpected(sights.error());
    Bindings bindings;
    for (const auto& [name, session] : sessions_)
        if (session.state == State::kActive)
            bindings[session.slot] = {session.variables, view_of(session)};
    const Result<std::uint8_t> slot = free_policy_slot();
    if (!slot) return tl::unexpected(slot.error());
    auto tables = PolicyTables::install(world_.port, policy, *slot, bindings, *sights);
    if (!tables) return tl::unexpected(tables.error());
    if (Status written = write_no_session(); !written) return tl::unexpected(written.error());
    Grants grants;
    for (const auto& [name, session] : sessions_) {
        if (session.state != State::kActive) continue;
        const std::optional<Account> account = account_by_uid(session.uid);
        grants.emplace(name, grant_for(*policy, session.token, session.uid,
                                       account ? account->name : std::string()));
    }
    if (Status moved = move_kernel(*policy, *slot, grants); !moved)
        return tl::unexpected(moved.error());
    // From here on the new policy stands, and nothing can fail.
    verifier_ = std::move(*verifier);
    previous_ = std::exchange(tables_, std::move(*tables));
    archived_labels_ = 0;
    contents_.hash(tables_->to_hash());
    contents_.find_links(policy->image.denied_paths());
    const std::uint32_t revoked = settle_sessions(grants);
    if (previous_)
        if (Status cleared = world_.port.clear_policy(previous_->slot()); !cleared)
            note("old_policy",
                 "what is left of the policy before takes up room in the kernel's "
                 "tables: " +
                     cleared.error().message());
    save();
    return revoked;
}

// Session 0 is "no session": it never ends, and its subjects have what `unbound` gives. Where it
// was not there no policy was, since these tables were made, and no agent was watched.
Status Manager::write_no_session() {
    const Result<bailiff_session> before = world_.port.get_session(0);
    if (!before) return tl::unexpected(before.error());
    first_policy_ = before->state == BAILIFF_SESSION_FREE;
    bailiff_session none = {};
    none.state = BAILIFF_SESSION_ACTIVE;
    none.expires_at = ~0ULL;
    return world_.port.put_session(0, none);
}

// Everything in the kernel that names the policy. All of it, or nothing.
Status Manager::move_kernel(const policy::Policy& policy, std::uint8_t policy_slot,
                            const Grants& grants) {
    Change change(world_.port);
    const auto subjects_before = agent_subjects_;
    const auto matches_before = agent_matches_;
    Status moved = move_sessions(policy_slot, grants, change);
    if (moved) moved = write_agent_subjects(policy, policy_slot, change);
    if (moved) moved = write_agents(policy);
    // Last: mode observe must not come with a policy that then does not stand.
    if (moved) moved = world_.port.set_observe(policy.settings.observe);
    if (moved) return moved;
    change.undo();
    agent_matches_ = matches_before;
    if (tables_) (void)write_matches();
    for (const auto& [name, subject] : std::exchange(agent_subjects_, subjects_before))
        if (!subjects_before.contains(name)) subject_slots_.give_back(subject);
    return moved;
}

// A session that the policy gives nothing has no profile until settle_sessions() revokes it.
Status Manager::move_sessions(std::uint8_t policy_slot, const Grants& grants, Change& change) {
    for (const auto& [name, granted] : grants) {
        const std::uint32_t subject = sessions_.at(name).subject;
        Result<bailiff_subject> row = world_.port.get_subject(subject);
        if (!row) return tl::unexpected(row.error());
        row->profiles = granted ? granted->profiles : bailiff_mask{};
        row->policy = policy_slot;
        if (Status written = change.put(subject, *row); !written) return written;
        Session session = sessions_.at(name);
        if (!granted || granted->kill == session.kill) continue;
        session.kill = granted->kill;
        const bailiff_session row_now = row_of(session, BAILIFF_SESSION_ACTIVE);
        if (Status written = change.put_session(session.slot, row_now); !written) return written;
    }
    return {};
}

std::uint32_t Manager::settle_sessions(const Grants& grants) {
    std::uint32_t revoked = 0;
    for (const auto& [name, granted] : grants) {
        Session& session = sessions_.at(name);
        if (granted) {
            session.profiles = granted->names;
            session.kill = granted->kill;
            session.agent = tables_->policy().settings.agents[granted->agent].name;
            continue;
        }
        close(session, State::kRevoked,
              "was revoked by a change of policy: " + granted.error().message(), "policy");
        revoked++;
    }
    return revoked;
}

// The subjects that agents without a session are.
Status Manager::write_agent_subjects(const policy::Policy& policy, std::uint8_t policy_slot,
                                     Change& change) {
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
        if (Status written = change.put(at->second, *row); !written) return written;
    }
    // An agent that the policy no longer knows: what still runs of it has nothing.
    for (const auto& [name, subject] : agent_subjects_) {
        if (named.contains(name)) continue;
        Result<bailiff_subject> row = world_.port.get_subject(subject);
        if (!row) return tl::unexpected(row.error());
        row->profiles = {};
        row->policy = policy_slot;
        if (Status written = change.put(subject, *row); !written) return written;
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
    // Again each time: a link in an agent's folder can lead elsewhere by now.
    const policy::OwnHost host = policy::OwnHost::look();
    if (Status harmless = check_own_files(world_.port, *table, host.files()); !harmless)
        return harmless;
    for (const std::string& told : table->notes)
        if (std::find(agent_notes_.begin(), agent_notes_.end(), told) == agent_notes_.end())
            note("agent_not_there", told);
    agent_notes_ = table->notes;
    agent_matches_ = table->matches;
    if (Status put = write_matches(); !put) return put;
    const Result<kernel::Adoption> adopted = world_.port.adopt();
    if (!adopted) return tl::unexpected(adopted.error());
    if (adopted->tasks != 0)
        note("adopted",
             std::to_string(adopted->tasks) +
                 " running tasks are subjects now: the policy names their agents, or a session "
                 "their control group");
    if (std::exchange(first_policy_, false)) note_unwatched(adopted->subjects);
    return {};
}

// What ran of each agent before anything could be denied to it.
void Manager::note_unwatched(const std::vector<kernel::Adopted>& found) const {
    const std::int64_t now = world_.clock.unix_nanos();
    const std::uint64_t boot_now = world_.clock.boot_nanos();
    for (const kernel::Adopted& one : found) {
        const std::string agent = unbound_agent(one.subject);
        if (agent.empty()) continue; // a session's control group
        const auto age = static_cast<std::int64_t>(boot_now - std::min(one.start_time, boot_now));
        v1::Record record;
        record.set_kind("agent.unwatched");
        record.set_agent(agent);
        record.mutable_process()->set_pid(one.pid);
        record.mutable_process()->set_start_time_ns(one.start_time);
        record.set_tasks(one.tasks);
        record.set_unwatched_since(TimeText(now - age).c_str());
        record.set_unwatched_until(TimeText(now).c_str());
        record.set_message("agent " + agent + " ran unwatched from " + record.unwatched_since() +
                           " to " + record.unwatched_until() + ", before there was a policy in " +
                           "the kernel: " + std::to_string(one.tasks) +
                           (one.tasks == 1 ? " task" : " tasks") + ", the oldest process " +
                           std::to_string(one.pid));
        world_.record(std::move(record));
    }
}

void Manager::note(const char* reason, const std::string& message) const {
    v1::Record record;
    record.set_kind("policy.agents");
    record.set_reason(reason);
    record.set_message(message);
    world_.record(std::move(record));
}

} // namespace bailiff::session
