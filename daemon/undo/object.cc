#include "undo/object.h"

#include <fcntl.h>
#include <linux/openat2.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

// Those that keep what they are given. Not FUSE and not the network: who serves it decides how
// long a call takes. Not what the kernel makes up, as procfs.
constexpr std::array<std::string_view, 12> kTypes = {"ext2", "ext3",  "ext4",  "xfs",
                                                     "f2fs", "btrfs", "zfs",   "bcachefs",
                                                     "vfat", "exfat", "tmpfs", "overlay"};
constexpr std::size_t kNamed = 3; // places in the sentence

bool is_kept(std::string_view type) {
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::string device_text(std::uint32_t device) {
    return std::to_string(device >> 20) + ":" + std::to_string(device & 0xfffff);
}

// One walk over the places, and what it met.
class Search {
public:
    Search(const MountPoints& mounts, const Wanted& wanted, Examiner& examiner)
        : mounts_(mounts),
          wanted_(wanted),
          examiner_(examiner),
          places_(mounts.places(wanted.seen.dev, wanted.path)) {}

    std::optional<Object> run() {
        for (const Place& place : places_)
            if (is_kept(place.type))
                if (std::optional<Object> object = look_at(place)) return object;
        return std::nullopt;
    }

    [[nodiscard]] Error why_not() const {
        if (places_.empty())
            return {ErrorCode::kNotFound,
                    wanted_.path + " is on a file system (device " + device_text(wanted_.seen.dev) +
                        ") of which bailiff-kernel sees no mount that shows it"};
        if (tried_ == 0)
            return {ErrorCode::kFailedPrecondition,
                    places_.front().path() + " is on a file system of type " +
                        places_.front().type + ", of which nothing is kept"};
        return {ErrorCode::kNotFound, "it was looked for as " + where_ +
                                          (tried_ > kNamed ? " and elsewhere" : "") +
                                          ", and is not there"};
    }

private:
    // A mount on the way is not entered: what it shows is another place's, or no object of this
    // file system.
    std::optional<Object> look_at(const Place& place) {
        if (mounts_.is_by_fuse(place.point)) return miss(place, "below a FUSE file system");
        const UniqueFd point = open_path(AT_FDCWD, place.point, O_PATH | O_DIRECTORY);
        if (!point) return miss(place, std::strerror(errno));
        Object object;
        object.fd = open_path(point.get(), place.below, O_PATH | O_NOFOLLOW,
                              RESOLVE_BENEATH | RESOLVE_NO_XDEV);
        if (!object.fd) return miss(place, std::strerror(errno));
        const Result<bailiff_file> seen = examiner_.examine(object.fd.get());
        if (!seen) return miss(place, seen.error().message());
        if (!is_same(seen->seen, wanted_.seen)) return miss(place, "another object by now");
        if (fstat(object.fd.get(), &object.info) != 0) return miss(place, std::strerror(errno));
        object.seen = *seen;
        object.path = place.path();
        object.layered = place.type == "overlay";
        return object;
    }

    std::optional<Object> miss(const Place& place, std::string_view why) {
        if (++tried_ > kNamed) return std::nullopt;
        where_ += (tried_ > 1 ? ", " : "") + place.path() + " (" + std::string(why) + ")";
        return std::nullopt;
    }

    const MountPoints& mounts_;
    const Wanted& wanted_;
    Examiner& examiner_;
    std::vector<Place> places_;
    std::size_t tried_ = 0;
    std::string where_;
};

} // namespace

bool is_same(const bailiff_inode& a, const bailiff_inode& b) {
    return a.ino == b.ino && a.dev == b.dev && a.generation == b.generation;
}

Result<Object> find_object(MountPoints& mounts, const Wanted& wanted, Examiner& examiner) {
    if (!is_plain(wanted.path))
        return fail(ErrorCode::kInvalidArgument,
                    "\"" + wanted.path + "\" is no path from the root of a file system");
    if (Status read = mounts.refresh(); !read) return tl::unexpected(read.error());
    if (std::optional<Object> object = Search(mounts, wanted, examiner).run())
        return std::move(*object);
    if (Status read = mounts.read_again(); !read) return tl::unexpected(read.error());
    Search second(mounts, wanted, examiner);
    if (std::optional<Object> object = second.run()) return std::move(*object);
    return tl::unexpected(second.why_not());
}

} // namespace bailiff::undo
