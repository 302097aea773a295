#include <algorithm>

#include "session/manager.h"

namespace bailiff::session {

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

} // namespace bailiff::session
