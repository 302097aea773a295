#include "bailiffd/preserver.h"

#include <algorithm>

#include "bailiffd/undo_limits.h"

namespace bailiff::daemon {
namespace {

// Who waits longer than this may have stopped (bpf/hold.h, KEEPING).
constexpr std::uint64_t kGoesOnByItself = 40'000'000; // nanoseconds
constexpr std::uint64_t kPatience = 20'000'000'000;   // nanoseconds for bailiff-kernel to come back

} // namespace

bool waits_to_be_kept(const bailiff_event& event) {
    return event.kind == BAILIFF_EVENT_VERDICT && event.hold != 0 &&
           event.verdict == BAILIFF_VERDICT_PRESERVE && event.reason != BAILIFF_REASON_PRESERVED;
}

Status Preserver::keep(const bailiff_event& event) {
    const session::Session* session = manager_.find_slot(event.session, event.session_epoch);
    const auto kept =
        port_.keep(event.hold, session == nullptr ? "" : session->name,
                   session == nullptr ? event.uid : session->uid, undo_limits(manager_));
    return kept ? Status{} : tl::unexpected(kept.error());
}

// One that cannot be read is taken to wait.
bool Preserver::waits(std::uint64_t hold) {
    const auto row = port_.find_hold(hold);
    return !row || row->has_value();
}

Status Preserver::preserve(const bailiff_event& event) {
    if (!waits(event.hold)) return {};
    const std::uint64_t age = clock_.boot_nanos() - event.time;
    if (Status kept = keep(event); !kept) {
        if (kept.error().code() != ErrorCode::kUnavailable || age > kPatience) return kept;
        delayed_.insert_or_assign(bailiff_seat(event.hold), event);
        return {};
    }
    if (Status given = port_.answer(event.hold, BAILIFF_VERDICT_PRESERVE); !given) return given;
    if (!waits(event.hold)) { // it took the answer, or is gone: nobody else may find it
        port_.forget_hold(event.hold);
        return {};
    }
    answered_.push_back({event.hold, event.pid, event.start_time});
    if (clock_.boot_nanos() - event.time > kGoesOnByItself)
        (void)port_.resume(event.pid, event.start_time); // and again, see tick()
    return {};
}

void Preserver::add(const bailiff_event& act) {
    waiting_.insert_or_assign(bailiff_seat(act.hold), act);
}

std::optional<Preserver::NotKept> Preserver::next() {
    if (waiting_.empty()) return std::nullopt;
    auto first = waiting_.lower_bound(turn_);
    if (first == waiting_.end()) first = waiting_.begin();
    turn_ = (first->first / BAILIFF_MAX_HOLDS_OF_SESSION + 1) * BAILIFF_MAX_HOLDS_OF_SESSION;
    const auto oldest = std::min_element(
        first, waiting_.lower_bound(turn_),
        [](const auto& a, const auto& b) { return a.second.time < b.second.time; });
    const bailiff_event act = oldest->second;
    waiting_.erase(oldest);
    const Status kept = preserve(act);
    return kept ? std::nullopt : std::optional(NotKept{act, kept.error()});
}

void Preserver::tick() {
    waiting_.merge(delayed_); // a newer act of a seat stays
    delayed_.clear();
    std::erase_if(answered_, [this](const Answered& one) {
        if (!waits(one.hold)) {
            port_.forget_hold(one.hold);
            return true;
        }
        const Status resumed = port_.resume(one.pid, one.start_time);
        return !resumed && resumed.error().code() == ErrorCode::kNotFound;
    });
}

} // namespace bailiff::daemon
