// Namespaces and mounts.
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/escape/support.h"

// <sys/mount.h> and <linux/mount.h> do not go together in this glibc.
extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*);
extern "C" int umount2(const char*, int);

namespace bailiff::escape {
namespace {

constexpr int kDetach = 2; // MNT_DETACH

std::string mount_point(const Place& place) {
    return place.in_work("mount");
}

int make_mount_point(const Place& place) {
    return outcome(mkdir(mount_point(place).c_str(), 0755));
}

int mounted(const Place& place) {
    if (const int error = make_mount_point(place); error != 0) return error;
    return outcome(mount("escape", mount_point(place).c_str(), "tmpfs", 0, nullptr));
}

int unmount(const Place& place) {
    return outcome(umount2(mount_point(place).c_str(), kDetach));
}

int mount_here(const Place& place, const char* type) {
    return outcome(mount("escape", mount_point(place).c_str(), type, 0, nullptr));
}

int open_mount(const Place& place, unsigned flags) {
    return static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, place.work.c_str(), flags));
}

int mount_with_new_calls(const Place& place) {
    const Fd context(static_cast<int>(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
    if (!context.ok()) return errno;
    if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return errno;
    const Fd tree(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
    if (!tree.ok()) return errno;
    return outcome(syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, mount_point(place).c_str(),
                           MOVE_MOUNT_F_EMPTY_PATH));
}

// There and back, for the whole guest has this root.
int change_root_and_back(const Place& place) {
    const std::string there = mount_point(place);
    const std::string old_root = there + "/old";
    if (mkdir(old_root.c_str(), 0755) != 0 && errno != EEXIST) return errno;
    if (syscall(SYS_pivot_root, there.c_str(), old_root.c_str()) != 0) return errno;
    return outcome(syscall(SYS_pivot_root, "/old", ("/old" + there).c_str()));
}

int clone_with(unsigned long flags) {
    clone_args arguments{};
    arguments.flags = flags;
    arguments.exit_signal = SIGCHLD;
    const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    if (child < 0) return errno;
    waitpid(static_cast<pid_t>(child), nullptr, 0);
    return 0;
}

int enter_namespace_of_init(const char* name) {
    const Fd fd(open((std::string("/proc/1/ns/") + name).c_str(), O_RDONLY));
    return fd.ok() ? outcome(setns(fd.get(), 0)) : errno;
}

constexpr Vector kVectors[] = {
    {"sys_unshare_user", "makes a user namespace, in which it is root", Who::kUser,
     [](const Place&) { return outcome(unshare(CLONE_NEWUSER)); }},
    {"sys_clone_user", "starts a child in a new user namespace", Who::kUser,
     [](const Place&) { return clone_with(CLONE_NEWUSER); }},
    {"sys_user_and_mount", "makes user and mount namespaces and mounts a tmpfs there", Who::kUser,
     [](const Place& place) {
         if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return errno;
         return outcome(mount("escape", place.work.c_str(), "tmpfs", 0, nullptr));
     }},
    {"sys_unshare_mount", "makes a mount namespace", Who::kRoot,
     [](const Place&) { return outcome(unshare(CLONE_NEWNS)); }},
    {"sys_unshare_net", "makes a network namespace", Who::kRoot,
     [](const Place&) { return outcome(unshare(CLONE_NEWNET)); }},
    {"sys_unshare_pid", "makes a pid namespace", Who::kRoot,
     [](const Place&) { return outcome(unshare(CLONE_NEWPID)); }},
    {"sys_unshare_ipc", "makes an IPC namespace", Who::kRoot,
     [](const Place&) { return outcome(unshare(CLONE_NEWIPC)); }},
    {"sys_unshare_cgroup", "makes a cgroup namespace", Who::kRoot,
     [](const Place&) { return outcome(unshare(CLONE_NEWCGROUP)); }},
    {"sys_clone_pid", "starts a child in a new pid namespace", Who::kRoot,
     [](const Place&) { return clone_with(CLONE_NEWPID); }},
    {"sys_set_ns_mount", "enters the mount namespace of init", Who::kRoot,
     [](const Place&) { return enter_namespace_of_init("mnt"); }},
    {"sys_set_ns_net", "enters the network namespace of init", Who::kRoot,
     [](const Place&) { return enter_namespace_of_init("net"); }},
    {"sys_chroot", "takes another root", Who::kRoot,
     [](const Place& place) { return outcome(chroot(place.work.c_str())); }},
    {"sys_mount_tmpfs",
     "mounts a tmpfs",
     Who::kRoot,
     [](const Place& place) { return mount_here(place, "tmpfs"); },
     {.setup = make_mount_point, .cleanup = unmount}},
    {"sys_mount_proc",
     "mounts another proc",
     Who::kRoot,
     [](const Place& place) { return mount_here(place, "proc"); },
     {.setup = make_mount_point, .cleanup = unmount}},
    {"sys_mount_bpf",
     "mounts another bpf file system",
     Who::kRoot,
     [](const Place& place) { return mount_here(place, "bpf"); },
     {.setup = make_mount_point, .cleanup = unmount}},
    {"sys_mount_cgroup",
     "mounts the cgroups at another place",
     Who::kRoot,
     [](const Place& place) { return mount_here(place, "cgroup2"); },
     {.setup = make_mount_point, .cleanup = unmount}},
    {"sys_mount_bind",
     "mounts a folder of the workspace at a second place",
     Who::kRoot,
     [](const Place& place) {
         return outcome(
             mount(place.work.c_str(), mount_point(place).c_str(), nullptr, MS_BIND, nullptr));
     },
     {.setup = make_mount_point, .cleanup = unmount}},
    {"sys_mount_move",
     "moves a mount",
     Who::kRoot,
     [](const Place& place) {
         const std::string to = place.in_work("second");
         if (mkdir(to.c_str(), 0755) != 0) return errno;
         if (mount(mount_point(place).c_str(), to.c_str(), nullptr, MS_MOVE, nullptr) != 0)
             return errno;
         return outcome(umount2(to.c_str(), kDetach));
     },
     {.setup = mounted, .cleanup = unmount}},
    {"sys_remount",
     "changes the options of a mount",
     Who::kRoot,
     [](const Place& place) {
         return outcome(mount(nullptr, mount_point(place).c_str(), nullptr,
                              MS_REMOUNT | MS_BIND | MS_NOATIME, nullptr));
     },
     {.setup = mounted, .cleanup = unmount}},
    {"sys_mount_propagation",
     "makes a mount shared",
     Who::kRoot,
     [](const Place& place) {
         return outcome(mount(nullptr, mount_point(place).c_str(), nullptr, MS_SHARED, nullptr));
     },
     {.setup = mounted, .cleanup = unmount}},
    {"sys_unmount",
     "takes a mount away",
     Who::kRoot,
     unmount,
     {.setup = mounted, .cleanup = unmount}},
    {"sys_pivot_root",
     "exchanges the root mount",
     Who::kRoot,
     change_root_and_back,
     {.setup = mounted, .cleanup = unmount}},
    {"sys_new_mount_calls",
     "mounts with fsopen, fsconfig, fsmount and move_mount",
     Who::kRoot,
     mount_with_new_calls,
     {.setup = make_mount_point, .cleanup = unmount}},
    {"sys_fsopen", "opens a file system type (fsopen)", Who::kRoot,
     [](const Place&) { return outcome_of_fd(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)); }},
    {"sys_open_tree", "clones a tree of mounts (open_tree)", Who::kRoot,
     [](const Place& place) {
         return outcome_of_fd(open_mount(place, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
     }},
    {"sys_mount_setattr",
     "changes a mount's attributes with mount_setattr(2)",
     Who::kRoot,
     [](const Place& place) {
         mount_attr attributes{};
         attributes.attr_set = MOUNT_ATTR_NOATIME;
         attributes.attr_clr = MOUNT_ATTR__ATIME;
         return outcome(syscall(SYS_mount_setattr, AT_FDCWD, mount_point(place).c_str(), 0,
                                &attributes, sizeof attributes));
     },
     {.setup = mounted, .cleanup = unmount}},
};

} // namespace

std::span<const Vector> system_mount_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
