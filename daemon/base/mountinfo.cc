#include "base/mountinfo.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace bailiff {
namespace {

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
std::optional<MountInfo> read_mount(std::string_view line) {
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() < 6) return std::nullopt;
    const auto dash = std::find(fields.begin() + 6, fields.end(), "-");
    if (dash == fields.end() || dash + 1 == fields.end()) return std::nullopt;
    const std::vector<std::string_view> device = split(fields[2], ':');
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    if (device.size() != 2 || !read_number(device[0], major) || !read_number(device[1], minor))
        return std::nullopt;
    return MountInfo{major << 20 | minor, decode(fields[3]), decode(fields[4]),
                     std::string(dash[1])};
}

} // namespace

std::vector<MountInfo> parse_mountinfo(std::string_view table) {
    std::vector<MountInfo> mounts;
    for (const std::string_view line : split(table, '\n'))
        if (std::optional<MountInfo> mount = read_mount(line)) mounts.push_back(std::move(*mount));
    return mounts;
}

} // namespace bailiff
