// What is in an event's text: strings, each with its NUL. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bailiff/abi.h"

namespace bailiff::kernel {

// The strings of `text`; the last may lack its NUL.
[[nodiscard]] std::vector<std::string> split_strings(const char* text, std::size_t length);
[[nodiscard]] std::vector<std::string> strings_of(const bailiff_event& event);
// The path of names, leaf first; "/" of none.
[[nodiscard]] std::string join_names(const std::vector<std::string>& names);
// The path of an event's object from the root of its file system.
[[nodiscard]] std::string first_path(const bailiff_event& event);

} // namespace bailiff::kernel
