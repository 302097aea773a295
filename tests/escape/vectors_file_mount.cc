// Files by mounts, handles and devices: for root, who needs no name for a file.
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

int unmount_work(const Place& place) {
    umount2(place.in_work("mount").c_str(), MNT_DETACH);
    return 0;
}

int folder_in_work(const Place& place) {
    for (const char* name : {"mount", "upper", "scratch"}) {
        if (mkdir(place.in_work(name).c_str(), 0755) != 0) return errno;
    }
    return 0;
}

int read_by_handle(const std::string& path, int mount) {
    alignas(file_handle) char buffer[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
    auto* handle = reinterpret_cast<file_handle*>(buffer);
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount_id = 0;
    if (name_to_handle_at(AT_FDCWD, path.c_str(), handle, &mount_id, 0) != 0) return errno;
    const Fd fd(open_by_handle_at(mount, handle, O_RDONLY));
    return fd.ok() ? read_some(fd.get()) : errno;
}

constexpr Vector kVectors[] = {
    {"file_bind_mount",
     "mounts a folder outside into the workspace and reads there",
     Who::kRoot,
     [](const Place& place) {
         if (mount(place.outside(".").c_str(), place.in_work("mount").c_str(), nullptr, MS_BIND,
                   nullptr) != 0)
             return errno;
         return read_file(place.in_work("mount/file"));
     },
     {.setup = folder_in_work, .cleanup = unmount_work}},
    {"file_bind_mount_over", "mounts a workspace file over one outside", Who::kRoot,
     [](const Place& place) {
         if (mount(place.in_work("file").c_str(), place.secret.c_str(), nullptr, MS_BIND,
                   nullptr) != 0)
             return errno;
         return outcome(umount2(place.secret.c_str(), MNT_DETACH));
     }},
    {"file_overlay_mount",
     "mounts an overlay over a folder outside and reads there",
     Who::kRoot,
     [](const Place& place) {
         const std::string options = "lowerdir=" + place.outside(".") +
                                     ",upperdir=" + place.in_work("upper") +
                                     ",workdir=" + place.in_work("scratch");
         if (mount("overlay", place.in_work("mount").c_str(), "overlay", 0, options.c_str()) != 0)
             return errno;
         return read_file(place.in_work("mount/file"));
     },
     {.setup = folder_in_work, .cleanup = unmount_work}},
    {"file_second_mount",
     "mounts the disk a second time and reads a file outside there",
     Who::kRoot,
     [](const Place& place) {
         if (mount("/dev/vda", place.in_work("mount").c_str(), "ext4", 0, nullptr) != 0)
             return errno;
         return read_file(place.in_work("mount/secret/" + place.name + "/file"));
     },
     {.setup = folder_in_work, .cleanup = unmount_work}},
    {"file_open_by_handle", "opens a file outside by its handle", Who::kRoot,
     [](const Place& place) {
         const Fd mount(open(place.work.c_str(), O_RDONLY | O_DIRECTORY));
         return mount.ok() ? read_by_handle(place.secret, mount.get()) : errno;
     }},
    {"file_mknod_disk", "makes a node of the disk in the workspace and reads it", Who::kRoot,
     [](const Place& place) {
         struct stat disk {};
         if (stat("/dev/vda", &disk) != 0) return errno;
         if (mknod(place.in_work("disk").c_str(), S_IFBLK | 0600, disk.st_rdev) != 0) return errno;
         return read_file(place.in_work("disk"));
     }},
    {"file_mknod_memory", "makes a node of the kernel's memory in the workspace", Who::kRoot,
     [](const Place& place) {
         return outcome(mknod(place.in_work("memory").c_str(), S_IFCHR | 0600, makedev(1, 1)));
     }},
    {"file_read_disk", "reads the disk by its own node", Who::kRoot,
     [](const Place&) { return read_file("/dev/vda"); }},
    {"file_fanotify", "asks by fanotify for descriptors of files that others open", Who::kRoot,
     [](const Place& place) {
         const Fd group(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY));
         if (!group.ok()) return errno;
         return outcome(fanotify_mark(group.get(), FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN,
                                      AT_FDCWD, place.work.c_str()));
     }},
    {"file_chroot_proc", "reads a file outside over /proc/1/root", Who::kRoot,
     [](const Place& place) { return read_file("/proc/1/root" + place.secret); }},
};

} // namespace

std::span<const Vector> file_mount_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
