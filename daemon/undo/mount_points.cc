#include "undo/mount_points.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

constexpr std::size_t kMaxTable = std::size_t{64} << 20;

} // namespace

Status MountPoints::refresh() {
    if (!open_) return read_again();
    pollfd changed{open_.get(), POLLPRI, 0};
    if (poll(&changed, 1, 0) == 0 || (changed.revents & (POLLPRI | POLLERR)) == 0) return {};
    return read_again();
}

Status MountPoints::read_again() {
    if (!open_) open_.reset(open(table_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!open_) return fail_errno("open " + table_, errno);
    if (lseek(open_.get(), 0, SEEK_SET) != 0) return fail_errno("lseek " + table_, errno);
    const Result<std::string> table = read_fd(open_.get(), table_, kMaxTable);
    if (!table) {
        open_.reset();
        return tl::unexpected(table.error());
    }
    mounts_ = parse_mountinfo(*table);
    return {};
}

std::vector<Place> MountPoints::places(std::uint32_t device, const std::string& path) const {
    std::vector<Place> places;
    for (const bool whole : {true, false})
        for (const MountInfo& mount : mounts_) {
            if (mount.device != device || (mount.root == "/") != whole) continue;
            if (!lies_in(path, mount.root) || path.size() <= mount.root.size()) continue;
            const std::size_t start = whole ? 1 : mount.root.size() + 1;
            places.push_back({mount.point, path.substr(start), mount.type});
        }
    return places;
}

bool MountPoints::is_by_fuse(const std::string& path) const {
    return std::any_of(mounts_.begin(), mounts_.end(), [&](const MountInfo& mount) {
        return mount.type.starts_with("fuse") && mount.point != "/" && lies_in(path, mount.point);
    });
}

} // namespace bailiff::undo
