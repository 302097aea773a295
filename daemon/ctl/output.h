// Standard output: tables for people, JSON for programs. One thread.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bailiff::ctl {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two blanks between, no blanks at the end of a line.
[[nodiscard]] std::string render_table(const Row& header, const std::vector<Row>& rows);

// Characters that a terminal shows, where each code point takes one cell.
[[nodiscard]] std::size_t width_of(std::string_view text);
[[nodiscard]] std::string pad(std::string text, std::size_t width);

// Whether standard output takes colours: a terminal, and NO_COLOR (no-color.org) is not set.
[[nodiscard]] bool wants_colour();
enum class Colour { kNone, kRed, kGreen, kYellow, kDim };
// `text`, coloured where `on`.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool on);

void print(std::string_view text);
// One line of JSON with protobuf's names.
[[nodiscard]] Status print_json(const google::protobuf::Message& message);

// "12 s", "4 min 30 s", "2 h 5 min", "3 d 4 h"; "over" for a negative number.
[[nodiscard]] std::string time_left(std::int64_t seconds);

} // namespace bailiff::ctl
