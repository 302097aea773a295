#include "policy/cgroup_path.h"

#include <algorithm>

namespace bailiff::policy {

std::vector<std::string> cgroup_names(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        if (!name.empty()) names.emplace_back(name);
        path.remove_prefix(std::min(path.size(), name.size() + 1));
    }
    return names;
}

Result<std::string> clean_cgroup(std::string_view path) {
    if (!path.starts_with('/'))
        return fail(ErrorCode::kInvalidArgument, "expected a path below /sys/fs/cgroup");
    std::string clean;
    for (const std::string& name : cgroup_names(path)) {
        if (name == "." || name == "..")
            return fail(ErrorCode::kInvalidArgument,
                        "expected a path below /sys/fs/cgroup with no . or .. in it");
        clean += "/" + name;
    }
    return clean.empty() ? "/" : clean;
}

bool covers_cgroup(const std::string& outer, const std::string& inner) {
    return outer == "/" || inner == outer || inner.starts_with(outer + "/");
}

} // namespace bailiff::policy
