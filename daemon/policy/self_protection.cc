#include "policy/self_protection.h"

#include <array>

#include "policy/compile.h"

namespace bailiff::policy {
namespace {

constexpr std::array<const char*, 5> kOwnFolders{"/etc/bailiff", "/run/bailiff-kernel",
                                                 "/var/lib/bailiff", "/var/lib/bailiff-kernel",
                                                 "/sys/fs/bpf/bailiff"};
constexpr const char* kControlFolder = "/run/bailiff";

void deny(Image& image, std::uint16_t bit, const Position& at, const std::string& path,
          std::uint8_t last_right) {
    if (!path.starts_with('/')) return; // read from no file, as in a test
    const std::uint32_t rule = add_rule(image, at, kSelfProtection,
                                        "deny files path " + path + ", which is bailiff's own");
    Label label;
    for (std::uint8_t right = BAILIFF_RIGHT_READ; right <= last_right; right++)
        label.add({right, BAILIFF_VERDICT_DENY, bit, rule});
    image.paths[path].merge(label);
}

} // namespace

void add_self_protection(const Document& document, Image& image) {
    const auto bit = static_cast<std::uint16_t>(image.bits.size());
    image.bits.push_back({BAILIFF_LAYER_HOST, kSelfProtection});
    set_bit(image.policy.layer[BAILIFF_LAYER_HOST], bit);
    set_bit(image.policy.always, bit);
    const Position nowhere{document.file, 0, 0};
    for (std::uint8_t right = 0; right < BAILIFF_ALL_RIGHTS; right++) {
        if (right_name(right) == std::string_view("none")) continue;
        const std::uint32_t rule = add_rule(image, nowhere, kSelfProtection,
                                            std::string("default allow ") + right_name(right));
        image.defaults.add({right, BAILIFF_VERDICT_ALLOW, bit, rule});
    }
    for (const char* folder : kOwnFolders)
        deny(image, bit, nowhere, folder, BAILIFF_RIGHT_CONNECT_UNIX);
    for (const std::string& store : undo_stores(document))
        deny(image, bit, nowhere, store, BAILIFF_RIGHT_CONNECT_UNIX);
    deny(image, bit, nowhere, document.file, BAILIFF_RIGHT_METADATA);
    for (const v1::Issuer& issuer : document.policy.issuers())
        deny(image, bit, nowhere, issuer.jwks_file(), BAILIFF_RIGHT_METADATA);
    deny(image, bit, nowhere, kControlFolder, BAILIFF_RIGHT_METADATA);
}

} // namespace bailiff::policy
