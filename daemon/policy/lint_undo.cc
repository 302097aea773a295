#include <cstdint>
#include <set>
#include <string>

#include "base/duration.h"
#include "base/size.h"
#include "policy/limits.h"
#include "policy/lint.h"
#include "policy/lint_report.h"

namespace bailiff::policy {
namespace {

constexpr std::uint64_t kMaxMaxCopy = std::uint64_t{1} << 40;
constexpr std::uint64_t kMinQuota = std::uint64_t{1} << 20;
constexpr const char* kDefaultQuota = "4GiB"; // as UndoSettings has it
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
        size(v1::Undo::kMaxCopyFieldNumber, undo_.max_copy(), 0, kMaxMaxCopy, "0 to 1TiB");
        size(v1::Undo::kQuotaFieldNumber, undo_.quota(), kMinQuota, UINT64_MAX, "at least 1MiB");
        const std::string quota = undo_.quota().empty() ? kDefaultQuota : undo_.quota();
        const std::uint64_t most = parse_size(quota).value_or(0);
        if (most < kMinQuota) return; // which was said
        size(v1::Undo::kSessionQuotaFieldNumber, undo_.session_quota(), kMinQuota, most,
             "1MiB to " + quota + ", the quota");
    }

    void size(int field, const std::string& text, std::uint64_t least, std::uint64_t most,
              const std::string& range) {
        if (text.empty()) return;
        const auto bytes = parse_size(text);
        if (bytes && *bytes >= least && *bytes <= most) return;
        report_.add(
            undo_, field, 0,
            bytes ? "expected " + range + ", found " + quoted(text) : bytes.error().message());
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
