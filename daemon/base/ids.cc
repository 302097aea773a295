#include "base/ids.h"

#include <sys/random.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>

namespace bailiff {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kDigits = 26; // 130 bits: the first two are zero

} // namespace

Result<Id> new_id(std::int64_t unix_nanos) {
    Id id{};
    if (getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size()))
        return fail_errno("getrandom", errno);
    const auto millis = static_cast<std::uint64_t>(unix_nanos / 1'000'000);
    for (std::size_t i = 0; i < 6; i++) id[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    return id;
}

std::string session_name(const Id& id) {
    std::string text(kDigits, '0');
    for (std::size_t digit = 0; digit < kDigits; digit++) {
        unsigned value = 0;
        for (std::size_t bit = 0; bit < 5; bit++) {
            const std::size_t at = digit * 5 + bit;
            if (at < 2) continue;
            value |= (id[(at - 2) / 8] >> (7 - (at - 2) % 8) & 1U) << (4 - bit);
        }
        text[digit] = kAlphabet[value];
    }
    return "s-" + text;
}

std::optional<Id> parse_session_name(std::string_view text) {
    if (text.size() != kDigits + 2 || !text.starts_with("s-")) return std::nullopt;
    text.remove_prefix(2);
    Id id{};
    for (std::size_t digit = 0; digit < kDigits; digit++) {
        const std::size_t value = kAlphabet.find(text[digit]);
        if (value == std::string_view::npos) return std::nullopt;
        for (std::size_t bit = 0; bit < 5; bit++) {
            const std::size_t at = digit * 5 + bit;
            const bool set = (value >> (4 - bit) & 1U) != 0;
            if (at < 2 && set) return std::nullopt;
            if (at >= 2 && set)
                id[(at - 2) / 8] |= static_cast<std::uint8_t>(1U << (7 - (at - 2) % 8));
        }
    }
    return id;
}

std::string approval_id(std::uint64_t hold) {
    char text[17] = {};
    std::snprintf(text, sizeof(text), "%016" PRIx64, hold);
    return text;
}

} // namespace bailiff
