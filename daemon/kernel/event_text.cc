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

std::string join_names(const std::vector<std::string>& names) {
    std::string path;
    for (auto name = names.rbegin(); name != names.rend(); ++name) path.append("/").append(*name);
    return path.empty() ? "/" : path;
}

// The names end before an empty one.
std::string first_path(const bailiff_event& event) {
    std::vector<std::string> names = strings_of(event);
    names.erase(std::find(names.begin(), names.end(), ""), names.end());
    return join_names(names);
}

} // namespace bailiff::kernel
