#include "undo/mount_points.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "base/file.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

constexpr std::size_t kMaxTable = std::size_t{64} << 20;

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

bool is_octal(std::string_view digits) {
    return digits.size() == 3 && std::all_of(digits.begin(), digits.end(), [](char digit) {
               return digit >= '0' && digit < '8';
           });
}

// Blank, tab, newline and backslash are written as a backslash and three octal digits.
std::string decode(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); i++) {
        const std::string_view digits = text.substr(std::min(i + 1, text.size()), 3);
        if (text[i] != '\\' || !is_octal(digits)) {
            plain += text[i];
            continue;
        }
        plain +=
            static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
        i += 3;
    }
    return plain;
}

bool read_number(std::string_view text, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE OPTIONS
std::optional<Mount> read_mount(std::string_view line) {
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() < 6) return std::nullopt;
    const auto dash = std::find(fields.begin() + 6, fields.end(), "-");
    if (dash == fields.end() || dash + 1 == fields.end()) return std::nullopt;
    const std::vector<std::string_view> device = split(fields[2], ':');
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    if (device.size() != 2 || !read_number(device[0], major) || !read_number(device[1], minor))
        return std::nullopt;
    return Mount{major << 20 | minor, decode(fields[3]), decode(fields[4]), std::string(dash[1])};
}

} // namespace

std::vector<Mount> read_mounts(std::string_view table) {
    std::vector<Mount> mounts;
    for (const std::string_view line : split(table, '\n'))
        if (std::optional<Mount> mount = read_mount(line)) mounts.push_back(std::move(*mount));
    return mounts;
}

Status MountPoints::refresh() {
    if (!open_) return read_again();
    pollfd changed{open_.get(), POLLPRI, 0};
    if (poll(&changed, 1, 0) == 0 || (changed.revents & (POLLPRI | POLLERR)) == 0) return {};
    return read_again();
}

Status MountPoints::read_again() {
    if (!open_) open_.reset(open(table_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!open_) return fail_errno("open " + table_, errno);
    if (lseek(open_.get(), 0, SEEK_SET) != 0) return fail_errno("lseek " + table_, errno);
    const Result<std::string> table = read_fd(open_.get(), table_, kMaxTable);
    if (!table) {
        open_.reset();
        return tl::unexpected(table.error());
    }
    mounts_ = read_mounts(*table);
    return {};
}

std::vector<Place> MountPoints::places(std::uint32_t device, const std::string& path) const {
    std::vector<Place> places;
    for (const bool whole : {true, false})
        for (const Mount& mount : mounts_) {
            if (mount.device != device || (mount.root == "/") != whole) continue;
            if (!lies_in(path, mount.root) || path.size() <= mount.root.size()) continue;
            const std::size_t start = whole ? 1 : mount.root.size() + 1;
            places.push_back({mount.point, path.substr(start), mount.type});
        }
    return places;
}

bool MountPoints::is_by_fuse(const std::string& path) const {
    return std::any_of(mounts_.begin(), mounts_.end(), [&](const Mount& mount) {
        return mount.type.starts_with("fuse") && mount.point != "/" && lies_in(path, mount.point);
    });
}

} // namespace bailiff::undo
