#include "journal/seek.h"

#include <optional>

#include "journal/line.h"
#include "journal/line_source.h"

namespace bailiff::journal {
namespace {

constexpr std::uint64_t kNarrow = 512U << 10; // bytes that are read without further ado

struct Found {
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
};

// The first record that begins behind `from` and before `end`.
Result<std::optional<Found>> first_record(int fd, std::uint64_t from, std::uint64_t end) {
    LineSource lines(fd, from);
    auto line = lines.next(); // its beginning is missing
    while (line && *line) {
        line = lines.next();
        if (!line || !*line || (*line)->offset >= end) break;
        if (const auto sequence = sequence_of((*line)->text)) {
            return Found{(*line)->offset, *sequence};
        }
    }
    if (!line) return tl::unexpected<Error>(std::move(line).error());
    return std::nullopt;
}

} // namespace

Result<Range> narrow(int fd, Range range, std::uint64_t after) {
    while (range.high - range.low > kNarrow) {
        const std::uint64_t middle = range.low + (range.high - range.low) / 2;
        auto found = first_record(fd, middle, range.high);
        if (!found) return tl::unexpected<Error>(std::move(found).error());
        if (*found && (*found)->sequence <= after)
            range.low = (*found)->offset;
        else
            range.high = middle;
    }
    return range;
}

} // namespace bailiff::journal
