// IP prefixes as policies write them and as the kernel's trie holds them. Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff::policy {

// A prefix in 128 bits; IPv4 is ::ffff:a.b.c.d with its length plus 96.
struct Prefix {
    std::array<std::uint8_t, 16> bytes{}; // bits past `length` are zero
    unsigned length = 0;                  // 0..128

    friend auto operator<=>(const Prefix&, const Prefix&) = default;
    // IPv4 and IPv6 are two worlds: ::/0 does not cover 0.0.0.0/0.
    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] bool covers(const Prefix& other) const;
    // The block of that length around it; no longer than this one.
    [[nodiscard]] Prefix cut(unsigned shorter) const;
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] Prefix all_v4();
[[nodiscard]] Prefix all_v6();

// "10.0.0.0/8", "::1", "fd00::/8". Bits past the length must be zero.
[[nodiscard]] Result<Prefix> parse_prefix(std::string_view text);

// "tcp", "udp", "icmp", "icmpv6" or a number; 0 is any.
[[nodiscard]] Result<std::uint8_t> parse_protocol(const std::string& text);

} // namespace bailiff::policy
