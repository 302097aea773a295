#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "policy/argv.h"
#include "policy/class_rules.h"
#include "policy/compile.h"
#include "policy/limits.h"

namespace bailiff::policy {
namespace {

using MaskKey = std::array<bailiff_u64, BAILIFF_MASK_WORDS>;

std::string describe(const v1::ArgvRule& rule) {
    std::string text = "argv";
    for (const std::string& item : rule.command()) text += " " + item;
    return text;
}

class ArgvCompiler {
public:
    ArgvCompiler(const Document& document, Image& image)
        : document_(document), image_(image), commands_(image.commands) {}

    Status run() {
        for (const v1::Profile& profile : document_.policy.profiles()) {
            const std::vector<std::uint16_t> bits = bits_of(image_, profile.name());
            for (const Given<v1::ArgvRule>& given :
                 rules_of(document_, profile, &v1::Profile::argv, &v1::Class::argv)) {
                const std::uint32_t source = add_rule(image_, given.at, profile.name(),
                                                      given.says + " " + describe(*given.rule));
                if (bits.empty()) continue; // no layer uses the profile
                const bailiff_mask needs = needs_of(*given.rule);
                const Unasked unasked = unasked_of(image_, profile, given);
                Pattern& pattern =
                    pattern_of(needs, verdict_of(profile, given.verdict), unasked.any());
                for (const std::uint16_t bit : bits)
                    pattern.label.add(
                        {BAILIFF_RIGHT_ARGV, pattern.verdict, bit, source, {}, unasked});
                if (const std::string why = too_many(); !why.empty())
                    return fail(ErrorCode::kInvalidArgument, given.at.text() + ": " + why);
            }
        }
        // The kernel takes them in this order, and for one profile the first decides: of holds one
        // that always asks.
        std::stable_sort(commands_.patterns.begin(), commands_.patterns.end(),
                         [](const Pattern& a, const Pattern& b) {
                             if (a.verdict != b.verdict) return a.verdict > b.verdict;
                             return a.label.budgets() == 0 && b.label.budgets() != 0;
                         });
        if (!commands_.patterns.empty()) image_.policy.flags |= BAILIFF_POLICY_HAS_ARGV;
        return {};
    }

private:
    [[nodiscard]] std::string too_many() const {
        const auto more = [](std::size_t count, const std::string& what, std::size_t most) {
            return "with this command the policy's commands take " + std::to_string(count) + " " +
                   what + "; expected at most " + std::to_string(most);
        };
        if (commands_.patterns.size() > kMaxPatterns)
            return more(commands_.patterns.size(), "patterns", kMaxPatterns);
        if (elements_.size() > kMaxElements)
            return more(elements_.size(), "different items", kMaxElements);
        if (commands_.words.size() > kMaxWords)
            return more(commands_.words.size(), "words", kMaxWords) +
                   " (a long option takes one for each of its abbreviations)";
        return "";
    }

    // The lint has seen that each item can be read.
    bailiff_mask needs_of(const v1::ArgvRule& rule) {
        bailiff_mask needs{};
        for (int i = 0; i < rule.command_size(); i++) {
            const auto item =
                i == 0 ? parse_program(rule.command(i)) : parse_argument(rule.command(i));
            if (!item) continue;
            const std::size_t element = element_of(*item, i == 0);
            if (element < kMaxElements) set_bit(needs, static_cast<std::uint16_t>(element));
        }
        return needs;
    }

    std::size_t element_of(const std::vector<Alternative>& item, bool is_program) {
        const auto [at, fresh] = elements_.try_emplace(item, elements_.size());
        if (!fresh || at->second >= kMaxElements) return at->second;
        const auto bit = static_cast<std::uint16_t>(at->second);
        if (!is_program) set_bit(commands_.arguments, bit);
        for (const Alternative& one : item) {
            if (one.kind == Alternative::Kind::kFlag)
                set_bit(commands_.flags[static_cast<std::uint8_t>(one.text[0])], bit);
            if (one.kind == Alternative::Kind::kPrefix) commands_.prefixes |= 1U << one.text.size();
            for (const CommandWord& word : words_of(one)) set_bit(commands_.words[word], bit);
        }
        return bit;
    }

    // Of each verdict one that asks for the same; of holds one with a budget for every profile that
    // it speaks of, and one with none.
    Pattern& pattern_of(const bailiff_mask& needs, std::uint8_t verdict, bool unasked) {
        MaskKey key{};
        std::copy(std::begin(needs.word), std::end(needs.word), key.begin());
        const auto [at, fresh] =
            patterns_.try_emplace({verdict, unasked, key}, commands_.patterns.size());
        if (fresh) commands_.patterns.push_back({needs, verdict, {}});
        return commands_.patterns[at->second];
    }

    const Document& document_;
    Image& image_;
    Commands& commands_;
    std::map<std::vector<Alternative>, std::size_t> elements_; // a program is never an argument
    std::map<std::tuple<std::uint8_t, bool, MaskKey>, std::size_t> patterns_;
};

} // namespace

Status compile_argv(const Document& document, Image& image) {
    return ArgvCompiler(document, image).run();
}

} // namespace bailiff::policy
