// Claims: typed, bounded access to the members of one JSON object that came from outside. Every
// error is kUnauthenticated and names the member, what it was and what was expected. Any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bailiff::token {

inline constexpr std::size_t kMaxTextBytes = 512; // of one name: sub, jti, an actor, a group
inline constexpr std::size_t kMaxListItems = 256; // of one array of names

[[nodiscard]] tl::unexpected<Error> refuse(std::string message);

// A foreign string for a message: in quotes, at most 64 bytes, printable ASCII only.
[[nodiscard]] std::string quoted(std::string_view text);

// One strict JSON object and nothing else (RFC 8725 section 2.4, RFC 7519 section 4). `what` is
// for messages: "the token's header".
[[nodiscard]] Result<boost::json::object> parse_object(std::string_view bytes,
                                                       std::string_view what);

class Claims {
public:
    // Keeps a reference to `object`. `owner` is for messages: "the token", "act".
    Claims(const boost::json::object& object, std::string owner)
        : object_(object), owner_(std::move(owner)) {}

    [[nodiscard]] bool has(std::string_view name) const;

    // A string of 1 to `max_bytes` bytes without control characters.
    [[nodiscard]] Result<std::string> text(std::string_view name,
                                           std::size_t max_bytes = kMaxTextBytes) const;
    // The same, or empty where the member is absent.
    [[nodiscard]] Result<std::string> optional_text(std::string_view name,
                                                    std::size_t max_bytes = kMaxTextBytes) const;
    // An array of such strings; empty where the member is absent.
    [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view name) const;

    // A NumericDate (RFC 7519 section 2), whole seconds from 0 to 2^53 - 1.
    [[nodiscard]] Result<std::int64_t> seconds(std::string_view name) const;
    [[nodiscard]] Result<std::optional<std::int64_t>> optional_seconds(std::string_view name) const;

    // kUnauthenticated naming `name` and what was expected of it.
    [[nodiscard]] tl::unexpected<Error> wrong(std::string_view name,
                                              std::string_view expected) const;

private:
    const boost::json::object& object_;
    std::string owner_;
};

} // namespace bailiff::token
