#include "kernel/keeping.h"

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "kernel/enrolment.h"
#include "kernel/event_text.h"
#include "kernel/holds.h"

namespace bailiff::kernel {
namespace {

// Nothing is forgotten sooner, whoever asks.
constexpr std::int64_t kShortest = 3'600'000'000'000; // nanoseconds

class ProgramExaminer final : public undo::Examiner {
public:
    explicit ProgramExaminer(Programs& programs) : programs_(programs) {}
    Result<bailiff_file> examine(int fd) override { return kernel::examine(programs_, fd); }

private:
    Programs& programs_;
};

Result<std::optional<bailiff_hold>> find_hold(const Programs& programs, std::uint64_t hold) {
    const Result<int> map = programs.map_fd("holds");
    if (!map) return tl::unexpected(map.error());
    return read_hold(*map, hold);
}

// What the act would destroy, by the kernel's word: of whoever asks only the id is taken.
Result<undo::Wanted> find_act(const Programs& programs, std::uint64_t hold) {
    const auto row = find_hold(programs, hold);
    if (!row) return tl::unexpected(row.error());
    if (!row->has_value() || (*row)->event.verdict != BAILIFF_VERDICT_PRESERVE)
        return fail(ErrorCode::kNotFound, "no such act waits to be preserved");
    const bailiff_event& act = (*row)->event;
    if ((act.flags & BAILIFF_EVENT_TRUNCATED) != 0)
        return fail(ErrorCode::kResourceExhausted, "its path is longer than a record");
    undo::Wanted wanted;
    wanted.action = hold;
    wanted.loss = act.right == BAILIFF_RIGHT_DELETE ? undo::Loss::kRemoved : undo::Loss::kChanged;
    wanted.seen = {act.ino, act.dev, act.generation, 0, 0};
    wanted.path = first_path(act);
    return wanted;
}

undo::Limits limits_of(const WireUndo& undo) {
    return {undo.max_copy, undo.quota, undo.entries, undo.session_bytes, undo.session_entries};
}

// Adds the entry's manifest to those in the reply; false where it does not fit.
bool tell(const undo::Entry& entry, Reply& reply, std::size_t& used) {
    const Result<std::string> text = undo::write_manifest(entry);
    if (!text || used + text->size() + 1 > sizeof(reply.path)) return false;
    std::memcpy(reply.path + used, text->c_str(), text->size() + 1);
    used += text->size() + 1;
    reply.count++;
    return true;
}

Status tell_one(const Result<undo::Entry>& entry, Reply& reply) {
    if (!entry) return tl::unexpected(entry.error());
    std::size_t used = 0;
    if (tell(*entry, reply, used)) return {};
    return fail(ErrorCode::kInternal, "the entry does not fit into an answer");
}

} // namespace

Status Keeping::available() const {
    if (store_) return {};
    return tl::unexpected(store_.error());
}

Status Keeping::keep(const Request& request, Reply& reply) {
    if (Status there = available(); !there) return there;
    Result<undo::Wanted> wanted = find_act(programs_, request.action);
    if (!wanted) return tl::unexpected(wanted.error());
    const WireUndo& undo = request.undo;
    wanted->session = undo.session;
    wanted->account = undo.account;
    ProgramExaminer examiner(programs_);
    return tell_one(store_->keep(*wanted, limits_of(undo), examiner), reply);
}

Status Keeping::list(const Request& request, Reply& reply) const {
    if (Status there = available(); !there) return there;
    constexpr std::size_t kAtATime = 64; // more than fit
    std::size_t used = 0;
    for (const undo::Entry& entry : store_->list(request.undo.time, kAtATime))
        if (!tell(entry, reply, used)) break;
    return {};
}

Status Keeping::find(const Request& request, Reply& reply) const {
    if (Status there = available(); !there) return there;
    return tell_one(store_->find(request.action), reply);
}

Status Keeping::restore(const Request& request, Reply& reply) {
    if (Status there = available(); !there) return there;
    // Restored now, it would be forgotten, and the act happen with nothing kept of it.
    const auto waiting = find_hold(programs_, request.action);
    if (!waiting) return tl::unexpected(waiting.error());
    if (waiting->has_value())
        return fail(ErrorCode::kFailedPrecondition,
                    "its act has not happened yet: the process that asked for it waits");
    const WireUndo& undo = request.undo;
    undo::Restoring how{undo.replace != 0, undo.time, {}, limits_of(undo)};
    if (undo.account != kAnyOwner) how.caller = undo.account;
    return tell_one(store_->restore(request.action, how), reply);
}

Status Keeping::prune(const Request& request, Reply& reply) {
    if (Status there = available(); !there) return there;
    const std::int64_t latest = SystemClock().unix_nanos() - kShortest;
    reply.count = static_cast<std::uint32_t>(store_->prune(std::min(request.undo.time, latest)));
    return {};
}

Status Keeping::add_folder(const Request& request) {
    if (Status there = available(); !there) return there;
    return store_->add_folder(request.path);
}

} // namespace bailiff::kernel
