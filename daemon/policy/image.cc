#include "policy/image.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "bailiff/verdict.h"

namespace bailiff::policy {

namespace {

bool comes_before(const Saying& a, const Saying& b) {
    return std::pair(a.right, a.bit) < std::pair(b.right, b.bit);
}

Contents joined(const Contents& a, const Contents& b) {
    Contents all;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
    return all;
}

bool is_stricter(const Saying& a, const Saying& b) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    if (a.unasked.any() != b.unasked.any()) return b.unasked.any();
    return a.rule <= b.rule;
}

// Of two sayings for the same bit and right.
Saying stricter(const Saying& a, const Saying& b) {
    const bool first = is_stricter(a, b);
    Saying said = first ? a : b;
    // What two rules hold is asked for, unless both let the same go without asking.
    if (a.verdict == b.verdict && !(a.unasked == b.unasked)) said.unasked = {};
    if (said.verdict == BAILIFF_VERDICT_DENY) return said;
    // The rule that lists is the one to name where the content is another.
    if (a.contents.empty() != b.contents.empty()) said.rule = a.contents.empty() ? b.rule : a.rule;
    said.contents = joined(a.contents, b.contents);
    return said;
}

} // namespace

void Label::add(const Saying& saying) {
    const auto at = std::lower_bound(sayings_.begin(), sayings_.end(), saying, comes_before);
    if (at == sayings_.end() || comes_before(saying, *at))
        sayings_.insert(at, saying);
    else
        *at = stricter(*at, saying);
}

void Label::merge(const Label& other) {
    for (const Saying& saying : other.sayings_) add(saying);
}

Label Label::denials() const {
    Label only;
    for (const Saying& saying : sayings_)
        if (saying.verdict != BAILIFF_VERDICT_ALLOW || !saying.contents.empty())
            only.sayings_.push_back(saying);
    return only;
}

Label Label::guard() const {
    Label kept;
    for (const Saying& saying : sayings_) {
        const bool lists = !saying.contents.empty();
        if (saying.verdict <= BAILIFF_VERDICT_AUDIT && !lists) continue;
        const auto verdict = lists ? std::uint8_t{BAILIFF_VERDICT_DENY}
                                   : std::max(saying.verdict, std::uint8_t{BAILIFF_VERDICT_HOLD});
        for (const std::uint8_t right : {BAILIFF_RIGHT_DELETE, BAILIFF_RIGHT_RENAME})
            kept.add({right, verdict, saying.bit, saying.rule, {}});
    }
    return kept;
}

Label Label::always_asking() const {
    Label strict = *this;
    for (Saying& saying : strict.sayings_) saying.unasked = {};
    return strict;
}

std::size_t Label::budgets() const {
    return static_cast<std::size_t>(
        std::count_if(sayings_.begin(), sayings_.end(),
                      [](const Saying& saying) { return saying.unasked.any(); }));
}

bool Label::lists_contents() const {
    return std::any_of(sayings_.begin(), sayings_.end(),
                       [](const Saying& saying) { return !saying.contents.empty(); });
}

std::map<Sha256, bailiff_listed> Label::listed() const {
    std::map<Sha256, bailiff_listed> rows;
    for (const Saying& saying : sayings_) {
        if (saying.contents.empty()) continue;
        const auto add = [&](const Sha256& content) {
            bailiff_listed& row = rows[content];
            set_bit(saying.right == BAILIFF_RIGHT_LOAD ? row.load : row.exec, saying.bit);
        };
        add(Sha256{});
        for (const Sha256& content : saying.contents) add(content);
    }
    return rows;
}

void Label::inherit(const Label& outer) {
    const Label near = *this;
    for (const Saying& saying : outer.sayings_)
        if (near.find(saying.right, saying.bit) == nullptr) add(saying);
}

std::array<bailiff_row, BAILIFF_ALL_RIGHTS> Label::rows() const {
    std::array<bailiff_row, BAILIFF_ALL_RIGHTS> rows{};
    for (const Saying& saying : sayings_)
        set_bit(rows[saying.right].says[saying.verdict], saying.bit);
    return rows;
}

const Saying* Label::find(std::uint8_t right, std::uint16_t bit) const {
    const Saying wanted = {right, 0, bit, 0, {}};
    const auto at = std::lower_bound(sayings_.begin(), sayings_.end(), wanted, comes_before);
    return at == sayings_.end() || comes_before(wanted, *at) ? nullptr : &*at;
}

void add_guards(std::map<std::string, Label>& guards, const std::string& path, const Label& label) {
    const Label guard = label.guard();
    if (guard.empty()) return;
    const std::filesystem::path given = path;
    for (auto at = given.parent_path(); at.has_relative_path(); at = at.parent_path())
        guards[at.string()].merge(guard);
}

bailiff_mask Image::mask(std::uint8_t layer, const std::vector<std::string>& profiles) const {
    bailiff_mask mask{};
    for (std::size_t bit = 0; bit < bits.size(); bit++)
        if (bits[bit].layer == layer &&
            std::find(profiles.begin(), profiles.end(), bits[bit].profile) != profiles.end())
            set_bit(mask, static_cast<std::uint16_t>(bit));
    return mask;
}

std::set<std::string> Image::denied_paths() const {
    std::set<std::string> denied;
    for (const auto& [path, label] : paths)
        for (const Saying& saying : label.sayings())
            if (saying.verdict == BAILIFF_VERDICT_DENY && rules[saying.rule].at.line != 0)
                denied.insert(path);
    return denied;
}

std::size_t Image::profiles_in_use() const {
    std::size_t count = 0;
    for (std::size_t bit = 0; bit < bits.size(); bit++)
        if (!has_bit(policy.always, bit)) count++;
    return count;
}

bailiff_mask Image::given(const bailiff_mask& profiles) const {
    return bailiff_mask_without(&profiles, &policy.always);
}

bool Image::kills(const bailiff_mask& profiles) const {
    for (std::size_t i = 0; i < BAILIFF_MASK_WORDS; i++)
        if ((kill.word[i] & profiles.word[i]) != 0) return true;
    return false;
}

std::string ProfileBit::name() const {
    return std::string(layer_name(layer)) + ":" + profile;
}

void set_bit(bailiff_mask& mask, std::uint16_t bit) {
    mask.word[bit / 64] |= 1ULL << (bit % 64);
}

bool has_bit(const bailiff_mask& mask, std::size_t bit) {
    return (mask.word[bit / 64] >> (bit % 64) & 1U) != 0;
}

const char* layer_name(std::uint8_t layer) {
    static constexpr const char* kNames[BAILIFF_LAYERS] = {"host", "user", "agent", "task",
                                                           "token"};
    return layer < BAILIFF_LAYERS ? kNames[layer] : "none";
}

const char* verdict_name(std::uint8_t verdict) {
    static constexpr const char* kNames[BAILIFF_VERDICTS] = {"allow", "audit", "preserve", "hold",
                                                             "deny"};
    return verdict < BAILIFF_VERDICTS ? kNames[verdict] : "none";
}

} // namespace bailiff::policy
