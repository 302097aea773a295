#include "ctl/denial.h"

#include <array>
#include <string_view>
#include <utility>

#include "journal/describe.h"
#include "policy/image.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

// The reasons that are no rule; the rest are written as they come.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kReasons{
    {{"expired", "the session has expired"},
     {"ended", "the session has ended"},
     {"revoked", "the session was revoked"},
     {"stale", "the session is over"},
     {"no_profile", "no profile grants this process anything"},
     {"unknown_root", "it lies on a file system that the policy does not know"},
     {"too_deep", "it lies too deep below its root"},
     {"raced_rename", "folders above it were moved meanwhile"},
     {"socket_family", "no rule can name an address of this family"},
     {"self_protection", "it belongs to bailiff itself"},
     {"kernel_setting", "it sets the kernel, which no session may"},
     {"case_folding", "a rule for a name does not hold where capitals do not count"},
     {"not_hashed", "a rule lists contents, and this file's is not known yet"},
     {"changed", "a rule lists contents, and this file changed since it was hashed"},
     {"content", "its content is not one that a rule lists"},
     {"disapproved", "it waited, and somebody denied it"},
     {"timed_out", "it waited, and nobody answered in time"},
     {"cannot_wait", "a rule holds it, and this call cannot wait"},
     {"too_many_holds", "a rule holds it, and too many acts wait already"},
     {"target_waits", "that process waits for an answer"},
     {"argv_changed", "its arguments were changed while it was started"}}};

std::string words_of(std::string_view reason) {
    for (const auto& [name, words] : kReasons) {
        if (name == reason) return std::string(words);
    }
    return reason.empty() ? "no rule allows it" : escape(reason);
}

std::string process_words(const v1::Process& process) {
    std::string name = process.comm();
    if (name.empty()) {
        name = process.executable().substr(process.executable().rfind('/') + 1);
    }
    return escape(name.empty() ? "a process" : name) + " (pid " + std::to_string(process.pid()) +
           ")";
}

// What is wrong with the file's content where a rule lists contents; empty for other reasons.
std::string content_words(const v1::Record& record) {
    const std::string& reason = record.reason();
    if (reason == "not_hashed")
        return "it is not hashed yet; bailiffd has that done now: try again, or look for "
               "policy.contents in the journal for why it cannot be";
    if (reason == "changed")
        return "it changed since it was hashed, or is open to be written; bailiffd has it hashed "
               "again: try again";
    if (reason != "content") return {};
    const std::string& sha256 = record.object().sha256();
    return "its content is not one that the rule lists" +
           (sha256.empty() ? std::string() : ": sha256 " + escape(sha256));
}

bool by_default(const v1::Record& record) {
    return record.rule().line() == 0 || record.reason() == "default" ||
           record.rule().text().starts_with("default");
}

std::string rule_words(const v1::Record& record) {
    const v1::Rule& rule = record.rule();
    if (rule.profile().empty() && rule.file().empty()) return words_of(record.reason());
    std::string words = escape(rule.file());
    if (rule.line() != 0) words += ":" + std::to_string(rule.line());
    if (!words.empty()) words += " ";
    if (by_default(record)) return words + "default of profile \"" + escape(rule.profile()) + "\"";
    return words + escape(rule.text()) + " (profile \"" + escape(rule.profile()) + "\")";
}

// The rule that would let it through, in the policy's own words.
std::string rule_to_add(const v1::Record& record) {
    const v1::Object& object = record.object();
    const std::string right = escape(record.right());
    if (policy::right_by_name(record.right()).value_or(0) >= BAILIFF_RIGHTS)
        return "a system rule with verdict: allow, rights: [" + right + "],";
    if (!object.address().empty()) {
        std::string rule = "a network rule with verdict: allow, rights: [" + right + "], to: [" +
                           escape(object.address()) + "]";
        if (!object.protocol().empty()) rule += ", protocol: " + escape(object.protocol());
        if (object.port() != 0) rule += ", port: [" + std::to_string(object.port()) + "]";
        return rule;
    }
    if (right == "argv" || object.path().empty() || object.path_truncated()) return {};
    const std::string path = "path: [" + escape(object.path()) + "]";
    if (right == "exec") return "an exec rule with verdict: allow, " + path;
    if (right == "load") return "an exec rule with verdict: allow, rights: [load], " + path;
    return "a rule with verdict: allow, rights: [" + right + "], " + path;
}

// Of an act that waited, or should have, there is no rule to change: it is what the policy wants.
bool waited(const v1::Record& record) {
    const std::string& reason = record.reason();
    return reason == "disapproved" || reason == "timed_out" || reason == "cannot_wait" ||
           reason == "too_many_holds";
}

std::string advice(const v1::Record& record) {
    const v1::Rule& rule = record.rule();
    if (record.verdict() == "hold")
        return (record.message().empty() ? "" : "; " + escape(record.message())) +
               "; it waits until somebody lets it: bailiffctl approvals approve " +
               escape(record.approval());
    if (waited(record)) return ": " + words_of(record.reason());
    if (rule.profile().empty()) return {};
    if (const std::string words = content_words(record); !words.empty())
        return ": " + words +
               (record.reason() == "content" ? "; to allow: add its digest to that rule" : "");
    if (!by_default(record)) return "; to allow: change that rule";
    const std::string added = rule_to_add(record);
    if (added.empty()) return {};
    return "; to allow: add " + added + " to profile \"" + escape(rule.profile()) + "\"";
}

} // namespace

std::string denial_line(const v1::Record& record) {
    const std::string act = journal::act_text(record);
    const std::string object = journal::object_text(record);
    return (record.verdict() == "hold" ? "bailiff: holds " : "bailiff: denied ") + act +
           (object.empty() ? "" : " " + object) + " by " + process_words(record.process()) + ": " +
           rule_words(record) + advice(record);
}

bool Denials::is_news(const v1::Record& record) {
    if (record.verdict() == "hold") return !record.approval().empty();
    if (record.verdict() != "deny" || record.would_deny()) return false;
    if (is_full()) return false;
    const v1::Rule& rule = record.rule();
    return told_
        .insert(record.right() + '\0' + journal::object_text(record) + '\0' + rule.file() + '\0' +
                std::to_string(rule.line()) + '\0' + rule.profile() + '\0' + record.reason())
        .second;
}

} // namespace bailiff::ctl
