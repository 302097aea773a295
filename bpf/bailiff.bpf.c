// The table of contents of the kernel side: every attach point, in the order in which the kernel
// reaches them in a program's life. Bodies live in the header of their family.
//
// Compiled twice. With BAILIFF_FMOD_RET the same hooks attach to the security_* functions that call
// the LSM hooks, for kernels whose `lsm=` list lacks bpf. The argument lists differ in places; the
// position of the verdict so far is therefore written out for each.
#include "exec.h"
#include "file.h"
#include "iterator.h"
#include "memory.h"
#include "network.h"
#include "process.h"
#include "system.h"
#include "task.h"
#include "unix_socket.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef BAILIFF_FMOD_RET
#define ATTACH(lsm_name, security_name) SEC("fmod_ret/security_" #security_name)
#define LSM_OR_FMOD(lsm, fmod) (fmod)
#else
#define ATTACH(lsm_name, security_name) SEC("lsm/" #lsm_name)
#define LSM_OR_FMOD(lsm, fmod) (lsm)
#endif

typedef unsigned long long context;

// An earlier verdict stands. `count` is the number of the hook's arguments: what follows them is
// the value returned so far.
#define HONOUR_EARLIER(ctx, count)       \
    do {                                 \
        int earlier = (int)(ctx)[count]; \
        if (earlier) return earlier;     \
    } while (0)

// A hook that concerns tasks with a row alone. What follows is its body, a function of its own: the
// many tasks without one pay for no more than the question.
#define HOOK_BODY(inlining, program, lsm_name, security_name, arguments) \
    static inlining int program##_body(context* ctx);                    \
    ATTACH(lsm_name, security_name)                                      \
    int program(context* ctx) {                                          \
        HONOUR_EARLIER(ctx, arguments);                                  \
        return has_row() ? program##_body(ctx) : 0;                      \
    }                                                                    \
    static inlining int program##_body(context* ctx)
#define HOOK_AS(program, lsm_name, security_name, arguments) \
    HOOK_BODY(__noinline, program, lsm_name, security_name, arguments)
// One whose body is no function of its own: together with what it calls the stack would not do.
#define HOOK_TO(name, arguments) HOOK_BODY(__always_inline, name, name, name, arguments)
#define HOOK(name, arguments) HOOK_AS(name, name, name, arguments)

// --- task ---

HOOK(task_alloc, 2) {
    return on_task_alloc((struct task_struct*)ctx[0], ctx[1]);
}

SEC("tp_btf/sched_process_fork")
int sched_fork(context* ctx) {
    return on_sched_fork((struct task_struct*)ctx[1]);
}

// --- exec ---

HOOK_TO(bprm_creds_for_exec, 1) {
    return on_creds_for_exec((struct linux_binprm*)ctx[0]);
}

ATTACH(bprm_check_security, bprm_check)
int bprm_check(context* ctx) {
    HONOUR_EARLIER(ctx, 1);
    return on_bprm_check((struct linux_binprm*)ctx[0]);
}

HOOK_TO(bprm_creds_from_file, 2) {
    return on_creds_from_file((struct linux_binprm*)ctx[0]);
}

SEC("tp_btf/sched_process_exec")
int sched_exec(context* ctx) {
    return on_sched_exec((struct linux_binprm*)ctx[2]);
}

// --- file ---

// Also a task that is no subject changes what a subject may execute.
ATTACH(file_open, file_open)
int file_open(context* ctx) {
    HONOUR_EARLIER(ctx, 1);
    struct file* file = (struct file*)ctx[0];
    note_writer(file);
    struct bailiff_task* row = task_row();
    if (!row) return 0;
    int ret = open_goes_through(row, file) ? 0 : on_file_open(row, file);
    if (!ret) note_opened(row, file);
    return ret;
}

HOOK(inode_create, 3) {
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_CREATE);
}

HOOK(inode_mkdir, 3) {
    struct detail detail = {.mode = (u16)ctx[2]};
    return judge_change((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_MKDIR,
                        detail);
}

HOOK(inode_mknod, 4) {
    struct detail detail = {.mode = (u16)ctx[2], .bits = (u32)ctx[3]};
    return judge_change((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_MKNOD,
                        detail);
}

HOOK(inode_symlink, 3) {
    return judge_text((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_SYMLINK,
                      ctx[2]);
}

HOOK_AS(link_from, inode_link, inode_link, 3) {
    return on_link_from((struct dentry*)ctx[0], (struct dentry*)ctx[2]);
}

HOOK_AS(link_to, inode_link, inode_link, 3) {
    return on_link_to((struct dentry*)ctx[0], (struct dentry*)ctx[2]);
}

HOOK(inode_unlink, 2) {
    return on_removal((struct dentry*)ctx[1], BAILIFF_HOOK_INODE_UNLINK);
}

HOOK(inode_rmdir, 2) {
    return on_removal((struct dentry*)ctx[1], BAILIFF_HOOK_INODE_RMDIR);
}

// What open(2) makes is noted when it is opened.
#define MADE(program, call)                                          \
    SEC("fexit/" #call)                                              \
    int program(context* ctx) {                                      \
        return has_row() ? on_made(ctx, (struct dentry*)ctx[2]) : 0; \
    }
MADE(made_folder, vfs_mkdir)
MADE(made_node, vfs_mknod)
MADE(made_link, vfs_symlink)

HOOK_AS(rename_from, inode_rename, inode_rename, LSM_OR_FMOD(4, 5)) {
    return on_rename_from((struct dentry*)ctx[1], (struct dentry*)ctx[3]);
}

HOOK_AS(rename_to, inode_rename, inode_rename, LSM_OR_FMOD(4, 5)) {
    return on_rename_to((struct dentry*)ctx[1], (struct dentry*)ctx[3]);
}

HOOK_AS(rename_socket, inode_rename, inode_rename, LSM_OR_FMOD(4, 5)) {
    return on_rename_socket((struct dentry*)ctx[1], (struct dentry*)ctx[3]);
}

// security_inode_rename has the flags as its fifth argument and runs once where the LSM hook runs
// twice, so an exchange is judged in the other direction here.
#ifdef BAILIFF_FMOD_RET
HOOK_AS(exchange_from, inode_rename, inode_rename, 5) {
    return ctx[4] & RENAME_EXCHANGE ? on_rename_from((struct dentry*)ctx[3], (struct dentry*)ctx[1])
                                    : 0;
}

HOOK_AS(exchange_to, inode_rename, inode_rename, 5) {
    return ctx[4] & RENAME_EXCHANGE ? on_rename_to((struct dentry*)ctx[3], (struct dentry*)ctx[1])
                                    : 0;
}

HOOK_AS(exchange_socket, inode_rename, inode_rename, 5) {
    return ctx[4] & RENAME_EXCHANGE
               ? on_rename_socket((struct dentry*)ctx[3], (struct dentry*)ctx[1])
               : 0;
}
#endif

// Before 6.12 the LSM hook has no idmap; the loader keeps the variant that fits the kernel's BTF.
HOOK_TO(inode_setattr, 3) {
    return on_inode_setattr((struct dentry*)ctx[1], (const struct iattr*)ctx[2]);
}

#ifndef BAILIFF_FMOD_RET
HOOK_BODY(__always_inline, inode_setattr_2, inode_setattr, inode_setattr, 2) {
    return on_inode_setattr((struct dentry*)ctx[0], (const struct iattr*)ctx[1]);
}
#endif

HOOK_TO(inode_setxattr, 6) {
    u64 value = 0;
    bpf_get_func_arg(ctx, 3, &value); // a void *, which the verifier lets nobody load
    struct detail detail = {.text = ctx[2], .value = value, .value_size = ctx[4]};
    return judge_change((struct dentry*)ctx[1], BAILIFF_RIGHT_METADATA, BAILIFF_HOOK_INODE_SETXATTR,
                        detail);
}

HOOK(inode_removexattr, 3) {
    return judge_text((struct dentry*)ctx[1], BAILIFF_RIGHT_METADATA,
                      BAILIFF_HOOK_INODE_REMOVEXATTR, ctx[2]);
}

// Since 6.2; before, ACLs come through the two above.
HOOK(inode_set_acl, 4) {
    struct detail detail = {.vague = 1};
    return judge_change((struct dentry*)ctx[1], BAILIFF_RIGHT_METADATA, BAILIFF_HOOK_INODE_SET_ACL,
                        detail);
}

HOOK(inode_remove_acl, 3) {
    return judge_text((struct dentry*)ctx[1], BAILIFF_RIGHT_METADATA, BAILIFF_HOOK_INODE_REMOVE_ACL,
                      ctx[2]);
}

// Since 6.17: file_setattr(2) and the ioctls that set a file's flags.
HOOK(inode_file_setattr, 2) {
    struct detail detail = {.vague = 1};
    return judge_change((struct dentry*)ctx[0], BAILIFF_RIGHT_METADATA,
                        BAILIFF_HOOK_INODE_FILE_SETATTR, detail);
}

HOOK(inode_getxattr, 2) {
    return on_inode_getxattr((struct dentry*)ctx[0], ctx[1]);
}

HOOK(path_notify, 3) {
    return on_path_notify((const struct path*)ctx[0]);
}

HOOK_TO(file_permission, 2) {
    struct file* file = (struct file*)ctx[0];
    u32 mode = mode_of((int)ctx[1]);
    struct bailiff_task* row = subject_row();
    if (!row || use_goes_through(row, file, mode)) return 0;
    struct dentry* dentry = file->f_path.dentry;
    struct super_block* sb = dentry->d_sb;
    if (sb->s_magic != SOCKFS_MAGIC) return on_file_permission(row, file, mode);
    return (mode & FMODE_WRITE) && is_unix_file(file)
               ? on_unix_file(row, file, BAILIFF_HOOK_FILE_PERMISSION, rights_of(mode))
               : on_socket_file(row, file, mode);
}

HOOK_TO(file_receive, 1) {
    struct file* file = (struct file*)ctx[0];
    struct dentry* dentry = file->f_path.dentry;
    struct super_block* sb = dentry->d_sb;
    if (sb->s_magic != SOCKFS_MAGIC) return on_file_receive(file);
    if (!is_unix_file(file)) return on_socket_receive(file);
    struct bailiff_task* row = subject_row();
    return row ? on_unix_file(row, file, BAILIFF_HOOK_FILE_RECEIVE, UNIX_RIGHTS) : 0;
}

HOOK(file_ioctl, 3) {
    return on_file_ioctl((struct file*)ctx[0], (unsigned int)ctx[1]);
}

// A 32-bit program's.
HOOK(file_ioctl_compat, 3) {
    return on_file_ioctl((struct file*)ctx[0], (unsigned int)ctx[1]);
}

HOOK(file_lock, 2) {
    return on_file_lock((struct file*)ctx[0], (unsigned int)ctx[1]);
}

HOOK(file_fcntl, 3) {
    return on_file_fcntl((struct file*)ctx[0], (unsigned int)ctx[1], (unsigned long)ctx[2]);
}

// --- memory ---

#ifdef BAILIFF_FMOD_RET
HOOK(mmap_file, 3) {
    return on_mmap_file((struct file*)ctx[0], implied_exec((unsigned long)ctx[1]),
                        (unsigned long)ctx[2]);
}
#else
HOOK(mmap_file, 4) {
    return on_mmap_file((struct file*)ctx[0], (unsigned long)ctx[2], (unsigned long)ctx[3]);
}
#endif

HOOK_TO(file_mprotect, 3) {
    return on_file_mprotect((struct vm_area_struct*)ctx[0], (unsigned long)ctx[2]);
}

// No hook of the LSM: the system call itself, of 64-bit programs and of others.
#define PERSONALITY_CALL(program, call, argument)                                   \
    SEC("fentry/" #call)                                                            \
    int program(context* ctx) {                                                     \
        return has_row() ? on_personality(((struct pt_regs*)ctx[0])->argument) : 0; \
    }
PERSONALITY_CALL(personality, __x64_sys_personality, di)
PERSONALITY_CALL(personality_32, __ia32_sys_personality, bx)

// --- network ---

HOOK(socket_create, 4) {
    return on_socket_create((int)ctx[0], (int)ctx[1], (int)ctx[2], (int)ctx[3]);
}

HOOK(socket_connect, 3) {
    return on_socket_address((struct socket*)ctx[0], (const void*)ctx[1], (int)ctx[2],
                             BAILIFF_RIGHT_CONNECT, BAILIFF_HOOK_SOCKET_CONNECT);
}

HOOK(socket_bind, 3) {
    return on_socket_bind((struct socket*)ctx[0], (const void*)ctx[1], (int)ctx[2]);
}

HOOK_TO(socket_sendmsg, 3) {
    struct socket* sock = (struct socket*)ctx[0];
    struct msghdr* message = (struct msghdr*)ctx[1];
    if (is_unix_socket(sock)) return on_unix_sendmsg(sock);
    int ret = on_socket_sendmsg(sock, message);
    return ret ? ret : on_socket_controls(sock, message);
}

HOOK(socket_listen, 2) {
    return on_socket_serve((struct socket*)ctx[0], BAILIFF_HOOK_SOCKET_LISTEN);
}

HOOK(socket_accept, 2) {
    return on_socket_serve((struct socket*)ctx[0], BAILIFF_HOOK_SOCKET_ACCEPT);
}

HOOK(socket_recvmsg, 4) {
    return on_socket_use((struct socket*)ctx[0], 0, 0, BAILIFF_HOOK_SOCKET_RECVMSG);
}

HOOK(socket_setsockopt, 3) {
    return on_socket_setsockopt((int)ctx[1], (int)ctx[2]);
}

HOOK(unix_stream_connect, 3) {
    return judge_unix_peer((struct sock*)ctx[1], BAILIFF_HOOK_UNIX_STREAM_CONNECT);
}

HOOK(unix_may_send, 2) {
    struct socket* other = (struct socket*)ctx[1];
    return judge_unix_peer(other->sk, BAILIFF_HOOK_UNIX_MAY_SEND);
}

// --- other processes ---

HOOK(task_kill, 4) {
    return on_task_kill((struct task_struct*)ctx[0], (int)ctx[2]);
}

HOOK(ptrace_access_check, 2) {
    return on_ptrace_access_check((struct task_struct*)ctx[0], (unsigned int)ctx[1]);
}

HOOK(ptrace_traceme, 1) {
    return judge_tracing((struct task_struct*)ctx[0], BAILIFF_HOOK_PTRACE_TRACEME, 0);
}

#define SCHEDULE_HOOK(name, arguments, number)                                               \
    HOOK(name, arguments) {                                                                  \
        return judge_target((struct task_struct*)ctx[0], BAILIFF_RIGHT_SCHEDULE, number, 0); \
    }
SCHEDULE_HOOK(task_setnice, 2, BAILIFF_HOOK_TASK_SETNICE)
SCHEDULE_HOOK(task_setioprio, 2, BAILIFF_HOOK_TASK_SETIOPRIO)
SCHEDULE_HOOK(task_setscheduler, 1, BAILIFF_HOOK_TASK_SETSCHEDULER)
SCHEDULE_HOOK(task_setrlimit, 3, BAILIFF_HOOK_TASK_SETRLIMIT)

// --- the system ---

HOOK(capable, 4) {
    return on_capable((const struct cred*)ctx[0], ctx[1], (int)ctx[2], (unsigned int)ctx[3]);
}

HOOK(inode_init_security_anon, 3) {
    return on_inode_init_security_anon((const struct qstr*)ctx[1]);
}

// Also a task that is no subject takes memory into use that was a subject's.
#define IPC_ALLOC_HOOK(name, security_name)                 \
    ATTACH(name, security_name)                             \
    int name(context* ctx) {                                \
        HONOUR_EARLIER(ctx, 1);                             \
        return on_ipc_alloc((struct kern_ipc_perm*)ctx[0]); \
    }
IPC_ALLOC_HOOK(msg_queue_alloc_security, msg_queue_alloc)
IPC_ALLOC_HOOK(shm_alloc_security, shm_alloc)
IPC_ALLOC_HOOK(sem_alloc_security, sem_alloc)

// They return nothing, so that no fmod_ret program attaches to them; a fentry one does.
#define IPC_FREE_CALL(call)                                \
    SEC("fentry/" #call)                                   \
    int call(context* ctx) {                               \
        return on_ipc_free((struct kern_ipc_perm*)ctx[0]); \
    }
IPC_FREE_CALL(security_msg_queue_free)
IPC_FREE_CALL(security_shm_free)
IPC_FREE_CALL(security_sem_free)

HOOK(ipc_permission, 2) {
    return on_ipc_permission((struct kern_ipc_perm*)ctx[0]);
}

HOOK(msg_queue_msgctl, 2) {
    return on_ipc_control((struct kern_ipc_perm*)ctx[0]);
}

HOOK(shm_shmctl, 2) {
    return on_ipc_control((struct kern_ipc_perm*)ctx[0]);
}

HOOK(sem_semctl, 2) {
    return on_ipc_control((struct kern_ipc_perm*)ctx[0]);
}

// Rights that need no look at the arguments.
#define RIGHT_HOOK(name, security_name, arguments, right, number) \
    HOOK_AS(name, name, security_name, arguments) {               \
        (void)ctx;                                                \
        return judge_right(right, number);                        \
    }
RIGHT_HOOK(userns_create, create_user_ns, 1, BAILIFF_RIGHT_NAMESPACE, BAILIFF_HOOK_USERNS_CREATE)
RIGHT_HOOK(sb_mount, sb_mount, 5, BAILIFF_RIGHT_MOUNT, BAILIFF_HOOK_SB_MOUNT)
RIGHT_HOOK(sb_umount, sb_umount, 2, BAILIFF_RIGHT_MOUNT, BAILIFF_HOOK_SB_UMOUNT)
RIGHT_HOOK(sb_remount, sb_remount, 2, BAILIFF_RIGHT_MOUNT, BAILIFF_HOOK_SB_REMOUNT)
RIGHT_HOOK(move_mount, move_mount, 2, BAILIFF_RIGHT_MOUNT, BAILIFF_HOOK_MOVE_MOUNT)
RIGHT_HOOK(sb_pivotroot, sb_pivotroot, 2, BAILIFF_RIGHT_MOUNT, BAILIFF_HOOK_SB_PIVOTROOT)
RIGHT_HOOK(kernel_module_request, kernel_module_request, 1, BAILIFF_RIGHT_MODULE,
           BAILIFF_HOOK_KERNEL_MODULE_REQUEST)
RIGHT_HOOK(key_alloc, key_alloc, 3, BAILIFF_RIGHT_KEYRING, BAILIFF_HOOK_KEY_ALLOC)
RIGHT_HOOK(key_permission, key_permission, 3, BAILIFF_RIGHT_KEYRING, BAILIFF_HOOK_KEY_PERMISSION)

// How many arguments these have depends on the kernel, so they cannot look at the verdict so far.
// They need not: after a denial the kernel calls no further program.
#define OPEN_ENDED_HOOK(program, name, right, number)      \
    ATTACH(name, name)                                     \
    int program(context* ctx) {                            \
        (void)ctx;                                         \
        return has_row() ? judge_right(right, number) : 0; \
    }
OPEN_ENDED_HOOK(bpf_syscall, bpf, BAILIFF_RIGHT_BPF, BAILIFF_HOOK_BPF)
OPEN_ENDED_HOOK(perf_event_open, perf_event_open, BAILIFF_RIGHT_PERF, BAILIFF_HOOK_PERF_EVENT_OPEN)
// Since 6.16.
OPEN_ENDED_HOOK(uring_allowed, uring_allowed, BAILIFF_RIGHT_IO_URING, BAILIFF_HOOK_URING_ALLOWED)

// --- end of a process ---

SEC("tp_btf/sched_process_exit")
int sched_exit(context* ctx) {
    return on_sched_exit((struct task_struct*)ctx[0]);
}

// --- iterators, run by bailiff-kernel ---

SEC("iter/task_file")
int resolve(struct bpf_iter__task_file* ctx) {
    return on_resolve(ctx);
}

SEC("iter/task_file")
int examine(struct bpf_iter__task_file* ctx) {
    return on_examine(ctx);
}

SEC("iter/task")
int enrol(struct bpf_iter__task* ctx) {
    return on_enrol(ctx);
}

SEC("iter/task")
int adopt(struct bpf_iter__task* ctx) {
    return on_adopt(ctx);
}

SEC("iter/task")
int count_tasks(struct bpf_iter__task* ctx) {
    return on_count(ctx);
}
