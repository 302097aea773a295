#include <set>

#include "base/duration.h"
#include "base/size.h"
#include "policy/limits.h"
#include "policy/lint.h"
#include "policy/lint_report.h"

namespace bailiff::policy {
namespace {

constexpr std::uint64_t kMaxMaxCopy = std::uint64_t{1} << 40;
constexpr std::uint64_t kMinQuota = std::uint64_t{1} << 20;
constexpr std::int64_t kMinKeepSeconds = 3600;
constexpr std::int64_t kMaxKeepSeconds = std::int64_t{365} * 86400;
constexpr int kMaxStores = 8;

class UndoLint {
public:
    UndoLint(const v1::Undo& undo, LintReport& report) : undo_(undo), report_(report) {}

    void run() {
        sizes();
        keep();
        if (undo_.stores_size() > kMaxStores)
            report_.add(undo_, v1::Undo::kStoresFieldNumber, kMaxStores,
                        "expected at most " + std::to_string(kMaxStores) + " stores");
        for (int i = 0; i < undo_.stores_size(); i++) store(i);
    }

private:
    void sizes() {
        if (const std::string& text = undo_.max_copy(); !text.empty()) {
            const auto bytes = parse_size(text);
            if (!bytes || *bytes > kMaxMaxCopy)
                report_.add(
                    undo_, v1::Undo::kMaxCopyFieldNumber, 0,
                    bytes ? "expected 0 to 1TiB, found " + quoted(text) : bytes.error().message());
        }
        if (const std::string& text = undo_.quota(); !text.empty()) {
            const auto bytes = parse_size(text);
            if (!bytes || *bytes < kMinQuota)
                report_.add(undo_, v1::Undo::kQuotaFieldNumber, 0,
                            bytes ? "expected at least 1MiB, found " + quoted(text)
                                  : bytes.error().message());
        }
    }

    void keep() {
        if (undo_.keep().empty()) return;
        const auto seconds = parse_duration(undo_.keep());
        if (!seconds || *seconds < kMinKeepSeconds || *seconds > kMaxKeepSeconds)
            report_.add(undo_, v1::Undo::kKeepFieldNumber, 0,
                        seconds ? "expected 1h to 365d, found " + quoted(undo_.keep())
                                : seconds.error().message());
    }

    void store(int i) {
        std::string folder = undo_.stores(i);
        const auto add = [&](const std::string& message) {
            report_.add(undo_, v1::Undo::kStoresFieldNumber, i, message);
        };
        if (!is_clean_path(folder)) return add(kCleanPath + quoted(folder.substr(0, 200)));
        if (levels_of(folder) > kMaxLevels) return add(too_deep(folder));
        if (folder == "/") return add("expected a folder that is root's alone, found \"/\"");
        if (folder.ends_with('/')) folder.pop_back();
        if (!seen_.insert(folder).second) add("store " + quoted(folder) + " comes twice");
    }

    const v1::Undo& undo_;
    LintReport& report_;
    std::set<std::string> seen_;
};

} // namespace

void lint_undo(const Document& document, Problems& problems) {
    LintReport report(document, problems);
    UndoLint(document.policy.undo(), report).run();
}

} // namespace bailiff::policy
