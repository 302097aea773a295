// UTF-8, one character at a time, for text whose author is not trusted. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bailiff::journal {

struct Character {
    char32_t code;
    std::size_t bytes;
};

// The first character of `text`; empty where it does not start with well-formed UTF-8
// (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). `text` must not be empty.
[[nodiscard]] std::optional<Character> first_character(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

// The first `bytes` bytes of `text`, less where that would cut a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t bytes);

// The two spellings that stand for what must not be shown: \xNN and \u{NN}.
[[nodiscard]] std::string escaped_byte(char byte);
[[nodiscard]] std::string escaped_code(char32_t code);

// `text` itself where it is UTF-8. Otherwise each foreign byte becomes \xNN and, so that the two
// can be told apart within one string, each backslash \x5c.
[[nodiscard]] std::string to_utf8(std::string_view text);

} // namespace bailiff::journal
