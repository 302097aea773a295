#include "kernel/keeping.h"

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "kernel/enrolment.h"

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
    if (request.keep.loss > static_cast<std::uint32_t>(undo::Loss::kChanged))
        return fail(ErrorCode::kInvalidArgument, "no act has such a loss");
    undo::Wanted wanted;
    wanted.action = request.keep.action;
    wanted.loss = static_cast<undo::Loss>(request.keep.loss);
    wanted.session = request.root;
    wanted.account = request.owner;
    wanted.seen = request.inode;
    wanted.path = request.path;
    ProgramExaminer examiner(programs_);
    const undo::Limits limits{request.keep.max_copy, request.keep.quota, request.keep.entries,
                              request.keep.session_bytes, request.keep.session_entries};
    return tell_one(store_->keep(wanted, limits, examiner), reply);
}

Status Keeping::list(const Request& request, Reply& reply) const {
    if (Status there = available(); !there) return there;
    constexpr std::size_t kAtATime = 64; // more than fit
    std::size_t used = 0;
    for (const undo::Entry& entry : store_->list(request.number, kAtATime))
        if (!tell(entry, reply, used)) break;
    return {};
}

Status Keeping::find(const Request& request, Reply& reply) const {
    if (Status there = available(); !there) return there;
    return tell_one(store_->find(request.keep.action), reply);
}

Status Keeping::restore(const Request& request, Reply& reply) {
    if (Status there = available(); !there) return there;
    undo::Restoring how{request.subject != 0, request.number, {}};
    if (request.owner != kAnyOwner) how.caller = request.owner;
    return tell_one(store_->restore(request.keep.action, how), reply);
}

Status Keeping::prune(const Request& request, Reply& reply) {
    if (Status there = available(); !there) return there;
    const std::int64_t latest = SystemClock().unix_nanos() - kShortest;
    reply.count = static_cast<std::uint32_t>(store_->prune(std::min(request.number, latest)));
    return {};
}

Status Keeping::add_folder(const Request& request) {
    if (Status there = available(); !there) return there;
    return store_->add_folder(request.path);
}

} // namespace bailiff::kernel
