#include "policy/plain_text.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace bailiff::policy {
namespace {

// Bytes of the character at the beginning of `text` (RFC 3629 section 4); 0 where there is none.
std::size_t character(std::string_view text) {
    const auto byte = [&](std::size_t at) -> std::uint8_t {
        return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
    };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    for (std::size_t at = 1; at < length; at++)
        if ((byte(at) & 0xc0) != 0x80) return 0;
    const bool too_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    const bool too_large = first == 0xf4 && byte(1) > 0x8f;
    return too_long || surrogate || too_large ? 0 : length;
}

// Takes a number of that many digits off `text`.
bool take(std::string_view& text, std::size_t digits, unsigned& number) {
    if (text.size() < digits) return false;
    number = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') return false;
        number = number * 10 + static_cast<unsigned>(c - '0');
    }
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(1);
    return true;
}

bool is_time(std::string_view text) {
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (!take(text, 2, hour) || !take(text, ':') || !take(text, 2, minute) || !take(text, ':') ||
        !take(text, 2, second) || hour > 23 || minute > 59 || second > 60)
        return false;
    if (take(text, '.')) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        if (digits == 0) return false;
        text.remove_prefix(digits);
    }
    if (text == "Z" || text == "z") return true;
    if (!take(text, '+') && !take(text, '-')) return false;
    return take(text, 2, hour) && take(text, ':') && take(text, 2, minute) && text.empty() &&
           hour < 24 && minute < 60;
}

} // namespace

std::string why_not_text(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = character(text);
        if (length == 0) return "it is not UTF-8";
        const auto first = static_cast<std::uint8_t>(text[0]);
        if (first < 0x20 || first == 0x7f) return "it has a control character in it";
        text.remove_prefix(length);
    }
    return "";
}

bool is_date(std::string_view text) {
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    if (!take(text, 4, year) || !take(text, '-') || !take(text, 2, month) || !take(text, '-') ||
        !take(text, 2, day))
        return false;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(month), std::chrono::day(day));
    if (!date.ok()) return false;
    if (text.empty()) return true;
    return (take(text, 'T') || take(text, 't') || take(text, ' ')) && is_time(text);
}

} // namespace bailiff::policy
