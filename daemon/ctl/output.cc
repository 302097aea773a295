#include "ctl/output.h"

#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "ctl/context.h"
#include "journal/describe.h"

namespace bailiff::ctl {
namespace {

void add_row(std::string& text, const Row& row, const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += pad(row[i], widths[i]) + "  ";
    line.resize(line.find_last_not_of(' ') + 1); // npos + 1 is 0
    text += line + "\n";
}

} // namespace

void report(Context& context, const Error& error, int exit_status) {
    std::istringstream lines(error.message());
    std::string line;
    for (bool first = true; std::getline(lines, line); first = false) {
        std::fprintf(stderr, "%s%s\n", first ? "bailiffctl: " : "  ",
                     journal::escape(line).c_str());
    }
    context.exit_status = exit_status;
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; // no continuation byte
    }));
}

std::string pad(std::string text, std::size_t width) {
    const std::size_t has = width_of(text);
    if (has < width) text.append(width - has, ' ');
    return text;
}

std::string render_table(const Row& header, const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const std::string& cell : header) widths.push_back(width_of(cell));
    for (const Row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string text;
    add_row(text, header, widths);
    for (const Row& row : rows) add_row(text, row, widths);
    return text;
}

bool wants_colour() {
    const char* off = std::getenv("NO_COLOR");
    if (off != nullptr && *off != '\0') return false;
    const char* terminal = std::getenv("TERM");
    if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
    return isatty(STDOUT_FILENO) == 1;
}

std::string paint(std::string_view text, Colour colour, bool on) {
    if (!on || colour == Colour::kNone) return std::string(text);
    const char* code = "0";
    if (colour == Colour::kRed) code = "31";
    if (colour == Colour::kGreen) code = "32";
    if (colour == Colour::kYellow) code = "33";
    if (colour == Colour::kDim) code = "2";
    return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

Status print_json(const google::protobuf::Message& message) {
    std::string text;
    const auto printed = google::protobuf::util::MessageToJsonString(message, &text);
    if (!printed.ok()) return fail(ErrorCode::kInternal, std::string(printed.message()));
    print(text + "\n");
    return {};
}

std::string time_left(std::int64_t seconds) {
    if (seconds < 0) return "over";
    const auto two = [](std::int64_t big, const char* big_unit, std::int64_t small,
                        const char* small_unit) {
        const std::string text = std::to_string(big) + " " + big_unit;
        return small == 0 ? text : text + " " + std::to_string(small) + " " + small_unit;
    };
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
    if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
    return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

} // namespace bailiff::ctl
