#include "session/mounts.h"

#include <cstdio>
#include <sstream>
#include <string_view>

#include "base/file.h"

namespace bailiff::session {
namespace {

constexpr std::size_t kMaxBytes = 16U << 20;

// Space, tab, newline and backslash are written as \ooo.
std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); i++) {
        unsigned value = 0;
        if (text[i] == '\\' && i + 3 < text.size() &&
            std::sscanf(text.c_str() + i + 1, "%3o", &value) == 1) {
            out += static_cast<char>(value);
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

} // namespace

bool is_container_root(const std::string& point) {
    for (const std::string_view storage :
         {"/var/lib/containers/storage/overlay/", "/var/lib/docker/overlay2/"}) {
        std::string_view rest = point;
        if (!rest.starts_with(storage)) continue;
        rest.remove_prefix(storage.size());
        const std::size_t slash = rest.find('/');
        return slash != std::string_view::npos && slash != 0 && rest.substr(slash) == "/merged";
    }
    return false;
}

std::vector<Mount> parse_mounts(const std::string& mountinfo) {
    std::vector<Mount> mounts;
    std::istringstream lines(mountinfo);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string id, parent, device, root, point;
        if (!(fields >> id >> parent >> device >> root >> point)) continue;
        unsigned major = 0;
        unsigned minor = 0;
        if (std::sscanf(device.c_str(), "%u:%u", &major, &minor) != 2) continue;
        mounts.push_back({major << 20 | minor, unescape(root), unescape(point)});
    }
    return mounts;
}

Result<std::vector<Mount>> read_mounts(const std::string& file) {
    Result<std::string> text = read_file(file, kMaxBytes);
    if (!text) return tl::unexpected(text.error());
    return parse_mounts(*text);
}

} // namespace bailiff::session
