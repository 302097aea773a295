// In which system calls an act can wait for its answer.
#ifndef BAILIFF_HELD_CALLS_H
#define BAILIFF_HELD_CALLS_H

#include "argv.h"

#define BIT_OF(right) (1u << BAILIFF_RIGHT_##right)
#define OPENS (BIT_OF(WRITE) | BIT_OF(TRUNCATE))
#define RENAMES (BIT_OF(RENAME) | BIT_OF(CREATE) | BIT_OF(DELETE))
#define STARTS (BIT_OF(EXEC) | BIT_OF(ARGV) | BIT_OF(GAIN))
#define CALLS 512

// For which rights a system call can be held: those that it has no effect before, and whose error
// it hands on as it is. By its number on x86-64; 32-bit calls are not here, nor io_uring_enter(2),
// whose errors go elsewhere. Creating by open(2) is not: its hook is asked before the kernel knows
// whether the file is there already.
static const volatile u32 held_calls[CALLS] = {
    [0] = BIT_OF(CONNECT),                  // read
    [1] = BIT_OF(WRITE) | BIT_OF(CONNECT),  // write
    [2] = OPENS,                            // open
    [9] = BIT_OF(WRITE) | BIT_OF(LOAD),     // mmap
    [18] = BIT_OF(WRITE),                   // pwrite64
    [19] = BIT_OF(CONNECT),                 // readv
    [20] = BIT_OF(WRITE) | BIT_OF(CONNECT), // writev
    [42] = BIT_OF(CONNECT),                 // connect
    [43] = BIT_OF(BIND),                    // accept
    [44] = BIT_OF(CONNECT),                 // sendto
    [45] = BIT_OF(CONNECT),                 // recvfrom
    [46] = BIT_OF(CONNECT),                 // sendmsg
    [47] = BIT_OF(CONNECT),                 // recvmsg
    [49] = BIT_OF(BIND) | BIT_OF(CREATE),   // bind
    [50] = BIT_OF(BIND),                    // listen
    [CALL_EXECVE] = STARTS,                 // execve
    [62] = BIT_OF(SIGNAL),                  // kill
    [76] = BIT_OF(TRUNCATE),                // truncate
    [77] = BIT_OF(TRUNCATE),                // ftruncate
    [82] = RENAMES,                         // rename
    [83] = BIT_OF(CREATE),                  // mkdir
    [84] = BIT_OF(DELETE),                  // rmdir
    [85] = OPENS,                           // creat
    [86] = BIT_OF(WRITE) | BIT_OF(CREATE),  // link
    [87] = BIT_OF(DELETE),                  // unlink
    [88] = BIT_OF(CREATE),                  // symlink
    [90] = BIT_OF(METADATA),                // chmod
    [91] = BIT_OF(METADATA),                // fchmod
    [92] = BIT_OF(METADATA),                // chown
    [93] = BIT_OF(METADATA),                // fchown
    [94] = BIT_OF(METADATA),                // lchown
    [129] = BIT_OF(SIGNAL),                 // rt_sigqueueinfo
    [132] = BIT_OF(METADATA),               // utime
    [133] = BIT_OF(CREATE),                 // mknod
    [188] = BIT_OF(METADATA),               // setxattr
    [189] = BIT_OF(METADATA),               // lsetxattr
    [190] = BIT_OF(METADATA),               // fsetxattr
    [197] = BIT_OF(METADATA),               // removexattr
    [198] = BIT_OF(METADATA),               // lremovexattr
    [199] = BIT_OF(METADATA),               // fremovexattr
    [200] = BIT_OF(SIGNAL),                 // tkill
    [234] = BIT_OF(SIGNAL),                 // tgkill
    [235] = BIT_OF(METADATA),               // utimes
    [257] = OPENS,                          // openat
    [258] = BIT_OF(CREATE),                 // mkdirat
    [259] = BIT_OF(CREATE),                 // mknodat
    [260] = BIT_OF(METADATA),               // fchownat
    [261] = BIT_OF(METADATA),               // futimesat
    [263] = BIT_OF(DELETE),                 // unlinkat
    [264] = RENAMES,                        // renameat
    [265] = BIT_OF(WRITE) | BIT_OF(CREATE), // linkat
    [266] = BIT_OF(CREATE),                 // symlinkat
    [268] = BIT_OF(METADATA),               // fchmodat
    [280] = BIT_OF(METADATA),               // utimensat
    [285] = BIT_OF(WRITE),                  // fallocate
    [288] = BIT_OF(BIND),                   // accept4
    [296] = BIT_OF(WRITE),                  // pwritev
    [297] = BIT_OF(SIGNAL),                 // rt_tgsigqueueinfo
    [316] = RENAMES,                        // renameat2
    [CALL_EXECVEAT] = STARTS,               // execveat
    [326] = BIT_OF(WRITE),                  // copy_file_range
    [328] = BIT_OF(WRITE),                  // pwritev2
    [424] = BIT_OF(SIGNAL),                 // pidfd_send_signal
    [437] = OPENS,                          // openat2
    [452] = BIT_OF(METADATA),               // fchmodat2
    [463] = BIT_OF(METADATA),               // setxattrat
    [466] = BIT_OF(METADATA),               // removexattrat
};

#define CALL_KILL 62
#define CALL_RENAMEAT2 316
#define CALL_PIDFD_SEND_SIGNAL 424
#define NEVER_STOPS (PF_EXITING | PF_KTHREAD | PF_DUMPCORE | PF_IO_WORKER | PF_USER_WORKER)

// Can the current task wait in this call for this right? Not where the error would not reach the
// call's own exit, where a tracer would have the stop's say, and where the call acts on several.
static __noinline int can_wait(u32 right) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct pt_regs* regs = (const struct pt_regs*)bpf_task_pt_regs(task);
    if ((task->flags & NEVER_STOPS) || task->ptrace || task->io_uring) return 0;
    if (task->cred != task->real_cred) return 0;
    if (is_compat(task)) return 0;
    u64 call = regs->orig_ax;
    if (call >= CALLS) return 0;
    if (call == CALL_KILL && (int)regs->di <= 0) return 0;
    if (call == CALL_PIDFD_SEND_SIGNAL && regs->r10) return 0;
    if (call == CALL_RENAMEAT2 && (regs->r8 & RENAME_EXCHANGE)) return 0;
    return (held_calls[call] >> (right & 31) & 1) != 0;
}

#endif
