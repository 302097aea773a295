// What podman and docker call a container by. Any thread.
#pragma once

#include <algorithm>
#include <string_view>

namespace bailiff::kernel {

// 64 hexadecimal digits, in lower case.
inline bool is_container_id(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

} // namespace bailiff::kernel
