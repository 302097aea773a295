#include "tests/unit/undo/scene.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "undo/mount_points.h"
#include "undo/open_path.h"

namespace bailiff::undo::tests {
namespace {

std::uint32_t kernel_device(dev_t device) {
    return static_cast<std::uint32_t>(major(device) << 20 | minor(device));
}

// What of its file system a path of the host is: by the deepest mount that it lies in.
std::string path_on_file_system(const std::string& path) {
    const std::string table = get_file("/proc/self/mountinfo");
    std::string root = "/";
    std::string point = "/";
    for (const MountInfo& mount : parse_mountinfo(table))
        if (lies_in(path, mount.point) && mount.point.size() >= point.size()) {
            root = mount.root;
            point = mount.point;
        }
    return (root == "/" ? "" : root) + (point == "/" ? path : path.substr(point.size()));
}

} // namespace

Result<bailiff_file> FakeExaminer::examine(int fd) {
    if (before_look) before_look(++looks);
    struct stat info {};
    if (fstat(fd, &info) != 0) return fail_errno("fstat", errno);
    bailiff_file file{};
    file.seen.ino = info.st_ino;
    file.seen.dev = kernel_device(info.st_dev);
    file.seen.mode = info.st_mode;
    file.writers = writers;
    return file;
}

Wanted wanted_at(const std::string& path, std::uint64_t action, Loss loss) {
    const struct stat info = stat_of(path);
    Wanted wanted;
    wanted.action = action;
    wanted.loss = loss;
    wanted.session = "s-1";
    wanted.account = 1000;
    wanted.seen.ino = info.st_ino;
    wanted.seen.dev = kernel_device(info.st_dev);
    wanted.path = path_on_file_system(path);
    return wanted;
}

struct stat stat_of(const std::string& path) {
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) throw std::runtime_error("lstat " + path);
    return info;
}

bool is_there(const std::string& path) {
    struct stat info {};
    return lstat(path.c_str(), &info) == 0;
}

void set_times(const std::string& path, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 111}, {seconds, 222}};
    if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
        throw std::runtime_error("utimensat " + path);
}

bool has_own_mounts() {
    static const bool own =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return own;
}

std::unique_ptr<Tmpfs> Tmpfs::mount_at(const std::string& path) {
    std::filesystem::create_directories(path);
    if (!has_own_mounts() || mount("none", path.c_str(), "tmpfs", 0, "mode=0700") != 0)
        return nullptr;
    return std::unique_ptr<Tmpfs>(new Tmpfs(path));
}

Tmpfs::~Tmpfs() {
    umount2(path_.c_str(), MNT_DETACH);
}

StoreScene::StoreScene() {
    umask(0077); // as bailiff-kernel has it
    std::filesystem::create_directory(work);
    chmod(work.c_str(), 0755);
    reopen();
}

Entry StoreScene::keep(const std::string& path, std::uint64_t action, Loss loss) {
    Result<Entry> entry = try_keep(path, action, loss);
    if (!entry) throw std::runtime_error("keep " + path + ": " + entry.error().message());
    return *entry;
}

Result<Entry> StoreScene::try_keep(const std::string& path, std::uint64_t action, Loss loss,
                                   const Limits& limits) {
    return store->keep(wanted_at(path, action, loss), limits, examiner);
}

void StoreScene::reopen() {
    store.reset();
    Result<Store> opened = Store::open(store_path);
    if (!opened) throw std::runtime_error(opened.error().message());
    store.emplace(std::move(*opened));
}

bool links_serve() {
    struct statfs info {};
    const std::string path = std::filesystem::temp_directory_path().string();
    return statfs(path.c_str(), &info) == 0 && info.f_type != OVERLAYFS_SUPER_MAGIC;
}

} // namespace bailiff::undo::tests
