#include "decision/approvals.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ids.h"

namespace bailiff::decision {
namespace {

constexpr std::uint64_t kHurry = 2'000'000'000;     // nanoseconds after an answer
constexpr std::uint64_t kForgotten = 5'000'000'000; // nanoseconds after a task was let go
constexpr std::size_t kAtATime = 128;               // each is a question to bailiff-kernel

} // namespace

void Approvals::add(const bailiff_hold& row, v1::Record asked) {
    const bailiff_event& event = row.event;
    const std::uint64_t hold = event.hold;
    if (row.mode != 0) {
        asked.mutable_object()->set_size(row.size);
        asked.mutable_object()->set_mode(row.mode);
        asked.mutable_object()->set_owner(row.owner);
    }
    Approval approval;
    approval.hold = hold;
    approval.id = approval_id(hold);
    approval.asked = std::move(asked);
    approval.pid = event.pid;
    approval.start_time = event.start_time;
    approval.deadline = row.deadline;
    approval.act = event;
    waiting_.try_emplace(hold, std::move(approval));
}

void Approvals::settled(std::uint64_t hold) {
    waiting_.erase(hold);
}

Result<const Approval*> Approvals::find(const std::string& id) const {
    std::uint64_t hold = 0;
    std::from_chars(id.data(), id.data() + id.size(), hold, 16);
    const auto found = waiting_.find(hold);
    if (found != waiting_.end() && found->second.id == id) return &found->second;
    return fail(ErrorCode::kNotFound, "no act with the approval \"" + id.substr(0, 64) +
                                          "\" waits: it was answered, or is over");
}

std::vector<const Approval*> Approvals::list() const {
    std::vector<const Approval*> all;
    for (const auto& [hold, approval] : waiting_) all.push_back(&approval);
    std::sort(all.begin(), all.end(), [](const Approval* a, const Approval* b) {
        return std::pair(a->asked.time(), a->hold) < std::pair(b->asked.time(), b->hold);
    });
    return all;
}

bool Approvals::hurries() const {
    const std::uint64_t now = clock_.boot_nanos();
    return std::any_of(waiting_.begin(), waiting_.end(), [now](const auto& entry) {
        const Approval& approval = entry.second;
        return approval.answer && now - approval.answered_at < kHurry;
    });
}

// The task's row in the kernel is what counts: it went with a task that is gone.
bool Approvals::waits(const Approval& approval) {
    const auto row = port_.find_hold(approval.hold);
    return !row || row->has_value(); // one that cannot be read is looked at again
}

Status Approvals::check(const std::string& id) {
    const Result<const Approval*> found = find(id);
    if (!found) return tl::unexpected(found.error());
    const Approval& approval = **found;
    if (approval.answer)
        return fail(ErrorCode::kFailedPrecondition, "approval " + id + " was answered already");
    if (clock_.boot_nanos() >= approval.deadline)
        return fail(ErrorCode::kFailedPrecondition, "the time of approval " + id + " is over");
    if (!waits(approval)) {
        waiting_.erase(approval.hold);
        return fail(ErrorCode::kNotFound, "approval " + id + " waits no more: its task is gone");
    }
    return {};
}

Status Approvals::answer(const std::string& id, bailiff_verdict verdict) {
    if (Status open = check(id); !open) return open;
    Approval& approval = waiting_.at((*find(id))->hold);
    if (Status given = port_.answer(approval.hold, verdict); !given) return given;
    approval.answer = verdict;
    approval.answered_at = clock_.boot_nanos();
    (void)port_.resume(approval.pid, approval.start_time); // and again, until it is taken
    return {};
}

void Approvals::tick(const std::function<bool(const v1::Record&)>& is_over) {
    const std::uint64_t now = clock_.boot_nanos();
    std::vector<std::uint64_t> gone;
    auto at = waiting_.lower_bound(turn_);
    for (std::size_t i = 0; i < std::min(kAtATime, waiting_.size()); i++, ++at) {
        if (at == waiting_.end()) at = waiting_.begin();
        auto& [hold, approval] = *at;
        turn_ = hold + 1;
        if (!waits(approval)) {
            gone.push_back(hold);
            continue;
        }
        const bool due = now >= approval.deadline;
        if (!approval.answer && !due && !is_over(approval.asked)) continue;
        const Status resumed = port_.resume(approval.pid, approval.start_time);
        const bool left = !resumed && resumed.error().code() == ErrorCode::kNotFound;
        // While bailiff-kernel is away a task stays stopped, however long it is due.
        if (resumed && due && approval.let_go_at == 0) approval.let_go_at = now;
        const bool over = approval.let_go_at != 0 && now - approval.let_go_at >= kForgotten;
        if (left || over) gone.push_back(hold);
    }
    for (const std::uint64_t hold : gone) {
        port_.forget_hold(hold); // an answer that nobody took
        waiting_.erase(hold);
    }
}

} // namespace bailiff::decision
