// Files by their names: reading, changing and moving what lies outside the workspace.
#include <fcntl.h>
#include <sys/inotify.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

int rename2(const std::string& from, const std::string& to, unsigned flags) {
    return outcome(syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}

// A file of the workspace that the name rule `*.pem` protects.
int pem_in_work(const Place& place) {
    if (const int error = make_file(place.in_work("x.pem"), "secret"); error != 0) return error;
    return give_to_user(place.in_work("x.pem"));
}

// open(2) as a 32-bit program calls it; the path must lie below 4 GB.
int open_compat(const std::string& path) {
    static char low[256]; // this program is linked to low addresses
    path.copy(low, sizeof low - 1);
    if (reinterpret_cast<unsigned long>(low) >> 32 != 0) return EFAULT;
    int result = 5;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(low), "c"(O_RDONLY), "d"(0)
                 : "memory", "r8", "r9", "r10", "r11");
    if (result < 0) return -result;
    const Fd fd(result);
    return read_some(fd.get());
}

int folder_outside(const Place& place) {
    if (mkdir(place.outside("folder").c_str(), 0777) != 0) return errno;
    return give_to_user(place.outside("folder"));
}

int mark_secret(const Place& place) {
    return outcome(setxattr(place.secret.c_str(), "user.escape", "1", 1, 0));
}

constexpr Vector kVectors[] = {
    {"file_read", "reads a file outside the workspace", Who::kUser,
     [](const Place& place) { return read_file(place.secret); }},
    {"file_read_compat", "reads a file outside by the system calls of 32-bit programs", Who::kUser,
     [](const Place& place) { return open_compat(place.secret); }},
    {"file_write", "writes to a file outside", Who::kUser,
     [](const Place& place) { return write_text(place.secret, "x"); }},
    {"file_append", "appends to a file outside", Who::kUser,
     [](const Place& place) { return write_text(place.secret, "x", O_APPEND); }},
    {"file_open_truncate", "empties a file outside by opening it with O_TRUNC", Who::kUser,
     [](const Place& place) { return open_and_close(place.secret, O_WRONLY | O_TRUNC); }},
    {"file_open_read_truncate", "empties a file by opening it with O_RDONLY and O_TRUNC",
     Who::kUser,
     [](const Place& place) { return open_and_close(place.secret, O_RDONLY | O_TRUNC); }},
    {"file_truncate", "empties a file outside with truncate(2)", Who::kUser,
     [](const Place& place) { return outcome(truncate(place.secret.c_str(), 0)); }},
    {"file_create_outside", "creates a file outside the workspace", Who::kUser,
     [](const Place& place) {
         return open_and_close(place.outside("new"), O_WRONLY | O_CREAT | O_EXCL);
     }},
    {"file_tmpfile_outside", "makes an unnamed file outside and gives it a name", Who::kUser,
     [](const Place& place) {
         const Fd fd(open(place.outside(".").c_str(), O_TMPFILE | O_WRONLY, 0600));
         if (!fd.ok()) return errno;
         return outcome(linkat(AT_FDCWD, self_fd(fd.get()).c_str(), AT_FDCWD,
                               place.outside("new").c_str(), AT_SYMLINK_FOLLOW));
     }},
    {"file_unlink_outside", "deletes a file outside", Who::kUser,
     [](const Place& place) { return outcome(unlink(place.secret.c_str())); }},
    {"file_mkdir_outside", "makes a folder outside", Who::kUser,
     [](const Place& place) { return outcome(mkdir(place.outside("new").c_str(), 0755)); }},
    {"file_rmdir_outside",
     "removes a folder outside",
     Who::kUser,
     [](const Place& place) { return outcome(rmdir(place.outside("folder").c_str())); },
     {.setup = folder_outside}},
    {"file_mknod_outside", "makes a fifo outside", Who::kUser,
     [](const Place& place) {
         return outcome(mknod(place.outside("new").c_str(), S_IFIFO | 0644, 0));
     }},
    {"file_symlink_outside", "makes a symbolic link outside", Who::kUser,
     [](const Place& place) {
         return outcome(symlink("/etc/passwd", place.outside("new").c_str()));
     }},
    {"file_list_outside", "lists a folder outside", Who::kUser,
     [](const Place& place) { return open_and_close(place.outside("."), O_RDONLY | O_DIRECTORY); }},
    {"file_link_into_workspace", "links a file from outside into the workspace and reads it",
     Who::kUser,
     [](const Place& place) {
         if (link(place.secret.c_str(), place.in_work("link").c_str()) != 0) return errno;
         return read_file(place.in_work("link"));
     }},
    {"file_link_out", "links a workspace file to a name outside", Who::kUser,
     [](const Place& place) {
         return outcome(link(place.in_work("file").c_str(), place.outside("new").c_str()));
     }},
    {"file_rename_in", "moves a file from outside into the workspace", Who::kUser,
     [](const Place& place) {
         return outcome(rename(place.secret.c_str(), place.in_work("moved").c_str()));
     }},
    {"file_rename_over", "moves a workspace file over one outside", Who::kUser,
     [](const Place& place) {
         return outcome(rename(place.in_work("file").c_str(), place.secret.c_str()));
     }},
    {"file_rename_folder_in",
     "moves the folder of a file outside into the workspace",
     Who::kUser,
     [](const Place& place) {
         return outcome(rename(place.outside("folder").c_str(), place.in_work("moved").c_str()));
     },
     {.setup = folder_outside}},
    {"file_exchange_in", "exchanges a file outside with a workspace file", Who::kUser,
     [](const Place& place) {
         return rename2(place.secret, place.in_work("file"), RENAME_EXCHANGE);
     }},
    {"file_exchange_out", "exchanges a workspace file with one outside", Who::kUser,
     [](const Place& place) {
         return rename2(place.in_work("file"), place.secret, RENAME_EXCHANGE);
     }},
    {"file_rename_whiteout", "moves a file in and leaves a whiteout outside", Who::kRoot,
     [](const Place& place) {
         return rename2(place.secret, place.in_work("moved"), RENAME_WHITEOUT);
     }},
    {"file_symlink_swap", "reads a file outside over a symbolic link of the workspace", Who::kUser,
     [](const Place& place) {
         if (symlink(place.secret.c_str(), place.in_work("link").c_str()) != 0) return errno;
         if (rename(place.in_work("link").c_str(), place.in_work("file").c_str()) != 0)
             return errno;
         return read_file(place.in_work("file"));
     }},
    {"file_o_path", "opens a file outside with O_PATH and again over /proc/self/fd", Who::kUser,
     [](const Place& place) {
         const Fd fd(open(place.secret.c_str(), O_PATH));
         return fd.ok() ? read_file(self_fd(fd.get())) : errno;
     }},
    {"file_chmod", "changes the mode of a file outside", Who::kUser,
     [](const Place& place) { return outcome(chmod(place.secret.c_str(), 0600)); }},
    {"file_chown", "changes the group of a file outside", Who::kUser,
     [](const Place& place) {
         return outcome(chown(place.secret.c_str(), static_cast<uid_t>(-1), getgid()));
     }},
    {"file_chown_root", "gives a file outside to another account", Who::kRoot,
     [](const Place& place) { return outcome(chown(place.secret.c_str(), 65534, 65534)); }},
    {"file_utimes", "changes the times of a file outside", Who::kUser,
     [](const Place& place) {
         const timeval times[2] = {{1, 0}, {1, 0}};
         return outcome(utimes(place.secret.c_str(), times));
     }},
    {"file_setxattr", "sets an attribute of a file outside", Who::kUser, mark_secret},
    {"file_getxattr",
     "reads an attribute of a file outside",
     Who::kUser,
     [](const Place& place) {
         char value[8];
         return outcome(getxattr(place.secret.c_str(), "user.escape", value, sizeof value));
     },
     {.setup = mark_secret}},
    {"file_removexattr",
     "removes an attribute of a file outside",
     Who::kUser,
     [](const Place& place) { return outcome(removexattr(place.secret.c_str(), "user.escape")); },
     {.setup = mark_secret}},
    {"file_set_acl", "sets an access control list on a file outside", Who::kUser,
     [](const Place& place) {
         const unsigned char list[] = {2,    0,    0, 0, 1,    0,    6,    0,    0xff, 0xff,
                                       0xff, 0xff, 4, 0, 6,    0,    0xff, 0xff, 0xff, 0xff,
                                       0x20, 0,    6, 0, 0xff, 0xff, 0xff, 0xff};
         return outcome(
             setxattr(place.secret.c_str(), "system.posix_acl_access", list, sizeof list, 0));
     }},
    {"file_watch", "is told by inotify when a file outside is used", Who::kUser,
     [](const Place& place) {
         const Fd fd(inotify_init1(IN_CLOEXEC));
         return outcome(inotify_add_watch(fd.get(), place.secret.c_str(), IN_ACCESS));
     }},
    {"file_name_rule_rename",
     "moves x.pem, which a name rule protects, to x.txt and reads it",
     Who::kUser,
     [](const Place& place) {
         if (rename(place.in_work("x.pem").c_str(), place.in_work("x.txt").c_str()) != 0)
             return errno;
         return read_file(place.in_work("x.txt"));
     },
     {.setup = pem_in_work}},
    {"file_name_rule_exchange",
     "exchanges x.pem with another file and reads that",
     Who::kUser,
     [](const Place& place) {
         if (const int error =
                 rename2(place.in_work("file"), place.in_work("x.pem"), RENAME_EXCHANGE);
             error != 0)
             return error;
         return read_file(place.in_work("file"));
     },
     {.setup = pem_in_work}},
    {"file_name_rule_link",
     "links x.pem to x.txt and reads it there",
     Who::kUser,
     [](const Place& place) {
         if (link(place.in_work("x.pem").c_str(), place.in_work("x.txt").c_str()) != 0)
             return errno;
         return read_file(place.in_work("x.txt"));
     },
     {.setup = pem_in_work}},
    {"file_name_rule_o_path",
     "opens x.pem with O_PATH and again over /proc/self/fd",
     Who::kUser,
     [](const Place& place) {
         const Fd fd(open(place.in_work("x.pem").c_str(), O_PATH));
         return fd.ok() ? read_file(self_fd(fd.get())) : errno;
     },
     {.setup = pem_in_work}},
    {"file_git_hook", "plants a hook in a git repository that is not its workspace", Who::kUser,
     [](const Place& place) {
         return write_text(place.outside("hooks-post-commit"), "#!/bin/sh\n", O_CREAT);
     }},
    {"file_shell_startup", "appends to its account's .bashrc", Who::kUser,
     [](const Place&) {
         const char* home = getenv("HOME");
         return write_text(std::string(home == nullptr ? "/" : home) + "/.bashrc", "\n",
                           O_APPEND | O_CREAT);
     }},
    {"file_cron_spool",
     "writes a cron table",
     Who::kRoot,
     [](const Place&) { return write_text("/etc/cron.d/escape", "#\n", O_CREAT); },
     {.cleanup = [](const Place&) { return outcome(unlink("/etc/cron.d/escape")); }}},
    {"file_systemd_unit",
     "writes a systemd unit",
     Who::kRoot,
     [](const Place&) {
         return write_text("/etc/systemd/system/escape.service", "[Unit]\n", O_CREAT);
     },
     {.cleanup =
          [](const Place&) { return outcome(unlink("/etc/systemd/system/escape.service")); }}},
    {"file_loader_preload",
     "writes /etc/ld.so.preload",
     Who::kRoot,
     [](const Place&) { return write_text("/etc/ld.so.preload", "\n", O_CREAT); },
     {.cleanup = [](const Place&) { return outcome(unlink("/etc/ld.so.preload")); }}},
};

} // namespace

std::span<const Vector> file_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
