#include "journal/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"
#include "journal/line.h"
#include "journal/line_source.h"

namespace bailiff::journal {
namespace {

constexpr std::uint64_t kRecordsPerMark = 1000;
constexpr std::size_t kDefaultLimit = 1000;
// What one answer may take in memory, whatever its limit says.
constexpr std::uint64_t kMaxPageBytes = 8U << 20;

// Damaged lines since the last whole record.
struct Damage {
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
};

bool is_plain(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

// False where the line certainly has no such field, which spares the parsing of most lines.
bool may_have(std::string_view line, std::string_view field, const std::string& value) {
    if (value.empty() || !is_plain(value)) return true;
    const std::string spelled = '"' + std::string(field) + "\":\"" + value + '"';
    return line.find(spelled) != std::string_view::npos;
}

// The session that the line names, found without parsing it; empty where it is not spelled plainly.
std::string session_of(std::string_view line) {
    constexpr std::string_view kField = "\"session\":\"";
    const std::size_t found = line.find(kField);
    if (found == std::string_view::npos) return {};
    line.remove_prefix(found + kField.size());
    return std::string(line.substr(0, line.find('"')));
}

bool may_match(std::string_view line, const Filter& filter) {
    if (line.find("\"kind\":\"gap\"") != std::string_view::npos) return true;
    if (filter.visible && !filter.visible(session_of(line))) return false;
    const auto may_be = [line](const std::string& verdict) {
        return may_have(line, "verdict", verdict);
    };
    return may_have(line, "session", filter.session) &&
           (filter.verdicts.empty() ||
            std::any_of(filter.verdicts.begin(), filter.verdicts.end(), may_be));
}

v1::Record damage_record(const Damage& damage, std::uint64_t before_sequence) {
    v1::Record gap;
    gap.set_kind("gap");
    gap.set_count(damage.lines);
    gap.set_message(std::to_string(damage.lines) + " damaged lines (" +
                    std::to_string(damage.bytes) + " bytes) stand in the journal before record " +
                    std::to_string(before_sequence) + ": the records in them cannot be read");
    return gap;
}

// One page while it fills.
class Answer {
public:
    explicit Answer(const Filter& filter)
        : filter_(filter), limit_(filter.limit == 0 ? kDefaultLimit : filter.limit) {
        page_.next = filter.after;
    }

    void damaged(const Line& line) {
        ++damage_.lines;
        damage_.bytes += line.bytes;
    }

    // False when the page was full before this line.
    bool take(const Line& line, std::uint64_t sequence) {
        if (sequence <= filter_.after) {
            damage_ = {};
            return true;
        }
        std::optional<v1::Record> record;
        if (may_match(line.text, filter_)) {
            auto parsed = from_line(line.text);
            if (!parsed) {
                damaged(line);
                return true;
            }
            if (matches(*parsed, filter_)) record = std::move(*parsed);
        }
        if ((record || damage_.lines > 0) && full()) {
            page_.more = true;
            return false;
        }
        if (damage_.lines > 0) add_damage(sequence, record ? record->time() : std::string());
        if (record) page_.records.push_back(std::move(*record));
        if (record) bytes_ += line.bytes;
        page_.next = sequence;
        return true;
    }

    // Ends the page behind this line; false where the next call would only read the same again.
    bool cut() {
        if (page_.next <= filter_.after || damage_.lines > 0) return false;
        page_.more = true;
        return true;
    }

    [[nodiscard]] Page finish() && { return std::move(page_); }

private:
    [[nodiscard]] bool full() const {
        return page_.records.size() >= limit_ || bytes_ >= kMaxPageBytes;
    }
    void add_damage(std::uint64_t before_sequence, const std::string& time) {
        v1::Record gap = damage_record(damage_, before_sequence);
        gap.set_time(time);
        page_.records.push_back(std::move(gap));
        damage_ = {};
    }

    const Filter& filter_;
    std::size_t limit_;
    Page page_;
    Damage damage_;
    std::uint64_t bytes_ = 0;
};

} // namespace

bool matches(const v1::Record& record, const Filter& filter) {
    if (record.kind() == "gap") return true;
    return (filter.session.empty() || record.session() == filter.session) &&
           (filter.verdicts.empty() || std::find(filter.verdicts.begin(), filter.verdicts.end(),
                                                 record.verdict()) != filter.verdicts.end()) &&
           (!filter.visible || filter.visible(record.session()));
}

// Returns the file's size.
std::uint64_t Reader::forget_if_replaced(int fd) {
    struct stat info {};
    const bool known = fstat(fd, &info) == 0 && info.st_dev == device_ && info.st_ino == inode_ &&
                       static_cast<std::uint64_t>(info.st_size) >= noted_until_;
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (known) return size;
    device_ = info.st_dev;
    inode_ = info.st_ino;
    index_.clear();
    noted_until_ = 0;
    since_mark_ = 0;
    return size;
}

// From the last mark that is not behind `after` to the next one.
Range Reader::around(std::uint64_t after, std::uint64_t size) const {
    const auto behind = std::upper_bound(
        index_.begin(), index_.end(), after,
        [](std::uint64_t value, const Mark& mark) { return value < mark.sequence; });
    return {behind == index_.begin() ? 0 : std::prev(behind)->offset,
            behind == index_.end() ? size : behind->offset};
}

void Reader::note(std::uint64_t sequence, std::uint64_t end_offset) {
    if (end_offset <= noted_until_) return;
    noted_until_ = end_offset;
    if (++since_mark_ < kRecordsPerMark) return;
    since_mark_ = 0;
    index_.push_back({sequence, end_offset});
}

Result<Page> Reader::read(const Filter& filter) {
    Answer answer(filter);
    const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return std::move(answer).finish();
    if (!fd) return fail_errno("open " + path_, errno);
    const std::uint64_t size = forget_if_replaced(fd.get());
    auto range = narrow(fd.get(), around(filter.after, size), filter.after);
    if (!range) return propagate(std::move(range), path_);

    LineSource lines(fd.get(), range->low);
    while (true) {
        auto line = lines.next();
        if (!line) return propagate(std::move(line), path_);
        if (!*line) break;
        ++lines_read_;
        const auto sequence = sequence_of((*line)->text);
        if (!sequence) {
            answer.damaged(**line);
            continue;
        }
        note(*sequence, (*line)->offset + (*line)->bytes + 1);
        if (!answer.take(**line, *sequence)) break;
        if ((*line)->offset - range->low >= filter.max_scan && answer.cut()) break;
    }
    return std::move(answer).finish();
}

} // namespace bailiff::journal
