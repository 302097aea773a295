#include "journal/utf8.h"

#include <cstdio>

namespace bailiff::journal {
namespace {

unsigned at(std::string_view text, std::size_t index) {
    return static_cast<unsigned char>(text[index]);
}

// Bytes of the character that `lead` announces; 0 for a byte that starts none.
std::size_t length_of(unsigned lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead < 0xe0) return 2;
    if (lead >= 0xe0 && lead < 0xf0) return 3;
    if (lead >= 0xf0 && lead < 0xf5) return 4;
    return 0;
}

} // namespace

std::optional<Character> first_character(std::string_view text) {
    const unsigned lead = at(text, 0);
    const std::size_t bytes = length_of(lead);
    if (bytes == 0 || bytes > text.size()) return std::nullopt;
    if (bytes == 1) return Character{static_cast<char32_t>(lead), 1};
    char32_t code = lead & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((at(text, i) & 0xc0U) != 0x80U) return std::nullopt;
        code = (code << 6) | (at(text, i) & 0x3fU);
    }
    const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (overlong || surrogate || code > 0x10ffff) return std::nullopt;
    return Character{code, bytes};
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto character = first_character(text);
        if (!character) return false;
        text.remove_prefix(character->bytes);
    }
    return true;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (at(text, bytes) & 0xc0U) == 0x80U) --bytes;
    return text.substr(0, bytes);
}

std::string escaped_byte(char byte) {
    char text[8];
    std::snprintf(text, sizeof(text), "\\x%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(byte)));
    return text;
}

std::string escaped_code(char32_t code) {
    char text[16];
    std::snprintf(text, sizeof(text), "\\u{%x}", static_cast<unsigned>(code));
    return text;
}

std::string to_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string out;
    while (!text.empty()) {
        const auto character = first_character(text);
        const std::size_t bytes = character ? character->bytes : 1;
        if (!character || character->code == '\\')
            out += escaped_byte(text[0]);
        else
            out += text.substr(0, bytes);
        text.remove_prefix(bytes);
    }
    return out;
}

} // namespace bailiff::journal
