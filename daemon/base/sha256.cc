#include "base/sha256.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace bailiff {

Sha256 sha256(std::string_view bytes) {
    Sha256 digest{};
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return digest;
}

Result<Sha256> sha256_of(int fd, const std::stop_token& stop) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
    if (!state || EVP_DigestInit_ex(state.get(), EVP_sha256(), nullptr) != 1)
        return fail(ErrorCode::kInternal, "OpenSSL gives no SHA-256");
    std::array<char, 1U << 16> part{};
    for (;;) {
        if (stop.stop_requested())
            return fail(ErrorCode::kUnavailable, "it is not read to its end");
        const ssize_t n = read(fd, part.data(), part.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno("read", errno);
        if (n == 0) break;
        EVP_DigestUpdate(state.get(), part.data(), static_cast<std::size_t>(n));
    }
    Sha256 digest{};
    EVP_DigestFinal_ex(state.get(), digest.data(), nullptr);
    return digest;
}

std::optional<Sha256> parse_sha256(std::string_view text) {
    Sha256 digest{};
    if (text.size() != 2 * digest.size()) return std::nullopt;
    for (std::size_t at = 0; at < text.size(); at++) {
        const char c = text[at];
        int value = 0;
        if (c >= '0' && c <= '9')
            value = c - '0';
        else if (c >= 'a' && c <= 'f')
            value = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            value = c - 'A' + 10;
        else
            return std::nullopt;
        digest[at / 2] = static_cast<std::uint8_t>(digest[at / 2] << 4 | value);
    }
    return digest;
}

std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

} // namespace bailiff
