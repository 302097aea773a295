// SHA-256 and lower-case hexadecimal text. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
// Of all that a descriptor gives from where it stands. kInternal with the cause where it cannot be
// read; kUnavailable once `stop` asks to end.
[[nodiscard]] Result<Sha256> sha256_of(int fd, const std::stop_token& stop = {});
[[nodiscard]] std::string hex(std::string_view bytes);
// From 64 hexadecimal digits of either case, and nothing else.
[[nodiscard]] std::optional<Sha256> parse_sha256(std::string_view text);
[[nodiscard]] inline std::string hex(const Sha256& digest) {
    return hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

} // namespace bailiff
