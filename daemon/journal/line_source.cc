#include "journal/line_source.h"

#include <unistd.h>

#include <cerrno>

namespace bailiff::journal {
namespace {

constexpr std::size_t kChunk = 256U << 10;

} // namespace

// False at the end of the file.
Result<bool> LineSource::fill() {
    buffer_.erase(0, start_);
    searched_ -= start_;
    start_ = 0;
    if (buffer_.size() > kMaxLineBytes) {
        dropped_ += buffer_.size();
        buffer_.clear();
        searched_ = 0;
    }
    const std::size_t kept = buffer_.size();
    buffer_.resize(kept + kChunk);
    ssize_t n = 0;
    do {
        n = pread(fd_, buffer_.data() + kept, kChunk, static_cast<off_t>(read_from_));
    } while (n < 0 && errno == EINTR);
    const int error = errno;
    buffer_.resize(kept + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n < 0) return fail_errno("read the journal", error);
    read_from_ += static_cast<std::uint64_t>(n);
    return n > 0;
}

Result<std::optional<Line>> LineSource::next() {
    std::size_t newline = buffer_.find('\n', searched_);
    while (newline == std::string::npos) {
        searched_ = buffer_.size();
        auto more = fill();
        if (!more) return tl::unexpected<Error>(std::move(more).error());
        if (!*more) return std::nullopt;
        newline = buffer_.find('\n', searched_);
    }
    Line line;
    line.offset = offset_;
    line.bytes = dropped_ + (newline - start_);
    if (dropped_ == 0) line.text = std::string_view(buffer_).substr(start_, newline - start_);
    offset_ += line.bytes + 1;
    dropped_ = 0;
    start_ = searched_ = newline + 1;
    return line;
}

} // namespace bailiff::journal
