#include "policy/narrower.h"

#include <algorithm>

namespace bailiff::policy {
namespace {

bailiff_mask mask_of(const Image& image, const std::vector<std::string>& names) {
    bailiff_mask mask{};
    for (std::size_t bit = 0; bit < image.bits.size(); bit++)
        if (std::find(names.begin(), names.end(), image.bits[bit].name()) != names.end())
            set_bit(mask, static_cast<std::uint16_t>(bit));
    return mask;
}

class Comparison {
public:
    Comparison(const Image& image, const bailiff_mask& before, const bailiff_mask& now)
        : image_(image), dropped_(before), kept_(now) {
        for (int i = 0; i < BAILIFF_MASK_WORDS; i++) dropped_.word[i] &= ~now.word[i];
    }

    [[nodiscard]] std::string why_not() const {
        for (const auto* labels :
             {&image_.paths, &image_.templates, &image_.names, &image_.suffixes})
            for (const auto& [object, label] : *labels)
                if (std::string why = by_rule(label); !why.empty()) return why;
        for (const PortLabel& entry : image_.ports)
            if (std::string why = by_rule(entry.label); !why.empty()) return why;
        for (const Pattern& pattern : image_.commands.patterns)
            if (std::string why = by_rule(pattern.label); !why.empty()) return why;
        if (std::string why = by_default(); !why.empty()) return why;
        return by_end();
    }

private:
    // A rule that allows gives; every other verdict takes away from what the layer allows, and so
    // does a list of contents.
    [[nodiscard]] std::string by_rule(const Label& label) const {
        const Label takes = label.denials();
        for (const Saying& saying : takes.sayings())
            if (has_bit(dropped_, saying.bit)) return lacks(saying);
        return "";
    }

    // Where no rule speaks the strictest default of a layer's profiles stands.
    [[nodiscard]] std::string by_default() const {
        for (const Saying& saying : image_.defaults.sayings()) {
            if (!has_bit(dropped_, saying.bit)) continue;
            const auto& all = image_.defaults.sayings();
            const bool stays = std::any_of(all.begin(), all.end(), [&](const Saying& other) {
                return has_bit(kept_, other.bit) && other.right == saying.right &&
                       image_.bits[other.bit].layer == image_.bits[saying.bit].layer &&
                       strictness(other) >= strictness(saying);
            });
            if (!stays) return lacks(saying);
        }
        return "";
    }

    // One profile is enough to have what is left of a session killed.
    [[nodiscard]] std::string by_end() const {
        if (!image_.kills(dropped_) || image_.kills(kept_)) return "";
        for (std::uint16_t bit = 0; bit < image_.bits.size(); bit++)
            if (has_bit(dropped_, bit) && has_bit(image_.kill, bit))
                return "it would no longer have " + image_.bits[bit].name() +
                       " and so not on_end: kill";
        return "";
    }

    [[nodiscard]] std::uint8_t strictness(const Saying& saying) const {
        const bool observed = has_bit(image_.policy.observe, saying.bit);
        return observed && saying.verdict == BAILIFF_VERDICT_DENY
                   ? std::uint8_t{BAILIFF_VERDICT_AUDIT}
                   : saying.verdict;
    }

    [[nodiscard]] std::string lacks(const Saying& saying) const {
        const RuleSource& rule = image_.rules[saying.rule];
        return "it would no longer have " + image_.bits[saying.bit].name() + " and so not " +
               rule.at.text() + " " + rule.text;
    }

    const Image& image_;
    bailiff_mask dropped_;
    bailiff_mask kept_;
};

} // namespace

std::string why_not_narrower(const Policy& policy, const std::vector<std::string>& before,
                             const std::vector<std::string>& now) {
    for (const std::string& name : now)
        if (std::find(before.begin(), before.end(), name) == before.end())
            return "it would have " + name + " as well";
    return Comparison(policy.image, mask_of(policy.image, before), mask_of(policy.image, now))
        .why_not();
}

} // namespace bailiff::policy
