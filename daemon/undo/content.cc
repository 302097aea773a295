#include "undo/content.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "undo/failure.h"

namespace bailiff::undo {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr int kRounds = 4; // as often a file may have grown meanwhile

using Buffer = std::unique_ptr<char[]>;

Buffer make_buffer() {
    return std::make_unique_for_overwrite<char[]>(kPiece);
}

// As many bytes as there are, or `size`.
Result<std::size_t> read_at(int fd, char* to, std::size_t size, off_t at) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t n = pread(fd, to + done, size - done, at + static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno("read it", errno);
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

Status write_at(int fd, std::string_view content, off_t at) {
    while (!content.empty()) {
        const ssize_t n = pwrite(fd, content.data(), content.size(), at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_writing("write the copy", errno);
        content.remove_prefix(static_cast<std::size_t>(n));
        at += n;
    }
    return {};
}

struct Range {
    off_t start;
    off_t end;
};

// The next bytes of [at, end) that are allocated; an empty one at `end` where there are none. All
// of it where the file system does not tell.
Range next_data(int fd, off_t at, off_t end) {
    const off_t data = lseek(fd, at, SEEK_DATA);
    if (data < 0) return errno == ENXIO ? Range{end, end} : Range{at, end};
    const off_t hole = lseek(fd, data, SEEK_HOLE);
    const off_t start = std::min(data, end);
    return {start, hole < 0 ? end : std::clamp(hole, start, end)};
}

Status copy_range(int from, int to, Range range, char* buffer) {
    while (range.start < range.end) {
        const auto size = std::min(static_cast<std::size_t>(range.end - range.start), kPiece);
        const Result<std::size_t> n = read_at(from, buffer, size, range.start);
        if (!n) return tl::unexpected(n.error());
        if (*n == 0) return {}; // it was cut off meanwhile
        if (Status done = write_at(to, {buffer, *n}, range.start); !done) return done;
        range.start += static_cast<off_t>(*n);
    }
    return {};
}

Status copy_data(int from, int to, Range range, char* buffer) {
    while (range.start < range.end) {
        const Range data = next_data(from, range.start, range.end);
        if (Status done = copy_range(from, to, data, buffer); !done) return done;
        if (data.end <= range.start) break;
        range.start = data.end;
    }
    return {};
}

Result<off_t> size_of(int fd) {
    struct stat info {};
    if (fstat(fd, &info) != 0) return fail_errno("look at it", errno);
    return info.st_size;
}

} // namespace

bool share_content(int from, int to) {
    return ioctl(to, FICLONE, from) == 0;
}

tl::unexpected<Error> fail_too_large(std::uint64_t most) {
    return fail(ErrorCode::kResourceExhausted,
                "it is larger than " + bytes_text(most) + ", which is the most that is copied");
}

Status copy_content(int from, int to, std::uint64_t most) {
    const Buffer buffer = make_buffer();
    off_t done = 0;
    for (int i = 0; i < kRounds; i++) {
        const Result<off_t> size = size_of(from);
        if (!size) return tl::unexpected(size.error());
        if (static_cast<std::uint64_t>(*size) > most) return fail_too_large(most);
        if (i > 0 && *size == done) return {};
        if (*size < done) break;
        if (Status copied = copy_data(from, to, {done, *size}, buffer.get()); !copied)
            return copied;
        if (ftruncate(to, *size) != 0) return fail_writing("write the copy", errno);
        done = *size;
    }
    return fail(ErrorCode::kFailedPrecondition, "its size changes while it is copied");
}

Result<bool> has_same_content(int a, int b) {
    const Result<off_t> size = size_of(a);
    if (!size) return tl::unexpected(size.error());
    const Result<off_t> other = size_of(b);
    if (!other) return tl::unexpected(other.error());
    if (*size != *other) return false;
    const Buffer first = make_buffer();
    const Buffer second = make_buffer();
    for (off_t at = 0; at < *size;) {
        const Result<std::size_t> n = read_at(a, first.get(), kPiece, at);
        if (!n) return tl::unexpected(n.error());
        const Result<std::size_t> m = read_at(b, second.get(), kPiece, at);
        if (!m) return tl::unexpected(m.error());
        if (*n == 0 || std::string_view(first.get(), *n) != std::string_view(second.get(), *m))
            return false;
        at += static_cast<off_t>(*n);
    }
    return true;
}

} // namespace bailiff::undo
