// base64url without padding, strict (RFC 7515 section 2, RFC 4648 section 5). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff {

[[nodiscard]] std::string base64url_encode(std::string_view bytes);

// kInvalidArgument for padding, white space, a foreign character, an impossible length, or bits
// left over that are not zero: every byte string has exactly one accepted form.
[[nodiscard]] Result<std::string> base64url_decode(std::string_view text);

} // namespace bailiff
