#include "undo/open_path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>

namespace bailiff::undo {

UniqueFd open_path(int folder, const std::string& path, int flags, std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_SYMLINKS | resolve;
    return UniqueFd(
        static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how))));
}

std::string path_of(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

SplitPath split_path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

bool is_plain(const std::string& path) {
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) return false;
    std::string_view rest = std::string_view(path).substr(1);
    while (true) {
        const std::size_t end = rest.find('/');
        const std::string_view name = rest.substr(0, end);
        if (name.empty() || name == "." || name == "..") return false;
        if (end == std::string_view::npos) return true;
        rest.remove_prefix(end + 1);
    }
}

bool lies_in(const std::string& path, const std::string& folder) {
    if (folder == "/") return true;
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

} // namespace bailiff::undo
