#include "bailiffd/preserver.h"

#include "session/images.h"

namespace bailiff::daemon {
namespace {

// Who waits longer than this may have stopped (bpf/hold.h, KEEPING).
constexpr std::uint64_t kGoesOnByItself = 40'000'000; // nanoseconds

} // namespace

bool waits_to_be_kept(const bailiff_event& event) {
    return event.kind == BAILIFF_EVENT_VERDICT && event.hold != 0 &&
           event.verdict == BAILIFF_VERDICT_PRESERVE && event.reason != BAILIFF_REASON_PRESERVED;
}

Status Preserver::keep(const bailiff_event& event) {
    if ((event.flags & BAILIFF_EVENT_TRUNCATED) != 0)
        return fail(ErrorCode::kResourceExhausted, "its path is longer than a record");
    undo::Wanted wanted;
    wanted.action = event.hold;
    wanted.loss = event.right == BAILIFF_RIGHT_DELETE ? undo::Loss::kRemoved : undo::Loss::kChanged;
    wanted.account = event.uid;
    if (const session::Session* session = manager_.find_slot(event.session, event.session_epoch)) {
        wanted.session = session->name;
        wanted.account = session->uid;
    }
    wanted.seen = {event.ino, event.dev, event.generation, 0, 0};
    wanted.path = session::first_path(event);
    const policy::UndoSettings& undo = manager_.tables()->policy().settings.undo;
    const auto kept = port_.keep(wanted, {undo.max_copy, undo.quota, undo.entries});
    return kept ? Status{} : tl::unexpected(kept.error());
}

Status Preserver::preserve(const bailiff_event& event) {
    if (Status kept = keep(event); !kept) return kept;
    if (Status given = port_.answer(event.hold, BAILIFF_VERDICT_PRESERVE); !given) return given;
    if (clock_.boot_nanos() - event.time > kGoesOnByItself)
        (void)port_.resume(event.pid, event.start_time); // and again, while its row is there
    return {};
}

} // namespace bailiff::daemon
