#include "session/session.h"

#include <algorithm>

#include "base/clock.h"

namespace bailiff::session {

const char* to_string(State state) {
    switch (state) {
        case State::kActive:
            return "active";
        case State::kExpired:
            return "expired";
        case State::kEnded:
            return "ended";
        case State::kRevoked:
            return "revoked";
    }
    return "";
}

std::optional<State> parse_state(std::string_view text) {
    for (const State state : {State::kActive, State::kExpired, State::kEnded, State::kRevoked})
        if (text == to_string(state)) return state;
    return std::nullopt;
}

void describe_token(const token::Token& token, v1::Record& record) {
    record.set_user_issuer(token.issuer);
    record.set_user(token.subject);
    for (const token::Actor& actor : token.actors) {
        v1::Actor* out = record.add_actors();
        out->set_issuer(actor.issuer);
        out->set_subject(actor.subject);
        out->set_profile(actor.profile);
    }
    record.set_actor_source(token.actor_source);
    record.set_task(token.task);
}

kernel::View view_of(const Session& session) {
    if (!session.container_root) return {};
    return {static_cast<std::uint32_t>(session.pid), session.start_time, "",
            *session.container_root};
}

bailiff_session row_of(const Session& session, bailiff_session_state state) {
    bailiff_session row = {};
    row.expires_at = session.expires_boot;
    row.state = state;
    row.epoch = session.epoch;
    std::copy(session.id.begin(), session.id.end(), row.id);
    row.started_at = session.started_boot;
    row.relaxed_until = session.relaxed_boot;
    // With no daemon alive the first denied call ends the process.
    if (session.kill) row.flags |= BAILIFF_SESSION_KILL;
    return row;
}

v1::Record record_of(const std::string& kind, const Session& session, const std::string& message) {
    v1::Record record;
    record.set_kind(kind);
    record.set_session(session.name);
    describe_token(session.token, record);
    record.set_task_note(session.task_note);
    record.set_agent(session.agent);
    record.set_message(message);
    record.set_token_digest(session.token.digest);
    record.set_expires(TimeText(session.token.expires_at * 1'000'000'000).c_str());
    return record;
}

} // namespace bailiff::session
