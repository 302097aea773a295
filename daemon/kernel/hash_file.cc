#include "kernel/hash_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"

namespace bailiff::kernel {
namespace {

constexpr int kTries = 4;
constexpr off_t kMaxSize = off_t{4} << 30;        // one file must not keep all others waiting
constexpr std::uint64_t kXfsMagic = 0x58465342;   // not in linux/magic.h of older headers
constexpr std::uint64_t kErofsMagic = 0xe0f5e1e2; // the same

// Local ones, whose every change comes through this kernel and whose inodes have numbers of their
// own: btrfs counts anew in each subvolume.
constexpr std::array<std::uint64_t, 7> kFileSystems = {
    EXT4_SUPER_MAGIC, kXfsMagic,   F2FS_SUPER_MAGIC, TMPFS_MAGIC,
    SQUASHFS_MAGIC,   kErofsMagic, ISOFS_SUPER_MAGIC};

bool same_key(const bailiff_file_key& a, const bailiff_file_key& b) {
    return a.ino == b.ino && a.dev == b.dev && a.generation == b.generation;
}

bool unchanged(const bailiff_file& a, const bailiff_file& b) {
    return same_key(a.key, b.key) && a.size == b.size && a.ctime == b.ctime &&
           a.ctime_nanos == b.ctime_nanos && b.writers <= 0;
}

bool still_stands(const bailiff_digest& row, const bailiff_file& file, std::uint64_t openings) {
    return row.openings == openings && row.size == file.size && row.ctime == file.ctime &&
           row.ctime_nanos == file.ctime_nanos;
}

// Only regular files are opened to be read: a device could do something, a FIFO wait.
Result<UniqueFd> open_file(const std::string& path) {
    const UniqueFd named(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!named || fstat(named.get(), &info) != 0)
        return fail(ErrorCode::kNotFound, std::strerror(errno));
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInvalidArgument, "it is no regular file");
    const std::string same = "/proc/self/fd/" + std::to_string(named.get());
    // Who holds a lease (fcntl(2), F_SETLEASE) could keep this thread waiting.
    UniqueFd file(open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file && errno == EWOULDBLOCK)
        return fail(ErrorCode::kFailedPrecondition, "somebody holds a lease on it");
    if (!file) return fail_errno("open", errno);
    if (info.st_size > kMaxSize)
        return fail(ErrorCode::kFailedPrecondition, "it is larger than 4 GiB");
    return file;
}

Status can_be_believed(const bailiff_file& file) {
    if (file.key.ino == 0)
        return fail(ErrorCode::kFailedPrecondition,
                    "on its overlayfs it is in two layers, or below another overlayfs: replace it "
                    "by a copy of itself");
    if (std::find(kFileSystems.begin(), kFileSystems.end(), file.magic) != kFileSystems.end())
        return {};
    std::array<char, 32> type{};
    (void)std::snprintf(type.data(), type.size(), "0x%llx",
                        static_cast<unsigned long long>(file.magic));
    return fail(ErrorCode::kFailedPrecondition,
                std::string("its file system (type ") + type.data() +
                    ") can change files without this kernel's knowing, or numbers two alike");
}

// A change in the same tick of the kernel's clock would leave the same time. Some file systems
// count seconds only. A time to come is left behind by setting the clock back, and not waited for.
void wait_past(const bailiff_file& file, const std::stop_token& stop) {
    constexpr int kTicks = 500;
    const std::int64_t apart = file.ctime_nanos == 0 ? 2 : 0;
    for (int i = 0; i < kTicks && !stop.stop_requested(); i++) {
        timespec now{};
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        const std::int64_t past = file.ctime + apart;
        if (now.tv_sec > past || (now.tv_sec == past && now.tv_nsec > file.ctime_nanos) ||
            now.tv_sec < file.ctime - 2)
            return;
        usleep(5'000);
    }
}

// None where the file was written to meanwhile.
Result<std::optional<Sha256>> read_once(ContentTables& tables, int fd,
                                        const std::stop_token& stop) {
    Result<bailiff_file> before = tables.examine(fd);
    if (!before) return tl::unexpected(before.error());
    if (Status sound = can_be_believed(*before); !sound) return tl::unexpected(sound.error());
    const bailiff_file_key key = before->key;
    const Result<std::uint64_t> openings = tables.openings(key);
    if (!openings) return tl::unexpected(openings.error());
    before = tables.examine(fd); // after the count, see the header
    if (!before) return tl::unexpected(before.error());
    if (!same_key(before->key, key)) return std::nullopt;
    if (before->writers > 0)
        return fail(ErrorCode::kFailedPrecondition,
                    "somebody has it open to be written; it is hashed when it is next used after "
                    "that");
    const std::optional<bailiff_digest> known = tables.find(key);
    if (known && still_stands(*known, *before, *openings)) {
        Sha256 digest{};
        std::copy(std::begin(known->sha256), std::end(known->sha256), digest.begin());
        return digest;
    }
    wait_past(*before, stop);
    if (lseek(fd, 0, SEEK_SET) != 0) return fail_errno("lseek", errno);
    const Result<Sha256> digest = sha256_of(fd, stop);
    if (!digest) return tl::unexpected(digest.error());
    const Result<bailiff_file> after = tables.examine(fd);
    if (!after) return tl::unexpected(after.error());
    if (!unchanged(*before, *after)) return std::nullopt;
    bailiff_digest row{};
    row.ctime = before->ctime;
    row.ctime_nanos = before->ctime_nanos;
    row.size = before->size;
    row.openings = *openings;
    std::copy(digest->begin(), digest->end(), std::begin(row.sha256));
    if (Status written = tables.put(key, row); !written) return tl::unexpected(written.error());
    return *digest;
}

} // namespace

Hashed hash_file(ContentTables& tables, const std::string& path, const std::stop_token& stop) {
    Hashed done;
    done.path = path;
    const Result<UniqueFd> file = open_file(path);
    if (!file) {
        done.problem = file.error().message();
        return done;
    }
    if (const Result<bailiff_file> seen = tables.examine(file->get())) done.seen = seen->seen;
    for (int i = 0; i < kTries; i++) {
        const Result<std::optional<Sha256>> found = read_once(tables, file->get(), stop);
        if (!found) {
            done.problem = found.error().message();
            return done;
        }
        done.digest = *found;
        if (done.digest) return done;
    }
    done.problem = "it is written to again and again";
    return done;
}

} // namespace bailiff::kernel
