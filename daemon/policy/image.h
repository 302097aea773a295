// Image: a policy's rules in the form that the kernel's tables take, before paths become inodes and
// labels get numbers. Plain values; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bailiff/abi.h"
#include "base/sha256.h"
#include "policy/address.h"
#include "policy/position.h"

namespace bailiff::policy {

// The rule behind a verdict.
struct RuleSource {
    Position at;
    std::string profile;
    std::string text; // in one line, for people
};

// The contents of a file that a rule lists, sorted; empty: whatever it holds.
using Contents = std::vector<Sha256>;

// Which acts a rule that holds lets through without asking.
struct Unasked {
    std::uint16_t count = 0;    // in each period; 0: there is no budget
    std::uint16_t number = 0;   // of the budget: several rules spend of one
    std::uint32_t seconds = 0;  // the period; 0: as long as the session lasts
    bool first_contact = false; // an address that was approved is not asked for again

    [[nodiscard]] bool any() const { return count != 0 || first_contact; }
    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend auto operator<=>(const Unasked&, const Unasked&) = default;
};

// One rule's word about one right, in one profile's bit. With `contents` it is for these alone: of
// a file that holds anything else the word is deny.
struct Saying {
    std::uint8_t right;
    std::uint8_t verdict;
    std::uint16_t bit;
    std::uint32_t rule;     // index in Image::rules
    Contents contents = {}; // never with a deny
    Unasked unasked = {};   // with a hold only

    // clang-tidy 14 takes the 0 that it compares with for a pointer.
    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend auto operator<=>(const Saying&, const Saying&) = default;
};

// Everything that is said about one object: for each right and bit one saying, sorted by these.
class Label {
public:
    // Of two sayings for the same bit and right the stricter stays, of equal ones the first rule's;
    // a hold that always asks is stricter than another. If one lists contents, it is for these
    // alone; what both list counts together.
    void add(const Saying& saying);
    // Both are said about the same object.
    void merge(const Label& other);
    // `outer` is said about something that contains the object: it counts where nothing nearer
    // speaks for the same bit and right.
    void inherit(const Label& outer);

    // What it takes away: all but what it allows whatever a file holds.
    [[nodiscard]] Label denials() const;
    // What it says of a folder above: where it takes anything away that folder stays at its place,
    // or the path would be free for something that the rule does not know. No budget is for that,
    // and nothing that is kept makes up for it: where it preserves, this holds.
    [[nodiscard]] Label guard() const;
    // The same, with every act asked for that it holds.
    [[nodiscard]] Label always_asking() const;
    // Does it say anything for listed contents alone?
    [[nodiscard]] bool lists_contents() const;
    // Rows of map "listed": for each content the profiles that list it, and under zeros those that
    // list any. Empty where it lists none.
    [[nodiscard]] std::map<Sha256, bailiff_listed> listed() const;
    [[nodiscard]] bool empty() const { return sayings_.empty(); }
    [[nodiscard]] const std::vector<Saying>& sayings() const { return sayings_; }
    [[nodiscard]] std::array<bailiff_row, BAILIFF_ALL_RIGHTS> rows() const;
    // Rows of map "budgets": how many of its holds do not always ask.
    [[nodiscard]] std::size_t budgets() const;
    // The rule behind a verdict of this label; null if it has none such.
    [[nodiscard]] const Saying* find(std::uint8_t right, std::uint16_t bit) const;

    friend auto operator<=>(const Label&, const Label&) = default;

private:
    std::vector<Saying> sayings_;
};

// Adds to `guards`, by path, what `label`, said about `path`, says of each folder above but the
// root.
void add_guards(std::map<std::string, Label>& guards, const std::string& path, const Label& label);

// A row to look up by what it says.
using RowKey = std::array<bailiff_u64, sizeof(bailiff_row) / sizeof(bailiff_u64)>;
[[nodiscard]] inline RowKey row_key(const bailiff_row& row) {
    return std::bit_cast<RowKey>(row);
}

// A profile in one layer: one bit of the effective mask.
struct ProfileBit {
    std::uint8_t layer; // enum bailiff_layer
    std::string profile;

    [[nodiscard]] std::string name() const; // layer:profile, as in Grant::names
};

struct AddressClass {
    Prefix prefix;
    std::uint32_t number; // 1, 2, ...
};

// What is said for one (class, protocol, port); 0 is any.
struct PortLabel {
    std::uint32_t address_class;
    std::uint8_t protocol;
    std::uint16_t port;
    Label label;
};

// A command that rules name, and what they say of it with one and the same verdict.
struct Pattern {
    bailiff_mask needs{}; // elements: one is a program
    std::uint8_t verdict; // enum bailiff_verdict
    Label label;          // of right argv
};

// A word, a flag or a program's name that makes an argument an element.
struct CommandWord {
    std::uint8_t kind; // enum bailiff_word_kind
    std::string text;  // 1 to kMaxWordBytes bytes

    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend auto operator<=>(const CommandWord&, const CommandWord&) = default;
};

// The commands that rules name. An element is what one item of a command asks for, a bit of a mask;
// items that ask for the same share it.
struct Commands {
    std::map<CommandWord, bailiff_mask> words;
    std::map<std::uint8_t, bailiff_mask> flags; // by character
    std::vector<Pattern> patterns;              // the strictest verdict first
    bailiff_mask arguments{};                   // the elements that are no program
    std::uint32_t prefixes = 0;                 // bit n: a prefix of n bytes is asked for
};

struct Image {
    std::vector<ProfileBit> bits;
    std::vector<RuleSource> rules;
    bailiff_policy policy{};                // layers, observe and flags
    bailiff_mask kill{};                    // profiles whose sessions are killed when over
    Label defaults;                         // one saying for each bit and right, system too
    std::map<std::string, Label> paths;     // absolute, no variables
    std::map<std::string, Label> templates; // with ${workspace} or ${home}
    std::map<std::string, Label> names;
    std::map<std::string, Label> suffixes; // with their dot
    std::vector<AddressClass> addresses;
    std::vector<PortLabel> ports;
    Commands commands;
    // Numbers of budgets, by profile and by the class that it holds.
    std::map<std::pair<std::string, std::string>, std::uint16_t> budgets;

    // Paths that a written rule denies something: what lies there under another name elsewhere is
    // judged by that one.
    [[nodiscard]] std::set<std::string> denied_paths() const;
    // How many profiles the policy itself gives, one counted for each layer.
    [[nodiscard]] std::size_t profiles_in_use() const;
    // Of these profiles those that the policy itself gives.
    [[nodiscard]] bailiff_mask given(const bailiff_mask& profiles) const;
    // Are the processes of a session with these profiles killed when it is over?
    [[nodiscard]] bool kills(const bailiff_mask& profiles) const;
    // Bits of a layer's profiles by name.
    [[nodiscard]] bailiff_mask mask(std::uint8_t layer,
                                    const std::vector<std::string>& profiles) const;
};

void set_bit(bailiff_mask& mask, std::uint16_t bit);
[[nodiscard]] bool has_bit(const bailiff_mask& mask, std::size_t bit);
[[nodiscard]] const char* layer_name(std::uint8_t layer);
// "read", "signal", "cap_net_admin"; "none" where there is no such right.
[[nodiscard]] const char* right_name(std::uint8_t right);
[[nodiscard]] std::optional<std::uint8_t> right_by_name(std::string_view name);
[[nodiscard]] const char* verdict_name(std::uint8_t verdict);

} // namespace bailiff::policy
