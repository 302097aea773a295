#include "decision/standing_answers.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "kernel/event_text.h"

namespace bailiff::decision {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kMost = 1024;
constexpr std::uint32_t kMostUses = 10'000;
constexpr std::uint32_t kLongest = 24 * 60 * 60; // seconds

constexpr std::array<std::pair<std::string_view, Scope>, 3> kScopes{
    {{"this", Scope::kThis},
     {"same-object", Scope::kObject},
     {"same-class-this-session", Scope::kClass}}};

std::string_view text_of(const bailiff_event& act) {
    return {act.text, std::min<std::size_t>(act.text_length, sizeof(act.text))};
}

bool is_file(const bailiff_event& act) {
    return act.dev != 0;
}

// Agents without a session are one subject, whatever their account.
bool same_subject(const bailiff_event& a, const bailiff_event& b) {
    return a.subject == b.subject && a.subject_generation == b.subject_generation &&
           (a.session != 0 || a.uid == b.uid);
}

// One answer to such an act is good for all that its two names need.
bool has_two_names(const bailiff_event& act) {
    return act.hook == BAILIFF_HOOK_INODE_RENAME || act.hook == BAILIFF_HOOK_INODE_LINK;
}

// A path that is cut says too little.
bool same_path(const bailiff_event& a, const bailiff_event& b) {
    const bool whole = ((a.flags | b.flags) & BAILIFF_EVENT_TRUNCATED) == 0;
    return whole && kernel::first_path(a) == kernel::first_path(b);
}

// A file, a name that is free, an address or a process.
bool same_object(const bailiff_event& a, const bailiff_event& b) {
    if (is_file(a) != is_file(b)) return false;
    if (is_file(a))
        return a.dev == b.dev && a.ino == b.ino && a.generation == b.generation &&
               (a.ino != 0 || same_path(a, b));
    return std::memcmp(a.address, b.address, sizeof(a.address)) == 0 && a.port == b.port &&
           a.protocol == b.protocol && a.family == b.family && a.number == b.number;
}

// With all its names and numbers. A text that is cut says too little.
bool same_act(const bailiff_event& a, const bailiff_event& b) {
    const bool whole = ((a.flags | b.flags) & BAILIFF_EVENT_TRUNCATED) == 0;
    return whole && a.hook == b.hook && same_object(a, b) && text_of(a) == text_of(b) &&
           std::memcmp(a.address, b.address, sizeof(a.address)) == 0 && a.port == b.port &&
           a.number == b.number;
}

bool same_command(const v1::Process& a, const v1::Process& b) {
    return !a.argv_truncated() && !b.argv_truncated() && a.executable() == b.executable() &&
           std::equal(a.argv().begin(), a.argv().end(), b.argv().begin(), b.argv().end());
}

bool covers(const StandingAnswer& answer, const Approval& approval) {
    const bailiff_event& act = approval.act;
    if (!same_subject(answer.act, act) || answer.act.right != act.right) return false;
    if (answer.terms.scope != Scope::kThis && has_two_names(act)) return false;
    if (answer.terms.scope == Scope::kClass) return true;
    if (answer.terms.scope == Scope::kObject) return same_object(answer.act, act);
    return same_act(answer.act, act) &&
           same_command(answer.asked.process(), approval.asked.process());
}

} // namespace

Result<Scope> parse_scope(const std::string& text) {
    if (text.empty()) return Scope::kThis;
    for (const auto& [name, scope] : kScopes)
        if (name == text) return scope;
    return fail(ErrorCode::kInvalidArgument,
                "no answer has the scope \"" + text.substr(0, 64) +
                    "\"; expected this, same-object or same-class-this-session");
}

std::string_view scope_name(Scope scope) {
    return kScopes[static_cast<std::size_t>(scope)].first;
}

Result<Terms> complete(Terms terms) {
    if (terms.uses > kMostUses)
        return fail(
            ErrorCode::kInvalidArgument,
            std::to_string(terms.uses) + " uses; expected at most " + std::to_string(kMostUses));
    if (terms.seconds > kLongest)
        return fail(ErrorCode::kInvalidArgument,
                    std::to_string(terms.seconds) + " s; an answer is good for at most a day");
    const bool one_use = terms.uses == 0 && terms.seconds == 0;
    if (one_use && terms.scope != Scope::kThis)
        return fail(ErrorCode::kInvalidArgument,
                    "an answer of this scope needs a number of uses, a time, or both");
    if (one_use) terms.uses = 1;
    return terms;
}

std::string terms_text(const Terms& terms) {
    if (terms.uses == 1) return {};
    std::string text =
        terms.uses == 0 ? "any number of uses" : std::to_string(terms.uses) + " uses";
    if (terms.seconds != 0) text += ", " + std::to_string(terms.seconds) + " s";
    return text + ", " + std::string(scope_name(terms.scope));
}

Status StandingAnswers::add(const Approval& approval, bailiff_verdict verdict, const Terms& terms,
                            const std::string& by, const std::string& reason) {
    if (terms.scope != Scope::kThis && has_two_names(approval.act))
        return fail(ErrorCode::kInvalidArgument,
                    "a rename or a link is answered with both its names: its scope is this");
    if (terms.uses == 1) return {};
    forget_old();
    if (answers_.size() >= kMost)
        return fail(ErrorCode::kResourceExhausted,
                    std::to_string(kMost) +
                        " answers are good for more than one act already; give one for this "
                        "once, or withdraw one (bailiffctl approvals standing)");
    StandingAnswer answer;
    answer.approval = approval.id;
    answer.verdict = verdict;
    answer.asked = approval.asked;
    answer.given = clock_.unix_nanos();
    answer.by = by;
    answer.reason = reason;
    answer.terms = terms;
    answer.act = approval.act;
    if (terms.uses != 0) answer.uses_left = terms.uses - 1;
    if (terms.seconds != 0) answer.until = clock_.boot_nanos() + terms.seconds * kSecond;
    answers_.push_back(std::move(answer));
    return {};
}

void StandingAnswers::withdraw(const std::string& approval) {
    std::erase_if(answers_,
                  [&](const StandingAnswer& answer) { return answer.approval == approval; });
}

StandingAnswer* StandingAnswers::find_cover(const Approval& approval, bailiff_verdict verdict) {
    const auto found = std::find_if(answers_.begin(), answers_.end(), [&](const auto& answer) {
        return answer.verdict == verdict && covers(answer, approval);
    });
    return found == answers_.end() ? nullptr : &*found;
}

std::optional<StandingAnswer> StandingAnswers::take(const Approval& approval) {
    forget_old();
    StandingAnswer* found = find_cover(approval, BAILIFF_VERDICT_DENY);
    if (found == nullptr) found = find_cover(approval, BAILIFF_VERDICT_ALLOW);
    if (found == nullptr) return std::nullopt;
    if (found->terms.uses != 0) found->uses_left--;
    return *found;
}

const StandingAnswer* StandingAnswers::find(const std::string& approval) {
    forget_old();
    const auto found = std::find_if(answers_.begin(), answers_.end(), [&](const auto& answer) {
        return answer.approval == approval;
    });
    return found == answers_.end() ? nullptr : &*found;
}

const std::vector<StandingAnswer>& StandingAnswers::list() {
    forget_old();
    return answers_;
}

void StandingAnswers::forget_sessions(const std::function<bool(const std::string&)>& is_over) {
    std::erase_if(answers_, [&](const StandingAnswer& answer) {
        const std::string& session = answer.asked.session();
        return !session.empty() && is_over(session);
    });
}

void StandingAnswers::forget_old() {
    const std::uint64_t now = clock_.boot_nanos();
    std::erase_if(answers_, [now](const StandingAnswer& answer) {
        return (answer.until != 0 && now >= answer.until) ||
               (answer.terms.uses != 0 && answer.uses_left == 0);
    });
}

} // namespace bailiff::decision
