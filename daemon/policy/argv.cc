#include "policy/argv.h"

#include <algorithm>

#include "bailiff/verdict.h"
#include "policy/limits.h"

namespace bailiff::policy {
namespace {

using Kind = Alternative::Kind;

constexpr std::size_t kShortestOption = 3; // "--f"
constexpr std::size_t kFlagsOfArgument = 16;
constexpr std::string_view kLongOption = "--";

std::string shown(std::string_view text) {
    return "\"" + std::string(text.substr(0, 200)) + "\"";
}

tl::unexpected<Error> wrong(const std::string& message) {
    return fail(ErrorCode::kInvalidArgument, message);
}

Result<Alternative> program(std::string_view text) {
    if (text.empty() || text.size() > kMaxProgramBytes || text.front() == '-' || text == "." ||
        text == ".." || text.find_first_of("/*") != std::string_view::npos)
        return wrong(
            "expected the file name of a program, with no / and no *, that begins with no "
            "-, of 1 to 62 bytes, found " +
            shown(text));
    return Alternative{Kind::kProgram, std::string(text)};
}

Result<Alternative> prefix(std::string_view text) {
    const std::string_view start = text.substr(0, text.size() - 1);
    if (start.starts_with(kLongOption))
        return wrong(
            "a long option takes no *: its abbreviations, and what follows = in an "
            "argument, count already; found " +
            shown(text));
    if (start.empty() || start.size() > BAILIFF_MAX_PREFIX)
        return wrong("expected 1 to " + std::to_string(BAILIFF_MAX_PREFIX) +
                     " bytes before *, found " + std::to_string(start.size()) + " in " +
                     shown(text));
    return Alternative{Kind::kPrefix, std::string(start)};
}

Result<Alternative> argument(std::string_view text) {
    if (text.empty()) return wrong("expected a word on each side of |, found none");
    const std::size_t star = text.find('*');
    if (star != std::string_view::npos && star + 1 != text.size())
        return wrong("expected * at the end only, where it stands for any ending, found " +
                     shown(text));
    if (star != std::string_view::npos) return prefix(text);
    if (text.size() > kMaxWordBytes)
        return wrong("expected a word of at most 254 bytes, found " + std::to_string(text.size()));
    if (text.starts_with(kLongOption)) {
        if (text.find('=') != std::string_view::npos)
            return wrong(
                "what follows = in a long option is not looked at: expected the option "
                "alone, found " +
                shown(text));
        return Alternative{text == kLongOption ? Kind::kWhole : Kind::kOption, std::string(text)};
    }
    const bool is_flag =
        text.size() == 2 && text[0] == '-' && static_cast<unsigned char>(text[1]) < BAILIFF_FLAGS;
    if (is_flag) return Alternative{Kind::kFlag, std::string(text.substr(1))};
    return Alternative{Kind::kWhole, std::string(text)};
}

Result<std::vector<Alternative>> parse_item(std::string_view item,
                                            Result<Alternative> (*parse)(std::string_view)) {
    std::vector<Alternative> found;
    while (true) {
        const std::size_t bar = item.find('|');
        Result<Alternative> one = parse(item.substr(0, bar));
        if (!one) return tl::unexpected(one.error());
        found.push_back(std::move(*one));
        if (bar == std::string_view::npos) break;
        item.remove_prefix(bar + 1);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::string_view last_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

// Collects the elements of one command.
class Sight {
public:
    explicit Sight(const Commands& commands) : commands_(commands) {}

    void word(std::uint8_t kind, std::string_view text) {
        if (text.empty() || text.size() > kMaxWordBytes) return;
        if (const auto at = commands_.words.find({kind, std::string(text)});
            at != commands_.words.end())
            add(at->second);
    }

    void argument(std::string_view text) {
        const bool is_long = text.starts_with(kLongOption);
        word(BAILIFF_WORD_WHOLE, is_long ? text.substr(0, text.find('=')) : text);
        if (!is_long && text.starts_with('-')) flags(text.substr(1, kFlagsOfArgument));
        for (std::size_t length = 1; length <= BAILIFF_MAX_PREFIX; length++)
            if ((commands_.prefixes >> length & 1U) != 0 && text.size() >= length)
                word(BAILIFF_WORD_PREFIX, text.substr(0, length));
    }

    void any_program() {
        for (std::size_t i = 0; i < BAILIFF_MASK_WORDS; i++)
            seen_.word[i] |= ~commands_.arguments.word[i];
    }

    [[nodiscard]] const bailiff_mask& seen() const { return seen_; }

private:
    void flags(std::string_view characters) {
        for (const char c : characters)
            if (const auto at = commands_.flags.find(static_cast<std::uint8_t>(c));
                at != commands_.flags.end())
                add(at->second);
    }

    void add(const bailiff_mask& elements) {
        for (std::size_t i = 0; i < BAILIFF_MASK_WORDS; i++) seen_.word[i] |= elements.word[i];
    }

    const Commands& commands_;
    bailiff_mask seen_{};
};

} // namespace

Result<std::vector<Alternative>> parse_program(std::string_view item) {
    return parse_item(item, program);
}

Result<std::vector<Alternative>> parse_argument(std::string_view item) {
    return parse_item(item, argument);
}

std::vector<CommandWord> words_of(const Alternative& alternative) {
    const std::string& text = alternative.text;
    switch (alternative.kind) {
        case Kind::kProgram:
            return {{BAILIFF_WORD_PROGRAM, text}};
        case Kind::kPrefix:
            return {{BAILIFF_WORD_PREFIX, text}};
        case Kind::kWhole:
            return {{BAILIFF_WORD_WHOLE, text}};
        case Kind::kOption: {
            std::vector<CommandWord> words;
            for (std::size_t length = kShortestOption; length <= text.size(); length++)
                words.push_back({BAILIFF_WORD_WHOLE, text.substr(0, length)});
            return words;
        }
        default:
            return {};
    }
}

Carrier carrier_of(std::string_view name, std::optional<uid_t> owner) {
    if (name.starts_with("ld-") || name.starts_with("ld.so") || name == "libc.so")
        return Carrier::kLoader;
    const bool many = name == "busybox" || name == "toybox" || name == "coreutils";
    return many || owner.value_or(0) != 0 ? Carrier::kMany : Carrier::kNone;
}

bailiff_mask elements_of(const Commands& commands, const Command& command) {
    Sight sight(commands);
    sight.word(BAILIFF_WORD_PROGRAM, command.file);
    for (std::size_t i = 0; i < command.argv.size(); i++) {
        if (i == 0 || command.carrier != Carrier::kNone) {
            sight.word(BAILIFF_WORD_PROGRAM, last_name(command.argv[i]));
            // Under another name, or behind more than the kernel reads of a name.
            if (command.carrier == Carrier::kLoader || command.argv[i].size() > kMaxWordBytes)
                sight.any_program();
        }
        if (i > 0) sight.argument(command.argv[i]);
    }
    return sight.seen();
}

std::vector<const Pattern*> matching(const Commands& commands, const Command& command) {
    std::vector<const Pattern*> found;
    const bailiff_mask seen = elements_of(commands, command);
    for (const Pattern& pattern : commands.patterns) {
        const bailiff_mask missing = bailiff_mask_without(&pattern.needs, &seen);
        if (bailiff_mask_any(&missing) == 0) found.push_back(&pattern);
    }
    return found;
}

} // namespace bailiff::policy
