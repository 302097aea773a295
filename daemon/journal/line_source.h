// LineSource: the whole lines of a file from an offset on, in pieces of bounded size. Owned by one
// read; I/O thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff::journal {

// A line above this is no record; its bytes are counted, not kept.
inline constexpr std::size_t kMaxLineBytes = 16U << 20;

struct Line {
    std::uint64_t offset = 0; // of its first byte
    std::uint64_t bytes = 0;  // without the newline
    std::string_view text;    // valid until the next call; empty for a line above the limit
};

class LineSource {
public:
    // `fd` is borrowed and must outlive the source; it is read with pread.
    LineSource(int fd, std::uint64_t offset) : fd_(fd), offset_(offset), read_from_(offset) {}

    // Empty at the end: bytes after the last newline are not a line yet. kInternal when the file
    // cannot be read.
    [[nodiscard]] Result<std::optional<Line>> next();

private:
    [[nodiscard]] Result<bool> fill();

    int fd_;
    std::uint64_t offset_;      // of the line that comes next
    std::uint64_t read_from_;   // of the first byte not in the buffer yet
    std::uint64_t dropped_ = 0; // bytes of the current line that were not kept
    std::size_t start_ = 0;     // of the current line in the buffer
    std::size_t searched_ = 0;  // no newline before this
    std::string buffer_;
};

} // namespace bailiff::journal
