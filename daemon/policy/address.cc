#include "policy/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace bailiff::policy {
namespace {

constexpr unsigned kMapped = 96;

std::array<std::uint8_t, 16> masked(std::array<std::uint8_t, 16> bytes, unsigned length) {
    for (unsigned bit = length; bit < 128; bit++)
        bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    return bytes;
}

} // namespace

Prefix all_v4() {
    Prefix prefix;
    prefix.bytes[10] = prefix.bytes[11] = 0xff;
    prefix.length = kMapped;
    return prefix;
}

Prefix all_v6() {
    return {};
}

bool Prefix::is_v4() const {
    return length >= kMapped && masked(bytes, kMapped) == all_v4().bytes;
}

bool Prefix::covers(const Prefix& other) const {
    return is_v4() == other.is_v4() && length <= other.length &&
           masked(other.bytes, length) == bytes;
}

Prefix Prefix::cut(unsigned shorter) const {
    return {masked(bytes, shorter), shorter};
}

std::string Prefix::text() const {
    char out[INET6_ADDRSTRLEN] = {};
    if (is_v4()) {
        inet_ntop(AF_INET, bytes.data() + 12, out, sizeof(out));
        return std::string(out) + "/" + std::to_string(length - kMapped);
    }
    inet_ntop(AF_INET6, bytes.data(), out, sizeof(out));
    return std::string(out) + "/" + std::to_string(length);
}

Result<Prefix> parse_prefix(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string address(text.substr(0, slash));
    Prefix prefix;
    unsigned base = 0;
    if (inet_pton(AF_INET, address.c_str(), prefix.bytes.data() + 12) == 1) {
        prefix.bytes[10] = prefix.bytes[11] = 0xff;
        base = kMapped;
    } else if (inet_pton(AF_INET6, address.c_str(), prefix.bytes.data()) != 1) {
        return fail(ErrorCode::kInvalidArgument,
                    "expected an IP address or CIDR block, such as 10.0.0.0/8 or ::1");
    }
    prefix.length = 128;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        unsigned length = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc() || end != digits.data() + digits.size() || length > 128 - base)
            return fail(ErrorCode::kInvalidArgument,
                        "expected a prefix length of 0 to " + std::to_string(128 - base));
        prefix.length = base + length;
    }
    if (masked(prefix.bytes, prefix.length) != prefix.bytes) {
        prefix.bytes = masked(prefix.bytes, prefix.length);
        return fail(ErrorCode::kInvalidArgument,
                    "has bits set beyond its prefix length; did you mean " + prefix.text() + "?");
    }
    return prefix;
}

Result<std::uint8_t> parse_protocol(const std::string& text) {
    if (text.empty()) return 0;
    if (text == "tcp") return IPPROTO_TCP;
    if (text == "udp") return IPPROTO_UDP;
    if (text == "icmp") return IPPROTO_ICMP;
    if (text == "icmpv6") return IPPROTO_ICMPV6;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > 255)
        return fail(ErrorCode::kInvalidArgument,
                    "expected tcp, udp, icmp, icmpv6 or a protocol number of 1 to 255");
    return static_cast<std::uint8_t>(number);
}

} // namespace bailiff::policy
