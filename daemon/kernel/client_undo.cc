// The client's questions about what is kept.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/client.h"
#include "kernel/request.h"

namespace bailiff::kernel {
namespace {

// The manifests in a reply, each with its NUL.
Result<std::vector<undo::Entry>> entries_of(const Reply& reply) {
    std::vector<undo::Entry> entries;
    std::string_view rest(reply.path, sizeof(reply.path));
    for (std::uint32_t i = 0; i < reply.count; i++) {
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos || end == 0)
            return fail(ErrorCode::kInternal, "bailiff-kernel's answer has not all it counts");
        Result<undo::Entry> entry = undo::read_manifest(rest.substr(0, end));
        if (!entry) return tl::unexpected(entry.error());
        entries.push_back(std::move(*entry));
        rest.remove_prefix(end + 1);
    }
    return entries;
}

Result<undo::Entry> entry_of(const Result<Reply>& reply) {
    if (!reply) return tl::unexpected(reply.error());
    Result<std::vector<undo::Entry>> entries = entries_of(*reply);
    if (!entries) return tl::unexpected(entries.error());
    if (entries->size() != 1)
        return fail(ErrorCode::kInternal, "bailiff-kernel's answer names no entry");
    return std::move(entries->front());
}

} // namespace

// The session's account is in `owner`.
Result<undo::Entry> Client::keep(const undo::Wanted& wanted, const undo::Limits& limits) {
    Result<Request> request = request_for(Operation::kKeep, wanted.path);
    if (!request) return tl::unexpected(request.error());
    if (wanted.session.size() >= sizeof(request->root))
        return fail(ErrorCode::kInvalidArgument, "the session's id has 256 bytes or more");
    std::memcpy(request->root, wanted.session.c_str(), wanted.session.size());
    request->owner = wanted.account;
    request->inode = wanted.seen;
    request->keep = {wanted.action,
                     limits.max_copy,
                     limits.quota,
                     limits.session_bytes,
                     limits.entries,
                     limits.session_entries,
                     static_cast<std::uint32_t>(wanted.loss),
                     0};
    return entry_of(ask(*request));
}

Result<std::vector<undo::Entry>> Client::kept(std::int64_t after) {
    Request request = request_for(Operation::kKept);
    request.number = after;
    const Result<Reply> reply = ask(request);
    if (!reply) return tl::unexpected(reply.error());
    return entries_of(*reply);
}

Result<undo::Entry> Client::find_kept(std::uint64_t action) {
    Request request = request_for(Operation::kFindKept);
    request.keep.action = action;
    return entry_of(ask(request));
}

// Not asked again of a new bailiff-kernel: the old one may have done it.
Result<undo::Entry> Client::restore(std::uint64_t action, const undo::Restoring& how) {
    Request request = request_for(Operation::kRestore);
    request.keep.action = action;
    request.number = how.changed_until;
    request.subject = how.replace ? 1 : 0;
    request.owner = how.caller.value_or(kAnyOwner);
    return entry_of(exchange(request));
}

Result<std::uint32_t> Client::prune_kept(std::int64_t before) {
    Request request = request_for(Operation::kPruneKept);
    request.number = before;
    return ask(request).map([](const Reply& reply) { return reply.count; });
}

Status Client::add_store(const std::string& folder) {
    return ask_later(Operation::kAddStore, folder);
}

} // namespace bailiff::kernel
