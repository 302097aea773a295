#include <algorithm>
#include <set>

#include "bailiff/verdict.h"
#include "session/manager.h"

namespace bailiff::session {

// Takes up what a daemon before this one left in the kernel, and closes what it did not write down.
Status Manager::restore() {
    archive_ = LabelArchive::load(world_.labels_file);
    const Result<SavedState> saved = load_state(world_.state_file);
    if (saved) {
        for (const std::string& entry : saved->damaged)
            note_state_file("a session in " + world_.state_file +
                            " cannot be understood and is revoked where it is open: " + entry);
        if (Status taken = take_up(*saved); !taken) return taken;
    } else if (saved.error().code() != ErrorCode::kNotFound) {
        note_state_file("sessions of an earlier daemon are not known: " + saved.error().message());
    }
    if (Status closed = close_unknown_sessions(); !closed) return closed;
    if (Status closed = close_unknown_agents(); !closed) return closed;
    restored_ = true;
    return {};
}

Status Manager::take_up(const SavedState& saved) {
    const bool same_boot = saved.boot_id == world_.boot_id;
    if (same_boot) agent_subjects_ = saved.agent_subjects;
    for (const auto& [name, subject] : agent_subjects_) subject_slots_.take(subject);
    for (const Session& session : saved.sessions) {
        if (session.state != State::kActive) {
            // Epochs start again with the machine: its events would be taken for this session's.
            if (same_boot) sessions_[session.name] = session;
            continue;
        }
        const Result<bailiff_session> row = world_.port.get_session(session.slot);
        if (!row) return tl::unexpected(row.error());
        const bool there = same_boot && row->epoch == session.epoch &&
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
        sessions_[session.name].relaxed_boot = row->relaxed_until;
        sessions_[session.name].kill = (row->flags & BAILIFF_SESSION_KILL) != 0;
    }
    return {};
}

// Opened by a daemon that was killed before it could write it down, or lost with the state file:
// nobody could end it, and its profiles would be read as another policy's.
Status Manager::close_unknown_sessions() {
    std::set<std::uint32_t> known;
    for (const auto& [name, session] : sessions_)
        if (session.state == State::kActive) known.insert(session.slot);
    for (std::uint32_t slot = 1; slot <= BAILIFF_MAX_SESSIONS - 2; slot++) {
        if (known.contains(slot)) continue;
        Result<bailiff_session> row = world_.port.get_session(slot);
        if (!row) return tl::unexpected(row.error());
        if (row->state != BAILIFF_SESSION_ACTIVE || row->expires_at <= world_.clock.boot_nanos())
            continue;
        row->state = BAILIFF_SESSION_REVOKED;
        if (Status written = world_.port.put_session(slot, *row); !written) return written;
        Id id{};
        std::copy(std::begin(row->id), std::end(row->id), id.begin());
        v1::Record record;
        record.set_kind("session.revoked");
        record.set_session(session_name(id));
        record.set_message("session " + session_name(id) +
                           " was revoked: the kernel held it and no state file knows it");
        world_.record(std::move(record));
    }
    return {};
}

// The same for agents without a session.
Status Manager::close_unknown_agents() {
    std::set<std::uint32_t> known;
    for (const auto& [name, subject] : agent_subjects_) known.insert(subject);
    for (std::uint32_t slot = 1; slot <= BAILIFF_MAX_SUBJECTS - 2; slot++) {
        if (known.contains(slot)) continue;
        Result<bailiff_subject> row = world_.port.get_subject(slot);
        if (!row) return tl::unexpected(row.error());
        if (row->session != 0 || bailiff_mask_any(&row->profiles) == 0) continue;
        row->profiles = {};
        if (Status written = world_.port.put_subject(slot, *row); !written) return written;
    }
    return {};
}

} // namespace bailiff::session
