#include "session/hook_names.h"

#include <array>

#include "bailiff/abi.h"

namespace bailiff::session {

const char* hook_name(std::uint32_t hook) {
    static constexpr std::array<const char*, BAILIFF_HOOKS> kNames = {
        "none",
        "bprm_check_security",
        "file_open",
        "inode_create",
        "inode_mkdir",
        "inode_mknod",
        "inode_symlink",
        "inode_link",
        "inode_unlink",
        "inode_rmdir",
        "inode_rename",
        "inode_setattr",
        "socket_create",
        "socket_connect",
        "socket_bind",
        "socket_sendmsg",
        "task_alloc",
        "task_kill",
        "sched_process_exec",
        "sched_process_exit",
        "sched_process_fork",
        "bprm_creds_from_file",
        "file_permission",
        "file_receive",
        "file_ioctl",
        "file_fcntl",
        "mmap_file",
        "file_mprotect",
        "inode_setxattr",
        "inode_removexattr",
        "inode_set_acl",
        "inode_remove_acl",
        "inode_file_setattr",
        "socket_listen",
        "socket_accept",
        "socket_recvmsg",
        "unix_stream_connect",
        "unix_may_send",
        "ptrace_access_check",
        "ptrace_traceme",
        "task_setnice",
        "task_setioprio",
        "task_setscheduler",
        "task_setrlimit",
        "userns_create",
        "sb_mount",
        "sb_umount",
        "sb_remount",
        "move_mount",
        "sb_pivotroot",
        "bpf",
        "perf_event_open",
        "kernel_module_request",
        "key_alloc",
        "key_permission",
        "inode_init_security_anon",
        "uring_allowed",
        "ipc_permission",
        "capable",
        "path_notify",
        "socket_setsockopt",
        "personality",
        "inode_getxattr",
        "file_lock",
        "bprm_creds_for_exec",
    };
    return hook < kNames.size() ? kNames[hook] : "unknown";
}

const char* reason_name(std::uint8_t reason) {
    static constexpr std::array<const char*, BAILIFF_REASONS> kNames = {
        "none",           "rule",           "default",       "expired",       "ended",
        "revoked",        "stale",          "no_profile",    "unknown_root",  "too_deep",
        "raced_rename",   "unreadable",     "socket_family", "no_storage",    "self_protection",
        "canary",         "kernel_setting", "case_folding",  "not_hashed",    "changed",
        "content",        "approved",       "disapproved",   "timed_out",     "cannot_wait",
        "too_many_holds", "target_waits",   "argv_changed",  "within_budget", "preserved"};
    return reason < kNames.size() ? kNames[reason] : "unknown";
}

} // namespace bailiff::session
