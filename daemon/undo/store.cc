#include "undo/store.h"

#include <utility>

#include "base/ids.h"
#include "undo/keep.h"
#include "undo/object.h"
#include "undo/state.h"

namespace bailiff::undo {
namespace {

void add(Store::State& state, Folder folder, const Folder::Contents& contents) {
    const std::size_t number = state.folders.size();
    state.index.count_stray(contents.stray_bytes);
    for (const Folder::Found& found : contents.entries)
        if (!state.index.add(found.time, {found.action, number, found.bytes}, found.charged))
            state.index.count_stray(found.bytes); // the first folder's it is
    state.folders.push_back(std::move(folder));
}

// A restart asks again for what is kept.
Result<Entry> kept_already(Store::State& state, const Kept& kept, const Wanted& wanted) {
    Result<Entry> entry = state.folders[kept.folder].manifest(kept.action);
    if (!entry) return entry;
    if (Status read = state.mounts.refresh(); !read) return tl::unexpected(read.error());
    for (const Place& place : state.mounts.places(wanted.seen.dev, wanted.path))
        if (place.path() == entry->path) return entry;
    return fail(ErrorCode::kFailedPrecondition,
                approval_id(kept.action) + " is kept already, as " + entry->path);
}

Status can_be_kept(const Object& object, Loss loss) {
    if (loss == Loss::kReplaced)
        return fail(ErrorCode::kInvalidArgument, "no act of an agent replaces something");
    if (loss == Loss::kChanged && !S_ISREG(object.info.st_mode))
        return fail(ErrorCode::kFailedPrecondition,
                    "it is no regular file, and only of those what they hold is kept");
    return {};
}

} // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&& other) noexcept = default;
Store& Store::operator=(Store&& other) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::string& folder) {
    Result<Folder> first = Folder::open(folder);
    if (!first) return tl::unexpected(first.error());
    const Result<Folder::Contents> contents = first->tidy();
    if (!contents) return tl::unexpected(contents.error());
    auto state = std::make_unique<State>();
    add(*state, std::move(*first), *contents);
    return Store(std::move(state));
}

Status Store::add_folder(const std::string& folder) {
    Result<Folder> more = Folder::open(folder);
    if (!more) return tl::unexpected(more.error());
    for (const Folder& known : state_->folders) {
        if (known.is_same(*more)) return {};
        if (known.device() == more->device())
            return fail(ErrorCode::kFailedPrecondition, folder + " is on the same file system as " +
                                                            known.path() +
                                                            ", and one folder of each is enough");
    }
    const Result<Folder::Contents> contents = more->tidy();
    if (!contents) return tl::unexpected(contents.error());
    if (!contents->stranger.empty())
        return fail(ErrorCode::kFailedPrecondition, folder + " holds other things, such as " +
                                                        contents->stranger +
                                                        "; a store needs a folder of its own");
    add(*state_, std::move(*more), *contents);
    return {};
}

Result<Entry> Store::keep(const Wanted& wanted, const Limits& limits, Examiner& examiner) {
    if (const std::optional<Kept> kept = state_->index.find(wanted.action))
        return kept_already(*state_, *kept, wanted);
    const Result<Object> object = find_object(state_->mounts, wanted, examiner);
    if (!object) return tl::unexpected(object.error());
    Status can = can_be_kept(*object, wanted.loss);
    if (!can) return propagate(std::move(can), object->path);
    Entry entry;
    entry.action = wanted.action;
    entry.loss = wanted.loss;
    entry.session = wanted.session;
    entry.account = wanted.account;
    Result<Entry> kept = keep_object(*state_, *object, std::move(entry), limits,
                                     wanted.loss == Loss::kRemoved ? &examiner : nullptr);
    if (!kept) return propagate(std::move(kept), object->path);
    return kept;
}

std::vector<Entry> Store::list(std::int64_t after, std::size_t count) const {
    std::vector<Entry> entries;
    while (entries.empty()) { // one that cannot be read does not end the list
        const std::vector<Kept> some = state_->index.after(after, count);
        if (some.empty()) break;
        for (const Kept& kept : some)
            if (Result<Entry> entry = state_->folders[kept.folder].manifest(kept.action))
                entries.push_back(std::move(*entry));
        after = state_->index.time_of(some.back().action);
    }
    return entries;
}

Result<Entry> Store::find(std::uint64_t action) const {
    const std::optional<Kept> kept = state_->index.find(action);
    if (!kept) return fail(ErrorCode::kNotFound, "nothing is kept as " + approval_id(action));
    return state_->folders[kept->folder].manifest(action);
}

Usage Store::usage() const {
    return state_->index.usage();
}

std::size_t Store::prune(std::int64_t before) {
    std::size_t forgotten = 0;
    for (const Kept& kept : state_->index.before(before)) {
        if (!state_->folders[kept.folder].forget(kept.action)) continue;
        state_->index.erase(kept.action);
        forgotten++;
    }
    return forgotten;
}

} // namespace bailiff::undo
