// JSON from outside, read so that no two readers can understand it differently: duplicate names,
// trailing bytes, invalid UTF-8, lone surrogates and deep nesting are refused. Any thread.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace bailiff {

inline constexpr std::size_t kJsonMaxDepth = 32;

// kInvalidArgument with the byte offset of what is wrong.
[[nodiscard]] Result<boost::json::value> parse_strict_json(std::string_view text,
                                                           std::size_t max_depth = kJsonMaxDepth);

} // namespace bailiff
