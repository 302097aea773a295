#include "kernel/optional.h"

#include <algorithm>
#include <array>

namespace bailiff::kernel {
namespace {

using enum Family;

constexpr std::array kOptional{
    OptionalProgram{"path_notify", kFile, "watch files outside (inotify, fanotify)"},
    OptionalProgram{"file_ioctl_compat", kFile, "change files by ioctls of 32-bit programs", 6, 8},
    OptionalProgram{"inode_set_acl", kFile, "set the ACL of a file outside", 6, 2},
    OptionalProgram{"inode_remove_acl", kFile, "remove the ACL of a file outside", 6, 2},
    OptionalProgram{"inode_file_setattr", kFile, "set the flags of a file outside", 6, 17},
    OptionalProgram{"inode_getxattr", kFile, "read attributes user.* of a file outside"},
    OptionalProgram{"made_folder", kFile, "not remove folders it made where removing is held"},
    OptionalProgram{"made_node", kFile, "not remove sockets it made where removing is held"},
    OptionalProgram{"made_link", kFile, "not remove links it made where removing is held"},
    OptionalProgram{"file_lock", kFile, "keep others from a file by a lock"},
    OptionalProgram{"personality", kMemory, "make all its memory executable by personality(2)"},
    OptionalProgram{"personality_32", kMemory, "make all memory of a 32-bit program executable"},
    OptionalProgram{"file_fcntl", kProcess, "have the kernel signal a process outside (F_SETOWN)"},
    OptionalProgram{"task_setnice", kProcess, "change the priority of a process outside"},
    OptionalProgram{"task_setioprio", kProcess, "change the I/O priority of a process outside"},
    OptionalProgram{"task_setscheduler", kProcess, "change the scheduling of a process outside"},
    OptionalProgram{"task_setrlimit", kProcess, "change the limits of a process outside"},
    OptionalProgram{"ipc_permission", kProcess, "use System V objects that others made"},
    OptionalProgram{"msg_queue_msgctl", kProcess, "remove System V queues that others made"},
    OptionalProgram{"shm_shmctl", kProcess, "remove System V memory that others made"},
    OptionalProgram{"sem_semctl", kProcess, "remove System V semaphores that others made"},
    OptionalProgram{"userns_create", kSystem, "make user namespaces", 6, 1},
    OptionalProgram{"sb_remount", kSystem, "remount a file system, if its capabilities allow"},
    OptionalProgram{"move_mount", kSystem, "move a mount, if its capabilities allow"},
    OptionalProgram{"sb_pivotroot", kSystem, "change the root mount, if its capabilities allow"},
    OptionalProgram{"kernel_module_request", kSystem, "have the kernel load modules"},
    OptionalProgram{"key_alloc", kSystem, "make keys and keyrings"},
    OptionalProgram{"key_permission", kSystem, "use keyrings of its account"},
    OptionalProgram{"perf_event_open", kSystem, "open performance events"},
    OptionalProgram{"uring_allowed", kSystem, "set up an io_uring, whose descriptor is denied then",
                    6, 16},
};

} // namespace

std::span<const OptionalProgram> optional_programs() {
    return kOptional;
}

const OptionalProgram* find_optional(std::string_view program) {
    const auto* found = std::find_if(kOptional.begin(), kOptional.end(),
                                     [&](const auto& entry) { return entry.name == program; });
    return found == kOptional.end() ? nullptr : found;
}

} // namespace bailiff::kernel
