// MountPoints: what is mounted where, read again only when it has changed. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/mountinfo.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::undo {

// A place where an object of a file system may be seen.
struct Place {
    std::string point; // the mount's
    std::string below; // the object's path from there, with no slash in front
    std::string type;

    [[nodiscard]] std::string path() const { return (point == "/" ? "" : point) + "/" + below; }
};

class MountPoints {
public:
    explicit MountPoints(std::string table = "/proc/self/mountinfo") : table_(std::move(table)) {}

    // Reads the table where it was not read since it changed.
    [[nodiscard]] Status refresh();
    [[nodiscard]] Status read_again();

    // Where `path`, which starts at the root of its file system, may be seen: first where all of
    // the file system is mounted, since the store's folder is there too, if anywhere.
    [[nodiscard]] std::vector<Place> places(std::uint32_t device, const std::string& path) const;

    // Whether the walk to `path` comes by a FUSE file system, which can make who walks wait for as
    // long as its owner likes. Not counting the root, which is no agent's.
    [[nodiscard]] bool is_by_fuse(const std::string& path) const;

private:
    std::string table_;
    UniqueFd open_;
    std::vector<MountInfo> mounts_;
};

} // namespace bailiff::undo
