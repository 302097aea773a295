#include "kernel/event_text.h"

#include <algorithm>
#include <cstring>

namespace bailiff::kernel {

std::vector<std::string> split_strings(const char* text, std::size_t length) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < length;) {
        const std::size_t size = strnlen(text + at, length - at);
        parts.emplace_back(text + at, size);
        at += size + 1;
    }
    return parts;
}

std::vector<std::string> strings_of(const bailiff_event& event) {
    return split_strings(event.text, std::min<std::size_t>(event.text_length, sizeof(event.text)));
}

// The names, leaf first, end before an empty one.
std::string first_path(const bailiff_event& event) {
    std::string path;
    for (const std::string& name : strings_of(event)) {
        if (name.empty()) break;
        path = "/" + name + path;
    }
    return path.empty() ? "/" : path;
}

} // namespace bailiff::kernel
