#include "policy/lint_report.h"

#include <algorithm>
#include <optional>

#include "policy/limits.h"
#include "policy/spelling.h"

namespace bailiff::policy {

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

bool is_clean_path(const std::string& path) {
    if (path.empty() || path[0] != '/') return false;
    if (path.size() > kMaxPathBytes) return false;
    for (std::size_t at = 0, end = 0; end != path.size(); at = end + 1) {
        end = std::min(path.find('/', at), path.size());
        if (end - at > kMaxNameBytes) return false;
    }
    return (path + "/").find("/../") == std::string::npos &&
           (path + "/").find("/./") == std::string::npos && path.find("//") == std::string::npos;
}

std::size_t levels_of(const std::string& path) {
    const auto slashes = std::count(path.begin(), path.end(), '/');
    return static_cast<std::size_t>(slashes) - (path.ends_with('/') ? 1U : 0U);
}

LintReport::LintReport(const Document& document, Problems& problems)
    : document_(document), problems_(problems) {
    for (const v1::Profile& profile : document.policy.profiles()) profiles_.insert(profile.name());
}

std::string too_deep(const std::string& path) {
    return "expected a path of at most " + std::to_string(kMaxLevels) +
           " names: what lies deeper is denied in any case; found " +
           std::to_string(levels_of(path)) + " in " + quoted(path.substr(0, 200));
}

void LintReport::add(const google::protobuf::Message& where, int field, int index,
                     const std::string& message) {
    problems_.add(document_.at(where, field, index), message);
}

void LintReport::add(const google::protobuf::Message& where, const std::string& message) {
    Position best;
    for (int i = 0; i < where.GetDescriptor()->field_count(); i++) {
        const Position at = document_.at(where, where.GetDescriptor()->field(i)->number(), -1);
        if (at.line != 0 && (best.line == 0 || at.line < best.line)) best = at;
    }
    problems_.add(best.line != 0 ? best : document_.at(where, Document::kItself), message);
}

void LintReport::required(const google::protobuf::Message& where, int field,
                          const std::string& value, const std::string& what) {
    if (!value.empty()) return;
    const google::protobuf::Descriptor* type = where.GetDescriptor();
    add(where, word_for(type) + " needs `" + type->FindFieldByNumber(field)->name() + "`: " + what);
}

void LintReport::pattern(const google::protobuf::Message& where, int field,
                         const std::string& text) {
    if (text.find('*') + 1 < text.size() && text.find('*') != std::string::npos)
        add(where, field, 0,
            "expected * at the end only, where it stands for any ending, found " + quoted(text));
}

void LintReport::known(const google::protobuf::Message& where, int field, const Names& profiles) {
    for (int i = 0; i < profiles.size(); i++) {
        if (profiles_.contains(profiles[i])) continue;
        const auto close = problems_.full()
                               ? std::nullopt
                               : closest(profiles[i], {profiles_.begin(), profiles_.end()});
        add(where, field, i,
            "no profile is named " + quoted(profiles[i]) +
                (close ? " (did you mean " + quoted(*close) + "?)" : ""));
    }
}

} // namespace bailiff::policy
