#include "undo/entry.h"

#include <array>
#include <charconv>
#include <optional>

namespace bailiff::undo {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::array<std::string_view, 3> kLosses{"removed", "changed", "replaced"};
constexpr std::size_t kFields = 11; // before the path

std::optional<Loss> find_loss(std::string_view text) {
    for (std::size_t i = 0; i < kLosses.size(); i++)
        if (kLosses[i] == text) return static_cast<Loss>(i);
    return std::nullopt;
}

template <typename Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string hexadecimal(std::uint64_t number) {
    std::array<char, 16> digits{};
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return {digits.data(), end};
}

Error damaged(std::string_view text) {
    return {ErrorCode::kDataLoss,
            "\"" + std::string(text.substr(0, 200)) + "\" is no manifest of what was kept"};
}

} // namespace

std::string_view loss_name(Loss loss) {
    return kLosses.at(static_cast<std::size_t>(loss));
}

std::string charged_to(const Entry& entry) {
    const bool of_account = entry.session.empty() || entry.loss == Loss::kReplaced;
    return of_account ? "uid " + std::to_string(entry.account) : entry.session;
}

// Fields with one blank between them; the path is last, since it can hold any byte but NUL.
Result<std::string> write_manifest(const Entry& entry) {
    const std::string session = entry.session.empty() ? "-" : entry.session;
    std::string text(kVersion);
    for (const std::string& field :
         {hexadecimal(entry.action), std::to_string(entry.time), std::string(loss_name(entry.loss)),
          session, std::to_string(entry.account), std::to_string(entry.mode),
          std::to_string(entry.owner), std::to_string(entry.size), std::to_string(entry.device),
          std::to_string(entry.inode), std::string(entry.linked ? "link" : "copy"), entry.path})
        text += " " + field;
    if (text.size() <= kMaxManifest) return text;
    return fail(ErrorCode::kResourceExhausted,
                "its path has more than " +
                    std::to_string(kMaxManifest - (text.size() - entry.path.size())) + " bytes");
}

Result<Entry> read_manifest(std::string_view text) {
    std::array<std::string_view, kFields + 1> fields;
    std::string_view rest = text;
    for (std::string_view& field : fields) {
        const std::size_t end = rest.find(' ');
        if (end == std::string_view::npos) return tl::unexpected(damaged(text));
        field = rest.substr(0, end);
        rest.remove_prefix(end + 1);
    }
    Entry entry;
    const auto loss = find_loss(fields[3]);
    const bool sound = fields[0] == kVersion && read_number(fields[1], entry.action, 16) &&
                       read_number(fields[2], entry.time) && loss &&
                       read_number(fields[5], entry.account) &&
                       read_number(fields[6], entry.mode) && read_number(fields[7], entry.owner) &&
                       read_number(fields[8], entry.size) && read_number(fields[9], entry.device) &&
                       read_number(fields[10], entry.inode) &&
                       (fields[11] == "link" || fields[11] == "copy") && rest.starts_with('/');
    if (!sound) return tl::unexpected(damaged(text));
    entry.loss = *loss;
    if (fields[4] != "-") entry.session = fields[4];
    entry.linked = fields[11] == "link";
    entry.path = rest;
    return entry;
}

} // namespace bailiff::undo
