// Break-glass: an operator, with a token that an issuer signed for this one session, has the kernel
// let through and record what the session's rules for programs, files and addresses deny.
#include <algorithm>

#include "journal/utf8.h"
#include "session/boot_time.h"
#include "session/manager.h"

namespace bailiff::session {
namespace {

constexpr std::size_t kMaxReason = 1024;

// Why this caller and this token cannot relax the session, if so.
Status check(const Session& session, const token::BreakGlass& token, const std::string& reason,
             const Presenter& presenter) {
    if (token.session != session.name)
        return fail(ErrorCode::kPermissionDenied, "the token is for session " +
                                                      journal::to_utf8(token.session) +
                                                      ", not for " + session.name);
    if (presenter.uid == session.uid && presenter.uid != 0)
        return fail(ErrorCode::kPermissionDenied, "uid " + std::to_string(presenter.uid) +
                                                      " opened session " + session.name +
                                                      "; expected somebody else to relax it");
    if (reason.find_first_not_of(" \t\n") == std::string::npos || reason.size() > kMaxReason)
        return fail(
            ErrorCode::kInvalidArgument,
            "the reason: expected 1 to " + std::to_string(kMaxReason) + " bytes that say why");
    return {};
}

} // namespace

Result<const Session*> Manager::refuse_break_glass(const Session& session, const Error& error,
                                                   const std::string& by) {
    v1::Record record =
        record_of("session.refused", session, "break-glass refused: " + error.message());
    record.set_by(by);
    world_.record(std::move(record));
    return tl::unexpected(error);
}

Result<const Session*> Manager::break_glass(const std::string& name, const std::string& compact,
                                            const std::string& reason, const Presenter& presenter) {
    tick();
    Session* session = lookup(name);
    if (session == nullptr) return fail(ErrorCode::kNotFound, "no session " + name + " is known");
    const std::string by = presented_by(presenter);
    const Result<token::BreakGlass> token = verifier_->verify_break_glass(compact);
    if (!token) return refuse_break_glass(*session, token.error(), by);
    if (const Status fits = check(*session, *token, reason, presenter); !fits)
        return refuse_break_glass(*session, fits.error(), by);
    if (session->state != State::kActive)
        return refuse_break_glass(
            *session,
            {ErrorCode::kFailedPrecondition, "session " + name + " is over: it " + session->why},
            by);
    if (const Status used = world_.replay.consume(token->issuer, token->id, token->expires_at);
        !used)
        return refuse_break_glass(*session, used.error(), by);
    Session next = *session;
    next.relaxed_boot =
        std::min(session->expires_boot, boot_time_of(token->expires_at, world_.clock));
    // The record first: nothing is let through that the journal has no beginning of.
    v1::Record record = record_of("session.relaxed", *session,
                                  "break-glass: what the rules of session " + name +
                                      " deny is let through and recorded until " +
                                      relaxed_until(next) + ", vouched for by " + token->subject +
                                      " of " + token->issuer + ": " + reason);
    record.set_by(by);
    record.set_token_digest(token->digest);
    record.set_expires(relaxed_until(next));
    world_.record(std::move(record));
    if (const Status written = write_session_row(next, BAILIFF_SESSION_ACTIVE); !written)
        return refuse_break_glass(*session, written.error(), by);
    *session = std::move(next);
    save();
    return session;
}

std::string Manager::relaxed_until(const Session& session) const {
    if (session.relaxed_boot == 0) return "";
    const auto left = static_cast<std::int64_t>(session.relaxed_boot - world_.clock.boot_nanos());
    return TimeText(world_.clock.unix_nanos() + left).c_str();
}

void Manager::end_break_glass(Session& session) {
    session.relaxed_boot = 0;
    world_.record(
        record_of("session.enforced", session,
                  "break-glass is over: the rules of session " + session.name + " deny again"));
}

} // namespace bailiff::session
