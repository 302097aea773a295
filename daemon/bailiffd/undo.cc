// The control service's methods for what was kept before an act removed or changed it.
#include <spdlog/spdlog.h>

#include <charconv>

#include "bailiffd/request.h"
#include "bailiffd/service.h"
#include "bailiffd/undo_limits.h"
#include "base/ids.h"
#include "journal/utf8.h"
#include "journal/utf8_message.h"

namespace bailiff::daemon {
namespace {

constexpr int kMaxListed = 500;
constexpr int kMaxPages = 100; // that are asked of bailiff-kernel for one answer
constexpr int kMaxRestored = 256;
constexpr std::uint64_t kMaxRestoring = 500'000'000; // nanoseconds; others wait meanwhile
const api::RoleSet kSeeAll{api::Role::kAuditor, api::Role::kOperator};
const api::RoleSet kRestoreAll{api::Role::kOperator};

// `next` of an answer: the time of the last entry that was looked at.
Result<std::int64_t> parse_after(const std::string& text) {
    if (text.empty()) return 0;
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    if (error == std::errc() && end == text.data() + text.size()) return time;
    return fail(ErrorCode::kInvalidArgument,
                "expected the `next` of an answer before in `after`, found \"" +
                    std::string(journal::cut_utf8(text, 64)) + "\"");
}

bool may(const api::Caller& caller, const undo::Entry& entry, api::RoleSet all) {
    return entry.account == caller.peer.uid || caller.roles.meets(all);
}

bool is_asked_for(const v1::ListPreservedRequest& request, const undo::Entry& entry) {
    return (request.session().empty() || request.session() == entry.session) &&
           (request.action().empty() || request.action() == approval_id(entry.action));
}

void describe(const undo::Entry& entry, v1::Preserved& out) {
    out.set_action(approval_id(entry.action));
    out.set_time(TimeText(entry.time).c_str());
    out.set_session(entry.session);
    out.set_path(entry.path);
    out.set_loss(std::string(undo::loss_name(entry.loss)));
    out.set_mode(entry.mode);
    out.set_owner(entry.owner);
    out.set_size(entry.size);
    out.set_linked(entry.linked);
}

// Why it was not restored, as far as that is known.
std::string problem_of(const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) return error.message();
    return error.message() + "; it may be restored all the same (bailiffctl undo list)";
}

// kNotFound also for what is no id.
Result<undo::Entry> find_kept(kernel::KernelPort& port, const std::string& id) {
    std::uint64_t action = 0;
    std::from_chars(id.data(), id.data() + id.size(), action, 16);
    if (approval_id(action) != id) return fail(ErrorCode::kNotFound, "it is no id");
    return port.find_kept(action);
}

} // namespace

Result<v1::ListPreservedResponse> ControlService::list_preserved(
    const api::Caller& caller, const v1::ListPreservedRequest& request) {
    auto after = parse_after(request.after());
    if (!after) return tl::unexpected(after.error());
    v1::ListPreservedResponse response;
    for (int pages = 0; pages < kMaxPages && response.preserved_size() < kMaxListed; pages++) {
        const auto page = port_.kept(*after);
        if (!page) return tl::unexpected(page.error());
        if (page->empty()) {
            after = 0;
            break;
        }
        after = page->back().time;
        for (const undo::Entry& entry : *page)
            if (may(caller, entry, kSeeAll) && is_asked_for(request, entry))
                daemon::describe(entry, *response.add_preserved());
        if (!request.action().empty() && response.preserved_size() > 0) after = 0; // there is one
        if (*after == 0) break;
    }
    if (*after != 0) response.set_next(std::to_string(*after));
    journal::make_utf8(response);
    return response;
}

// What a session changed itself is not newer than what it did; of another one nobody knows.
std::int64_t ControlService::changed_until(const undo::Entry& entry) const {
    const session::Session* session = manager_.find(entry.session);
    if (session == nullptr) return 0;
    return session->state == session::State::kActive ? clock_.unix_nanos() : session->ended_at;
}

// Empty, or why it is not back. It is on record before that is answered.
std::string ControlService::restore(const api::Caller& caller, const undo::Entry& entry,
                                    bool replace) {
    undo::Restoring how{replace, changed_until(entry), {}, undo_limits(manager_)};
    if (!caller.roles.meets(kRestoreAll)) how.caller = caller.peer.uid;
    const auto restored = port_.restore(entry.action, how);
    v1::Record record;
    if (const session::Session* session = manager_.find(entry.session))
        record = session::record_of("", *session, "");
    record.clear_expires();
    record.set_session(entry.session);
    record.set_kind(restored ? "undo.restored" : "undo.refused");
    record.set_by(by(caller));
    record.set_approval(approval_id(entry.action));
    record.mutable_object()->set_path(entry.path);
    std::string problem = restored ? "" : problem_of(restored.error());
    record.set_message(entry.path + (restored ? " is as it was before it was " +
                                                    std::string(undo::loss_name(entry.loss))
                                              : ": " + problem));
    journal_.record(std::move(record));
    return problem;
}

Result<v1::RestorePreservedResponse> ControlService::restore_preserved(
    const api::Caller& caller, const v1::RestorePreservedRequest& request) {
    if (request.actions_size() > kMaxRestored)
        return fail(ErrorCode::kInvalidArgument,
                    "expected at most " + std::to_string(kMaxRestored) +
                        " actions in one call, found " + std::to_string(request.actions_size()));
    v1::RestorePreservedResponse response;
    const std::uint64_t begun = clock_.boot_nanos();
    for (const std::string& action : request.actions()) {
        const bool some = response.outcomes_size() > 0;
        if (some && clock_.boot_nanos() - begun >= kMaxRestoring) break;
        const auto entry = find_kept(port_, action);
        if (!entry && entry.error().code() != ErrorCode::kNotFound) {
            if (some) break; // what was done before is told
            return tl::unexpected(entry.error());
        }
        v1::RestorePreservedResponse::Outcome& outcome = *response.add_outcomes();
        outcome.set_action(action);
        if (!entry || !may(caller, *entry, kRestoreAll)) {
            outcome.set_problem("nothing that was kept of action \"" +
                                std::string(journal::cut_utf8(action, 64)) +
                                "\" is known to you; what others' sessions did needs role " +
                                kRestoreAll.text(" or "));
            continue;
        }
        outcome.set_path(entry->path);
        outcome.set_problem(restore(caller, *entry, request.replace()));
    }
    journal::make_utf8(response);
    return response;
}

void ControlService::prune_preserved() {
    if (manager_.tables() == nullptr) return;
    const std::int64_t keep = manager_.tables()->policy().settings.undo.keep;
    const std::int64_t before = clock_.unix_nanos() - keep * 1'000'000'000;
    const auto expired = port_.prune_kept(before);
    if (!expired)
        return spdlog::warn("what was kept for undo is not forgotten when its time is over: {}",
                            expired.error().message());
    if (*expired == 0) return;
    v1::Record record;
    record.set_kind("undo.expired");
    record.set_message(std::to_string(*expired) + (*expired == 1 ? " entry" : " entries") +
                       " of before " + TimeText(before).c_str() + " can no longer be restored");
    journal_.record(std::move(record));
}

void ControlService::add_stores() {
    if (manager_.tables() == nullptr) return;
    for (const std::string& store : manager_.tables()->policy().settings.undo.stores)
        if (const Status added = port_.add_store(store); !added)
            spdlog::warn("undo store {} is not used, and a large file there waits instead: {}",
                         store, added.error().message());
}

} // namespace bailiff::daemon
