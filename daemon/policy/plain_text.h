// Text that a policy may hold: UTF-8 that people can read. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace bailiff::policy {

// Why `text` cannot be a value; empty if it can.
[[nodiscard]] std::string why_not_text(std::string_view text);

// An RFC 3339 date, or date and time: "2027-01-31", "2027-01-31T12:00:00Z".
[[nodiscard]] bool is_date(std::string_view text);

} // namespace bailiff::policy
