#include "journal/tail.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "journal/line.h"

namespace bailiff::journal {
namespace {

constexpr std::uint64_t kFirstWindow = 64U << 10;

Result<std::string> read_range(int fd, std::uint64_t from, std::uint64_t bytes) {
    std::string text(bytes, '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t n =
            pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(from + have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno("read the journal", errno);
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    text.resize(have);
    return text;
}

struct LastLine {
    std::size_t end = 0; // just behind its newline
    std::uint64_t sequence = 0;
};

// The last record in `window`. The first line of a window counts only where the window starts the
// file, for otherwise its beginning is missing.
std::optional<LastLine> last_record(std::string_view window, bool from_start) {
    std::size_t newline = window.rfind('\n');
    while (newline != std::string_view::npos) {
        const std::size_t before =
            newline == 0 ? std::string_view::npos : window.rfind('\n', newline - 1);
        if (before == std::string_view::npos && !from_start) return std::nullopt;
        const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
        const auto record = from_line(window.substr(start, newline - start));
        if (record) return LastLine{newline + 1, record->sequence()};
        newline = before;
    }
    return std::nullopt;
}

} // namespace

Result<Tail> find_tail(int fd) {
    struct stat info {};
    if (fstat(fd, &info) != 0) return fail_errno("stat the journal", errno);
    const auto size = static_cast<std::uint64_t>(info.st_size);
    for (std::uint64_t window = std::min(size, kFirstWindow);;
         window = std::min(size, window * 4)) {
        auto text = read_range(fd, size - window, window);
        if (!text) return tl::unexpected<Error>(std::move(text).error());
        const auto last = last_record(*text, window == size);
        if (!last && window < size) continue;
        Tail tail;
        tail.good_bytes = size - window + (last ? last->end : 0);
        tail.last_sequence = last ? last->sequence : 0;
        tail.torn = text->substr(last ? last->end : 0);
        return tail;
    }
}

} // namespace bailiff::journal
