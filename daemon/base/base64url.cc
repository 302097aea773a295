#include "base/base64url.h"

#include <cstdint>

namespace bailiff {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

} // namespace

std::string base64url_encode(std::string_view bytes) {
    std::string text;
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const char c : bytes) {
        buffer = buffer << 8 | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[buffer >> (bits - 6) & 63];
    }
    if (bits > 0) text += kAlphabet[buffer << (6 - bits) & 63];
    return text;
}

Result<std::string> base64url_decode(std::string_view text) {
    std::string bytes;
    std::uint32_t buffer = 0;
    int bits = 0;
    for (std::size_t i = 0; i < text.size(); i++) {
        const std::size_t value = kAlphabet.find(text[i]);
        if (value == std::string_view::npos)
            return fail(ErrorCode::kInvalidArgument,
                        "base64url: byte " + std::to_string(i) + " is not of its alphabet");
        buffer = buffer << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(buffer >> bits & 255);
    }
    if (bits == 6)
        return fail(ErrorCode::kInvalidArgument,
                    "base64url: impossible length " + std::to_string(text.size()));
    if ((buffer & ((1U << bits) - 1)) != 0)
        return fail(ErrorCode::kInvalidArgument, "base64url: unused bits at the end are not zero");
    return bytes;
}

} // namespace bailiff
