#include "api/admission.h"

#include <limits>
#include <string>

namespace bailiff::api {
namespace {

constexpr std::uint32_t kUnknownSubject = std::numeric_limits<std::uint32_t>::max();

bool is_root(const Admission::Owner& owner) {
    return owner.uid == 0 && owner.subject == 0;
}

std::string name_of(const Admission::Owner& owner) {
    const std::string account = "uid " + std::to_string(owner.uid);
    if (owner.subject == 0) return account;
    return (owner.unbound ? "an agent of " : "a session of ") + account;
}

} // namespace

Admission::Owner Admission::owner_of(uid_t uid, const Result<Subjection>& subject) {
    if (subject) return {uid, subject->slot, subject->unbound};
    return {uid, uid == 0 ? 0 : kUnknownSubject, false};
}

std::size_t Admission::count(const Owner& owner) const {
    const auto found = open_.find(owner);
    return found == open_.end() ? 0 : found->second;
}

Status Admission::check(const Owner& owner) const {
    const std::size_t reserved = is_root(owner) ? 0 : limits_.reserved_for_root;
    const bool subjects_full =
        owner.subject != 0 && of_subjects_ >= limits_.max_connections_of_subjects;
    if (all_ + reserved >= limits_.max_connections || subjects_full)
        return fail(ErrorCode::kUnavailable, "bailiffd has no connection free; try again");
    const bool bound = owner.subject != 0 && !owner.unbound;
    const std::size_t limit =
        bound ? limits_.max_connections_per_subject : limits_.max_connections_per_uid;
    const std::size_t has = count(owner);
    if (has < limit) return {};
    return fail(ErrorCode::kUnavailable, name_of(owner) + " has " + std::to_string(has) +
                                             " connections to bailiffd, as many as it may have");
}

void Admission::add(const Owner& owner) {
    ++open_[owner];
    ++all_;
    if (owner.subject != 0) ++of_subjects_;
}

void Admission::remove(const Owner& owner) {
    const auto found = open_.find(owner);
    if (--found->second == 0) open_.erase(found);
    --all_;
    if (owner.subject != 0) --of_subjects_;
}

} // namespace bailiff::api
