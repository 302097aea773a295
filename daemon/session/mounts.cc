#include "session/mounts.h"

#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/mountinfo.h"

namespace bailiff::session {
namespace {

constexpr std::size_t kMaxBytes = 16U << 20;

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
    for (MountInfo& info : parse_mountinfo(mountinfo))
        mounts.push_back({info.device, std::move(info.root), std::move(info.point)});
    return mounts;
}

Result<std::vector<Mount>> read_mounts(const std::string& file) {
    Result<std::string> text = read_file(file, kMaxBytes);
    if (!text) return tl::unexpected(text.error());
    return parse_mounts(*text);
}

} // namespace bailiff::session
