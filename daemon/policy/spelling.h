// Which known word a misspelt one was probably meant to be. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bailiff::policy {

// The closest of `known`, at most two edits away; none if there is none.
[[nodiscard]] std::optional<std::string> closest(std::string_view word,
                                                 const std::vector<std::string>& known);

} // namespace bailiff::policy
