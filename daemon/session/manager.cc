#include "session/manager.h"

#include <algorithm>
#include <utility>

namespace bailiff::session {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kRemembered = 3600 * kSecond; // how long a session that is over is known
constexpr std::size_t kSavedOver = 1000;             // sessions that are over, in the state file
constexpr std::size_t kMaxMounts = 4096; // of a container: with more it is not looked into
constexpr std::uint64_t kWarning = 60 * static_cast<std::uint64_t>(kSecond);

const char* kind_of(State state) {
    if (state == State::kExpired) return "session.expired";
    return state == State::kRevoked ? "session.revoked" : "session.ended";
}

v1::Record killed_record(const Session& session, const Result<kernel::Killed>& done) {
    v1::Record record = record_of("session.killed", session, "");
    if (!done) {
        record.set_kind("posture");
        record.set_reason("kill-failed");
        record.set_message(
            "what session " + session.name +
            " left cannot be killed yet, and dies at its next call: " + done.error().message());
        return record;
    }
    record.set_killed(done->killed);
    std::string message = "processes that session " + session.name +
                          " left and that were killed: " + std::to_string(done->killed);
    if (done->left != 0)
        message += "; " + std::to_string(done->left) +
                   " of them sleep in the kernel and die when they wake";
    record.set_message(message);
    return record;
}

} // namespace

// The last slot of each table is the probes'.
Manager::Manager(Surroundings surroundings)
    : world_(std::move(surroundings)),
      contents_(world_.port, world_.record),
      session_slots_(1, BAILIFF_MAX_SESSIONS - 2),
      subject_slots_(1, BAILIFF_MAX_SUBJECTS - 2) {}

Session* Manager::lookup(const std::string& name) {
    const auto found = sessions_.find(name);
    return found == sessions_.end() ? nullptr : &found->second;
}

const Session* Manager::find(const std::string& name) const {
    const auto found = sessions_.find(name);
    return found == sessions_.end() ? nullptr : &found->second;
}

bool Manager::is_over(const std::string& name) const {
    const Session* session = find(name);
    return session == nullptr || session->state != State::kActive;
}

const Session* Manager::find_slot(std::uint32_t slot, std::uint32_t epoch) const {
    for (const auto& [name, session] : sessions_)
        if (session.slot == slot && session.epoch == epoch) return &session;
    return nullptr;
}

const Session* Manager::find_subject(std::uint32_t subject) const {
    const Session* found = nullptr;
    for (const auto& [name, session] : sessions_) {
        if (session.subject != subject) continue;
        if (session.state == State::kActive) return &session;
        found = &session;
    }
    return found;
}

const Session* Manager::find_subject(std::uint32_t subject, std::uint32_t generation) const {
    for (const auto& [name, session] : sessions_)
        if (session.subject == subject && session.generation == generation) return &session;
    return nullptr;
}

std::string Manager::unbound_agent(std::uint32_t subject) const {
    for (const auto& [name, slot] : agent_subjects_)
        if (slot == subject) return name;
    return "";
}

std::string Manager::unbound_agent(std::uint32_t subject, std::uint32_t generation) const {
    const Result<bailiff_subject> row = world_.port.get_subject(subject);
    return row && row->generation == generation ? unbound_agent(subject) : "";
}

std::vector<const Session*> Manager::list() const {
    std::vector<const Session*> all;
    for (const auto& [name, session] : sessions_) all.push_back(&session);
    return all;
}

Status Manager::write_session_row(const Session& session, bailiff_session_state state) {
    return world_.port.put_session(session.slot, row_of(session, state));
}

Result<const Session*> Manager::end(const std::string& name, const std::string& why,
                                    const std::string& by) {
    tick(); // a session whose time has passed has expired, whoever ends it now
    Session* session = lookup(name);
    if (session == nullptr) return fail(ErrorCode::kNotFound, "no session " + name + " is known");
    if (session->state == State::kActive) close(*session, State::kEnded, why, by);
    return session;
}

Result<const Session*> Manager::revoke(const std::string& name, const std::string& reason,
                                       const std::string& by) {
    tick();
    Session* session = lookup(name);
    if (session == nullptr) return fail(ErrorCode::kNotFound, "no session " + name + " is known");
    if (session->state != State::kActive)
        return fail(ErrorCode::kFailedPrecondition,
                    "session " + name + " is over: it " + session->why);
    close(*session, State::kRevoked, "was revoked by " + by + (reason.empty() ? "" : ": " + reason),
          by);
    return session;
}

void Manager::close(Session& session, State state, const std::string& why, const std::string& by) {
    // The kernel first: what follows is bookkeeping. An expired session needs no write: the kernel
    // compares the time itself.
    if (state != State::kExpired) {
        const Status written = write_session_row(
            session, state == State::kRevoked ? BAILIFF_SESSION_REVOKED : BAILIFF_SESSION_ENDED);
        if (!written) {
            v1::Record record = record_of("posture", session,
                                          "the kernel row of session " + session.name +
                                              " cannot be written: " + written.error().message());
            record.set_reason("write-failed");
            world_.record(std::move(record));
        }
    }
    session.state = state;
    session.relaxed_boot = 0;
    session.why = why;
    session.ended_at = world_.clock.unix_nanos();
    v1::Record record = record_of(kind_of(state), session, "session " + session.name + " " + why);
    record.set_by(by);
    world_.record(std::move(record));
    if (session.kill) to_kill_.push_back({session.name, session.subject, session.generation});
    if (tables_) tables_->unbind(session.slot);
    if (!session.cgroup.empty())
        if (const Status written = write_matches(); !written)
            note("cgroup", "what enters " + session.cgroup + " is denied for longer than session " +
                               session.name + " stood: " + written.error().message());
    world_.port.forget_session(session.slot);
    session_slots_.give_back(session.slot);
    subject_slots_.give_back(session.subject);
    save();
    kill_leftovers();
}

// What the policy says makes a task an agent, and the cgroups that are bound to sessions: `extra`
// is one that is being opened.
Status Manager::write_matches(const Session* extra) {
    std::vector<kernel::AgentMatch> matches = agent_matches_;
    const auto add = [&matches](const Session& session) {
        if (session.cgroup.empty()) return;
        kernel::AgentMatch match;
        match.key.kind = BAILIFF_OBJECT_CGROUP;
        match.key.ino = session.cgroup_id;
        match.subject = session.subject;
        match.generation = session.generation;
        matches.push_back(match);
    };
    for (const auto& [name, session] : sessions_)
        if (session.state == State::kActive) add(session);
    if (extra != nullptr) add(*extra);
    return world_.port.put_agents(matches);
}

// Where bailiff-kernel does not answer it is asked again each second. The slot may be another
// session's by then: the generation tells whose tasks are meant.
void Manager::kill_leftovers() {
    std::erase_if(to_kill_, [this](Leftovers& left) {
        const Result<kernel::Killed> done = world_.port.kill_tasks(left.subject, left.generation);
        const bool news = done ? done->killed != 0 : !std::exchange(left.told, true);
        if (const Session* session = find(left.session); session != nullptr && news)
            world_.record(killed_record(*session, done));
        return done.has_value();
    });
}

void Manager::leader_gone(const std::string& name) {
    tick(); // its command may have exited because it expired
    Session* session = lookup(name);
    if (session == nullptr || session->state != State::kActive) return;
    session->leader_gone = true;
    if (!session->wait_tree) close(*session, State::kEnded, "ended: its command exited", "kernel");
}

void Manager::tick() {
    if (!to_kill_.empty()) kill_leftovers();
    contents_.tick();
    const std::uint64_t now = world_.clock.boot_nanos();
    for (auto& [name, session] : sessions_) {
        if (session.state != State::kActive) continue;
        if (now >= session.expires_boot) {
            close(session, State::kExpired, "expired with its token", "kernel");
            continue;
        }
        if (session.relaxed_boot != 0 && now >= session.relaxed_boot) end_break_glass(session);
        const auto life = static_cast<std::uint64_t>(
            (session.token.expires_at - session.token.issued_at) * kSecond);
        if (!session.warned && session.expires_boot - now <= std::min(kWarning, life / 5)) {
            session.warned = true;
            world_.record(record_of("session.expiring", session,
                                    "session " + name + " expires in " +
                                        std::to_string((session.expires_boot - now) / kSecond) +
                                        " s; after that everything it does is denied"));
        }
        if (!session.leader_gone || !session.wait_tree) continue;
        const Result<std::uint32_t> left = world_.port.count_tasks(session.subject);
        if (left && *left == 0)
            close(session, State::kEnded, "ended: the last process of its tree exited", "kernel");
    }
    std::erase_if(sessions_, [this](const auto& entry) {
        return entry.second.state != State::kActive &&
               world_.clock.unix_nanos() - entry.second.ended_at > kRemembered;
    });
}

Status Manager::relabel() {
    if (!tables_) return {};
    const Result<Sights> sights = look_around();
    if (!sights) return tl::unexpected(sights.error());
    if (Status refreshed = tables_->refresh(*sights); !refreshed) return refreshed;
    contents_.hash(tables_->to_hash());
    return {};
}

Status Manager::refresh() {
    if (!tables_) return {};
    if (Status done = relabel(); !done) return done;
    return write_agents(tables_->policy());
}

// What is mounted on the host, and in each container that has its root on it or a session in it.
Result<Sights> Manager::look_around(const Session* extra) {
    const Result<std::vector<Mount>> mounts = world_.mounts();
    if (!mounts) return tl::unexpected(mounts.error());
    Sights sights = sights_of(*mounts);
    const auto add = [&](const Session& session) {
        const kernel::View view = view_of(session);
        if (view.is_host() || !world_.mounts_of) return;
        if (auto seen = world_.mounts_of(view.pid); seen && seen->size() <= kMaxMounts)
            sights.containers.push_back({view, std::move(*seen)});
    };
    for (const auto& [name, session] : sessions_)
        if (session.state == State::kActive) add(session);
    if (extra != nullptr) add(*extra);
    std::set<kernel::View> now;
    for (const Sight& sight : sights.containers) now.insert(sight.view);
    for (const kernel::View& before : std::exchange(views_, now))
        if (!now.contains(before)) world_.port.forget(before);
    return sights;
}

Manager::Explanation Manager::explain(const bailiff_event& event) const {
    bailiff_decision decision{};
    decision.label = event.label;
    decision.profile = event.profile;
    decision.verdict = event.verdict;
    decision.reason = event.reason;
    const policy::Image* image = nullptr;
    const policy::Label* label = nullptr;
    for (const PolicyTables* tables : {tables_.get(), previous_.get()}) {
        if (tables == nullptr || tables->slot() != event.policy || image != nullptr) continue;
        image = &tables->policy().image;
        label = tables->labels().find(event.label);
    }
    if (image == nullptr && tables_ && archive_.is_of(tables_->policy(), event.policy)) {
        image = &tables_->policy().image; // the same file was compiled, so the same rules
        label = archive_.find(event.label);
    }
    if (image == nullptr || event.profile >= image->bits.size()) return {};
    return {policy::explain(*image, label, decision, event.right),
            image->bits[event.profile].profile};
}

void Manager::save_labels() {
    if (!tables_ || archived_labels_ == tables_->labels().labels().size()) return;
    if (LabelArchive::save(world_.labels_file, *tables_))
        archived_labels_ = tables_->labels().labels().size();
}

void Manager::save() {
    save_labels();
    SavedState state;
    state.boot_id = world_.boot_id;
    state.agent_subjects = agent_subjects_;
    // The newest of what is over: names sort by age, and the file is written at each change.
    std::size_t over = 0;
    for (auto at = sessions_.rbegin(); at != sessions_.rend(); ++at)
        if (at->second.state == State::kActive || ++over <= kSavedOver)
            state.sessions.push_back(at->second);
    if (const Status saved = save_state(world_.state_file, state); !saved)
        note_state_file("sessions will not be known after a restart: " + saved.error().message());
}

void Manager::note_state_file(const std::string& message) const {
    v1::Record record;
    record.set_kind("posture");
    record.set_reason("state-file");
    record.set_message(message);
    world_.record(std::move(record));
}

} // namespace bailiff::session
