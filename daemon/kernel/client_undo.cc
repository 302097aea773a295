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

void put_limits(const undo::Limits& limits, WireUndo& undo) {
    undo.max_copy = limits.max_copy;
    undo.quota = limits.quota;
    undo.entries = limits.entries;
    undo.session_bytes = limits.session_bytes;
    undo.session_entries = limits.session_entries;
}

} // namespace

Result<undo::Entry> Client::keep(std::uint64_t hold, const std::string& session, uid_t account,
                                 const undo::Limits& limits) {
    Request request = request_for(Operation::kKeep);
    request.action = hold;
    WireUndo& undo = request.undo;
    if (session.size() >= sizeof(undo.session))
        return fail(ErrorCode::kInvalidArgument, "the session's id has 64 bytes or more");
    std::memcpy(undo.session, session.c_str(), session.size());
    undo.account = account;
    put_limits(limits, undo);
    return entry_of(ask(request));
}

Result<std::vector<undo::Entry>> Client::kept(std::int64_t after) {
    Request request = request_for(Operation::kKept);
    request.undo.time = after;
    const Result<Reply> reply = ask(request);
    if (!reply) return tl::unexpected(reply.error());
    return entries_of(*reply);
}

Result<undo::Entry> Client::find_kept(std::uint64_t action) {
    Request request = request_for(Operation::kFindKept);
    request.action = action;
    return entry_of(ask(request));
}

// Not asked again of a new bailiff-kernel: the old one may have done it.
Result<undo::Entry> Client::restore(std::uint64_t action, const undo::Restoring& how) {
    Request request = request_for(Operation::kRestore);
    request.action = action;
    request.undo.time = how.changed_until;
    request.undo.replace = how.replace ? 1 : 0;
    request.undo.account = how.caller.value_or(kAnyOwner);
    put_limits(how.limits, request.undo);
    return entry_of(exchange(request));
}

Result<std::uint32_t> Client::prune_kept(std::int64_t before) {
    Request request = request_for(Operation::kPruneKept);
    request.undo.time = before;
    return ask(request).map([](const Reply& reply) { return reply.count; });
}

Status Client::add_store(const std::string& folder) {
    return ask_later(Operation::kAddStore, folder);
}

} // namespace bailiff::kernel
