#include <algorithm>
#include <cstdio>

#include "base/account.h"
#include "base/file_type.h"
#include "ctl/output.h"
#include "ctl/undo.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

using journal::escape;

constexpr std::size_t kLeast = 8;          // digits of an id that nobody can meet by chance
constexpr std::size_t kSecondsOfTime = 19; // 2026-11-24T02:03:04

std::string time_of(const v1::Preserved& one) {
    std::string time = escape(one.time()).substr(0, kSecondsOfTime);
    std::replace(time.begin(), time.end(), 'T', ' ');
    return time;
}

std::string loss_text(const std::string& loss) {
    if (loss == "removed") return "its name was removed, or taken by another file";
    if (loss == "changed") return "what it held was changed";
    if (loss == "replaced") return "it stood where something was restored to";
    return escape(loss);
}

std::string mode_text(std::uint32_t mode) {
    char digits[16];
    std::snprintf(digits, sizeof(digits), "%04o", mode & 07777U);
    return digits;
}

// "uid 1001 (alice)"
std::string owner_text(std::uint32_t uid) {
    const std::optional<Account> account = account_by_uid(uid);
    return "uid " + std::to_string(uid) + (account ? " (" + escape(account->name) + ")" : "");
}

} // namespace

Result<v1::Preserved> pick_preserved(const PreservedList& preserved, const std::string& text) {
    if (text.size() < kLeast)
        return fail(ErrorCode::kInvalidArgument,
                    "give at least the first " + std::to_string(kLeast) + " digits of the action");
    const v1::Preserved* found = nullptr;
    for (const v1::Preserved& one : preserved) {
        if (!one.action().starts_with(text)) continue;
        if (found != nullptr)
            return fail(ErrorCode::kInvalidArgument, "more than one action is meant by " + text +
                                                         ": " + found->action() + ", " +
                                                         one.action() + "; give more of it");
        found = &one;
    }
    if (found != nullptr) return *found;
    return fail(ErrorCode::kNotFound,
                "nothing that you may see was kept of action " + text + " (bailiffctl undo list)");
}

std::string preserved_table(const PreservedList& preserved) {
    if (preserved.empty()) return "nothing is kept\n";
    std::vector<Row> rows;
    for (const v1::Preserved& one : preserved)
        rows.push_back({escape(one.action()), time_of(one), escape(one.loss()),
                        std::string(file_type_name(one.mode())), std::to_string(one.size()),
                        escape(one.path())});
    return render_table({"ACTION", "TIME", "LOSS", "KIND", "SIZE", "PATH"}, rows);
}

std::string preserved_text(const v1::Preserved& one) {
    const Row lines[] = {
        {"action", escape(one.action())},
        {"path", escape(one.path())},
        {"kind", std::string(file_type_name(one.mode()))},
        {"size", std::to_string(one.size()) + " bytes"},
        {"mode", mode_text(one.mode())},
        {"owner", owner_text(one.owner())},
        {"loss", loss_text(one.loss())},
        {"kept", escape(one.time()) +
                     (one.linked() ? ", by a hard link: no byte was copied" : ", as a copy")},
        {"session", one.session().empty() ? "none" : escape(one.session())},
    };
    std::string text;
    for (const Row& line : lines) text += pad(line[0], 11) + line[1] + "\n";
    return text;
}

} // namespace bailiff::ctl
