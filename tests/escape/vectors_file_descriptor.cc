// Files by a descriptor that somebody else opened: inherited, received, or reopened.
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

int secret_for_reading(const Place& place) {
    return open(place.secret.c_str(), O_RDONLY);
}
int secret_for_writing(const Place& place) {
    return open(place.secret.c_str(), O_RDWR);
}
int folder_of_secret(const Place& place) {
    return open(place.outside(".").c_str(), O_RDONLY | O_DIRECTORY);
}

// A socket in which a message waits that carries a descriptor of the secret.
int socket_with_descriptor(const Place& place) {
    int ends[2];
    const Fd secret(open(place.secret.c_str(), O_RDWR | O_CLOEXEC));
    if (!secret.ok() || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    const Fd sender(ends[0]);
    char byte = 'x';
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = secret.get();
    std::memcpy(CMSG_DATA(header), &number, sizeof number);
    if (sendmsg(sender.get(), &message, 0) != 1) return -1;
    return ends[1];
}

Fd receive(int socket) {
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket, &message, 0) < 0) return Fd(-1);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    int number = -1;
    errno = EACCES; // the message came, the descriptor did not
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS)
        std::memcpy(&number, CMSG_DATA(header), sizeof number);
    return Fd(number);
}

int copy_to_pipe(int from, bool with_sendfile) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    const Fd read_end(ends[0]);
    const Fd write_end(ends[1]);
    off_t offset = 0;
    const ssize_t moved = with_sendfile ? sendfile(write_end.get(), from, &offset, 16)
                                        : splice(from, &offset, write_end.get(), nullptr, 16, 0);
    return moved < 0 ? errno : read_some(read_end.get());
}

// The ioctl of ext4 that exchanges the contents of two files; in no header of user space.
struct MoveExtents {
    std::uint32_t reserved;
    std::uint32_t donor;
    std::uint64_t from;
    std::uint64_t donor_from;
    std::uint64_t blocks;
    std::uint64_t moved;
};

int exchange_blocks(int fd, const std::string& path) {
    const Fd donor(open(path.c_str(), O_RDWR));
    if (!donor.ok() || fsync(donor.get()) != 0 || fsync(fd) != 0) return errno;
    MoveExtents request{0, static_cast<std::uint32_t>(donor.get()), 0, 0, 1, 0};
    return outcome(ioctl(fd, _IOWR('f', 15, MoveExtents), &request));
}

int submit_write(int fd) {
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 1, &context) != 0) return errno;
    char byte = 'x';
    iocb block{};
    block.aio_fildes = static_cast<unsigned>(fd);
    block.aio_lio_opcode = IOCB_CMD_PWRITE;
    block.aio_buf = reinterpret_cast<__u64>(&byte);
    block.aio_nbytes = 1;
    iocb* blocks[] = {&block};
    if (syscall(SYS_io_submit, context, 1, blocks) != 1) return errno;
    io_event event{};
    if (syscall(SYS_io_getevents, context, 1, 1, &event, nullptr) != 1) return errno;
    return event.res < 0 ? static_cast<int>(-event.res) : 0;
}

constexpr Vector kVectors[] = {
    {"file_read_inherited",
     "reads by a descriptor that was open before the session",
     Who::kUser,
     [](const Place& place) { return read_some(place.inherited); },
     {.inherit = secret_for_reading}},
    {"file_preadv_inherited",
     "the same with preadv2(2)",
     Who::kUser,
     [](const Place& place) {
         char byte = 0;
         const iovec data{&byte, 1};
         return outcome(preadv2(place.inherited, &data, 1, 0, 0));
     },
     {.inherit = secret_for_reading}},
    {"file_write_inherited",
     "writes by a descriptor that was open before the session",
     Who::kUser,
     [](const Place& place) { return outcome(write(place.inherited, "x", 1)); },
     {.inherit = secret_for_writing}},
    {"file_aio_inherited",
     "the same with io_submit(2)",
     Who::kUser,
     [](const Place& place) { return submit_write(place.inherited); },
     {.inherit = secret_for_writing}},
    {"file_truncate_inherited",
     "empties a file by an inherited descriptor",
     Who::kUser,
     [](const Place& place) { return outcome(ftruncate(place.inherited, 0)); },
     {.inherit = secret_for_writing}},
    {"file_punch_hole_inherited",
     "punches a hole into a file by an inherited descriptor",
     Who::kUser,
     [](const Place& place) {
         return outcome(
             fallocate(place.inherited, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
     },
     {.inherit = secret_for_writing}},
    {"file_copy_range_inherited",
     "copies a workspace file into an inherited descriptor",
     Who::kUser,
     [](const Place& place) {
         const Fd from(open(place.in_work("file").c_str(), O_RDONLY));
         return outcome(copy_file_range(from.get(), nullptr, place.inherited, nullptr, 16, 0));
     },
     {.inherit = secret_for_writing}},
    {"file_copy_range_out",
     "copies an inherited descriptor's file into the workspace",
     Who::kUser,
     [](const Place& place) {
         const Fd to(open(place.in_work("file").c_str(), O_WRONLY));
         return outcome(copy_file_range(place.inherited, nullptr, to.get(), nullptr, 16, 0));
     },
     {.inherit = secret_for_reading}},
    {"file_clone_inherited",
     "clones a workspace file into an inherited descriptor (FICLONE)",
     Who::kUser,
     [](const Place& place) {
         const Fd from(open(place.in_work("file").c_str(), O_RDONLY));
         return outcome(ioctl(place.inherited, FICLONE, from.get()));
     },
     {.inherit = secret_for_writing}},
    {"file_exchange_blocks_inherited",
     "exchanges the blocks of a workspace file with an inherited descriptor's",
     Who::kUser,
     [](const Place& place) { return exchange_blocks(place.inherited, place.in_work("file")); },
     {.inherit = secret_for_writing}},
    {"file_mmap_inherited",
     "writes by a shared mapping of an inherited descriptor",
     Who::kUser,
     [](const Place& place) {
         void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, place.inherited, 0);
         if (page == MAP_FAILED) return errno;
         static_cast<char*>(page)[0] = 'x';
         return 0;
     },
     {.inherit = secret_for_writing}},
    {"file_mmap_read_inherited",
     "reads by a mapping of an inherited descriptor",
     Who::kUser,
     [](const Place& place) {
         void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, place.inherited, 0);
         return page == MAP_FAILED ? errno : 0;
     },
     {.inherit = secret_for_reading}},
    {"file_mprotect_inherited",
     "maps an inherited descriptor for reading, then makes it writable",
     Who::kUser,
     [](const Place& place) {
         void* page = mmap(nullptr, 4096, PROT_NONE, MAP_SHARED, place.inherited, 0);
         if (page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_WRITE) != 0) return errno;
         static_cast<char*>(page)[0] = 'x';
         return 0;
     },
     {.inherit = secret_for_writing}},
    {"file_reopen_inherited",
     "opens an inherited descriptor again, for writing, over /proc",
     Who::kUser,
     [](const Place& place) { return write_text(self_fd(place.inherited), "x"); },
     {.inherit = secret_for_reading}},
    {"file_chmod_inherited",
     "changes the mode by an inherited descriptor",
     Who::kUser,
     [](const Place& place) { return outcome(fchmod(place.inherited, 0600)); },
     {.inherit = secret_for_reading}},
    {"file_setxattr_inherited",
     "sets an attribute by an inherited descriptor",
     Who::kUser,
     [](const Place& place) {
         return outcome(fsetxattr(place.inherited, "user.escape", "1", 1, 0));
     },
     {.inherit = secret_for_reading}},
    {"file_set_flags_inherited",
     "sets inode flags by an inherited descriptor",
     Who::kUser,
     [](const Place& place) {
         int flags = 0;
         if (ioctl(place.inherited, FS_IOC_GETFLAGS, &flags) != 0) return errno;
         flags |= FS_NODUMP_FL;
         return outcome(ioctl(place.inherited, FS_IOC_SETFLAGS, &flags));
     },
     {.inherit = secret_for_reading}},
    {"file_set_immutable",
     "makes a file outside immutable by an inherited descriptor",
     Who::kRoot,
     [](const Place& place) {
         int flags = FS_IMMUTABLE_FL | FS_EXTENT_FL;
         if (ioctl(place.inherited, FS_IOC_SETFLAGS, &flags) != 0) return errno;
         flags = FS_EXTENT_FL;
         return outcome(ioctl(place.inherited, FS_IOC_SETFLAGS, &flags));
     },
     {.inherit = secret_for_reading}},
    {"file_sendfile_inherited",
     "sends an inherited descriptor's file into a pipe",
     Who::kUser,
     [](const Place& place) { return copy_to_pipe(place.inherited, true); },
     {.inherit = secret_for_reading}},
    {"file_splice_inherited",
     "splices an inherited descriptor's file into a pipe",
     Who::kUser,
     [](const Place& place) { return copy_to_pipe(place.inherited, false); },
     {.inherit = secret_for_reading}},
    {"file_link_inherited",
     "gives an inherited descriptor's file a name in the workspace",
     Who::kUser,
     [](const Place& place) {
         if (linkat(AT_FDCWD, self_fd(place.inherited).c_str(), AT_FDCWD,
                    place.in_work("link").c_str(), AT_SYMLINK_FOLLOW) != 0)
             return errno;
         return read_file(place.in_work("link"));
     },
     {.inherit = secret_for_reading}},
    {"file_open_at_inherited",
     "opens a file below an inherited folder",
     Who::kUser,
     [](const Place& place) {
         const Fd fd(openat(place.inherited, "file", O_RDONLY));
         return fd.ok() ? read_some(fd.get()) : errno;
     },
     {.inherit = folder_of_secret}},
    {"file_list_inherited",
     "lists an inherited folder",
     Who::kUser,
     [](const Place& place) {
         char buffer[1024];
         return outcome(syscall(SYS_getdents64, place.inherited, buffer, sizeof buffer));
     },
     {.inherit = folder_of_secret}},
    {"file_read_received",
     "reads by a descriptor that came over a Unix socket",
     Who::kUser,
     [](const Place& place) {
         const Fd fd = receive(place.inherited);
         return fd.ok() ? read_some(fd.get()) : errno;
     },
     {.inherit = socket_with_descriptor}},
    {"file_write_received",
     "writes by a descriptor that came over a Unix socket",
     Who::kUser,
     [](const Place& place) {
         const Fd fd = receive(place.inherited);
         return fd.ok() ? outcome(write(fd.get(), "x", 1)) : errno;
     },
     {.inherit = socket_with_descriptor}},
    {"file_mmap_received",
     "writes by a shared mapping of a received descriptor",
     Who::kUser,
     [](const Place& place) {
         const Fd fd = receive(place.inherited);
         if (!fd.ok()) return errno;
         void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
         if (page == MAP_FAILED) return errno;
         static_cast<char*>(page)[0] = 'x';
         return 0;
     },
     {.inherit = socket_with_descriptor}},
};

} // namespace

std::span<const Vector> file_descriptor_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
