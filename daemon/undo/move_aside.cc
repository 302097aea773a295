#include "undo/move_aside.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "undo/copy_object.h"
#include "undo/failure.h"
#include "undo/keep.h"
#include "undo/random_action.h"
#include "undo/staging.h"

namespace bailiff::undo {
namespace {

constexpr const char* kMoved = "object"; // in the staging folder

Result<Entry> new_entry(const Store::State& state, const Target& target, const Entry& entry) {
    const Result<std::uint64_t> action = random_action();
    if (!action) return tl::unexpected(action.error());
    if (*action == 0 || state.index.find(*action))
        return fail(ErrorCode::kInternal, "a random number came twice");
    Entry aside;
    aside.action = *action;
    aside.loss = Loss::kReplaced;
    aside.session = entry.session;
    aside.account = entry.account;
    aside.path = target.path;
    return aside;
}

// Where `name` in `folder`, on the host `path`, was moved to from the target: back again.
Error move_back(const Target& target, int folder, const std::string& name, const std::string& path,
                const Error& why) {
    if (renameat2(folder, name.c_str(), target.folder.get(), target.name.c_str(),
                  RENAME_NOREPLACE) == 0)
        return why;
    return {why.code(), why.message() + "; what was at " + target.path + " cannot go back there (" +
                            std::strerror(errno) + ") and lies at " + path};
}

// Before anything is moved or copied; what it has grown to meanwhile is looked at again after that.
Status may_be_aside(const Store::State& state, const Entry& aside, const struct stat& info,
                    const Limits& limits) {
    const Status may = check_limits(state, aside, bytes_held(info), limits);
    if (may) return {};
    return fail(may.error().code(),
                may.error().message() + "; who has the role operator can restore it");
}

Error folder_came() {
    return {ErrorCode::kFailedPrecondition, "a directory was put there meanwhile"};
}

// Into the store's folder itself. None where that is on another mount.
Result<std::optional<std::uint64_t>> move_into(Store::State& state, const Target& target,
                                               Entry aside, std::size_t number,
                                               const Limits& limits) {
    const Folder& folder = state.folders[number];
    const std::string name = object_name(aside.action);
    if (renameat2(target.folder.get(), target.name.c_str(), folder.fd(), name.c_str(),
                  RENAME_NOREPLACE) != 0) {
        if (errno == EXDEV) return std::nullopt;
        return fail_writing("move " + target.path + " aside", errno);
    }
    struct stat info {};
    Status done;
    if (fstatat(folder.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
        done = fail_errno("look at what was moved", errno);
    else if (S_ISDIR(info.st_mode))
        done = tl::unexpected(folder_came());
    else
        done = check_limits(state, aside, bytes_held(info), limits);
    if (done) describe_object(state, info, aside);
    if (done) done = folder.put_manifest(aside);
    if (!done)
        return tl::unexpected(
            move_back(target, folder.fd(), name, folder.path() + "/" + name, done.error()));
    state.index.add(aside.time, {aside.action, number, bytes_held(info)}, charged_to(aside));
    return aside.action;
}

Result<Object> open_moved(const Staging& staging, const Target& target) {
    Object object;
    object.fd.reset(openat(staging.fd(), kMoved, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!object.fd || fstat(object.fd.get(), &object.info) != 0)
        return fail_errno("look at what was moved", errno);
    if (S_ISDIR(object.info.st_mode)) return tl::unexpected(folder_came());
    object.path = target.path;
    return object;
}

// On another mount: first out of everybody's reach, then copied, so that what is removed in the end
// is what was copied.
Result<std::uint64_t> move_by_copy(Store::State& state, const Target& target, const Entry& aside,
                                   const Limits& limits) {
    const Result<Staging> staging = Staging::make(target);
    if (!staging) return tl::unexpected(staging.error());
    if (renameat2(target.folder.get(), target.name.c_str(), staging->fd(), kMoved,
                  RENAME_NOREPLACE) != 0)
        return fail_writing("move " + target.path + " aside", errno);
    const Result<Object> object = open_moved(*staging, target);
    Status done;
    if (!object) done = tl::unexpected(object.error());
    if (done)
        if (const Result<Entry> kept = keep_object(state, *object, aside, limits, nullptr); !kept)
            done = tl::unexpected(kept.error());
    if (!done)
        return tl::unexpected(
            move_back(target, staging->fd(), kMoved, staging->path() + "/" + kMoved, done.error())
                .with_context("keep what is at " + target.path));
    unlinkat(staging->fd(), kMoved, 0);
    return aside.action;
}

// A folder stays the same folder only where nobody can put something into it any more: so its
// metadata is kept, and it is removed as what it must be, empty.
Result<std::uint64_t> replace_folder(Store::State& state, const Target& target, UniqueFd there,
                                     const struct stat& info, const Entry& entry,
                                     const Limits& limits) {
    Result<std::uint64_t> aside = copy_aside(state, target, entry, std::move(there), info, limits);
    if (!aside) return aside;
    if (unlinkat(target.folder.get(), target.name.c_str(), AT_REMOVEDIR) == 0) return aside;
    const int error = errno;
    if (const std::optional<Kept> kept = state.index.find(*aside))
        if (state.folders[kept->folder].forget(*aside)) state.index.erase(*aside);
    if (error == ENOTEMPTY || error == EEXIST)
        return fail(ErrorCode::kFailedPrecondition,
                    target.path + " is a directory now, and not an empty one");
    return fail_errno("remove " + target.path, error);
}

} // namespace

Result<std::uint64_t> copy_aside(Store::State& state, const Target& target, const Entry& entry,
                                 UniqueFd there, const struct stat& info, const Limits& limits) {
    Result<Entry> aside = new_entry(state, target, entry);
    if (!aside) return tl::unexpected(aside.error());
    if (Status may = may_be_aside(state, *aside, info, limits); !may)
        return tl::unexpected(may.error());
    Object object;
    object.fd = std::move(there);
    object.info = info;
    object.path = target.path;
    Result<Entry> kept = keep_object(state, object, std::move(*aside), limits, nullptr);
    if (!kept) return propagate(std::move(kept), "keep what is at " + target.path);
    return kept->action;
}

Result<std::uint64_t> move_aside(Store::State& state, const Target& target, const Entry& entry,
                                 const Limits& limits) {
    UniqueFd there = target.look();
    struct stat info {};
    if (!there || fstat(there.get(), &info) != 0)
        return fail_errno("look at " + target.path, errno);
    if (S_ISDIR(info.st_mode))
        return replace_folder(state, target, std::move(there), info, entry, limits);
    const Result<Entry> aside = new_entry(state, target, entry);
    if (!aside) return tl::unexpected(aside.error());
    if (Status may = may_be_aside(state, *aside, info, limits); !may)
        return tl::unexpected(may.error());
    if (const auto number = folder_on(state, info.st_dev)) {
        const auto moved = move_into(state, target, *aside, *number, limits);
        if (!moved) return tl::unexpected(moved.error());
        if (*moved) return **moved;
    }
    return move_by_copy(state, target, *aside, limits);
}

} // namespace bailiff::undo
