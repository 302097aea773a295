// What acts on the system as a whole: capabilities, ioctl(2), System V IPC, io_uring.
#ifndef BAILIFF_SYSTEM_H
#define BAILIFF_SYSTEM_H

#include "memory.h"
#include "special_files.h"

// Does the kernel act here with other credentials than the task's own: overlayfs with its mounter's
// for what was judged above, access(2) only to answer? A task with an io_uring can take on others
// itself.
static __always_inline int kernel_acts(const struct cred* cred) {
    struct task_struct* task = bpf_get_current_task_btf();
    return task->cred != task->real_cred && (u64)cred == (u64)BPF_CORE_READ(task, cred) &&
           !borrows_credentials(task);
}

// Judged is what the credentials hold, and what is asked in another user namespace than theirs: who
// owns that one has all capabilities there. The rest the kernel itself refuses. `ns` is the address
// of a struct user_namespace.
// on failure: deny, subjects only
static __always_inline int on_capable(const struct cred* cred, u64 ns, int capability,
                                      unsigned int options) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_CAPABLE}};
    j.row = subject_row();
    if (!j.row || capability < 0 || capability >= 64) return 0;
    u64 held = 0;
    bpf_probe_read_kernel(&held, sizeof(held), &cred->cap_effective);
    int own_namespace = ns == (u64)cred->user_ns;
    if ((own_namespace && !(held >> capability & 1)) || kernel_acts(cred)) return 0;
    j.act.number = (u32)capability;
    j.act.quiet = (options & CAP_OPT_NOAUDIT) != 0;
    j.act.right = BAILIFF_RIGHT_CAPABILITY + (u32)capability;
    if (j.act.right >= BAILIFF_ALL_RIGHTS) j.act.right = BAILIFF_ALL_RIGHTS - 1;
    return settle_right(&j);
}

// The ioctls of files and folders that only read, or that write where write(2) could.
static __always_inline int is_harmless_ioctl(u32 command) {
    switch (command) {
        case 0x5450:     // FIONCLEX
        case 0x5451:     // FIOCLEX
        case 0x5421:     // FIONBIO
        case 0x5452:     // FIOASYNC
        case 0x541b:     // FIONREAD
        case 0x5460:     // FIOQSIZE
        case 0x2:        // FIGETBSZ
        case 0x5401:     // TCGETS, which isatty(3) asks
        case 0x802c542a: // TCGETS2
        case 0x5413:     // TIOCGWINSZ
        case 0x5410:     // TIOCSPGRP
        case 0x540f:     // TIOCGPGRP
        case 0x80086601: // FS_IOC_GETFLAGS
        case 0x801c581f: // FS_IOC_FSGETXATTR
        case 0xc020660b: // FS_IOC_FIEMAP
        case 0x40049409: // FICLONE
        case 0x4020940d: // FICLONERANGE
        case 0xc0189436: // FIDEDUPERANGE
        case 0x80087601: // FS_IOC_GETVERSION
        case 0x81009431: // FS_IOC_GETFSLABEL
        case 0x80111500: // FS_IOC_GETFSUUID
            return 1;
        default:
            return 0;
    }
}

// Feeding a terminal's input from the inside: what is typed there runs outside the session.
static __always_inline int feeds_terminal(u32 command) {
    return command == 0x5412     // TIOCSTI
           || command == 0x541c  // TIOCLINUX
           || command == 0x541d; // TIOCCONS
}

// on failure: deny, subjects only
static __always_inline int on_file_ioctl(struct file* file, unsigned int command) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_IOCTL, .right = BAILIFF_RIGHT_IOCTL}};
    j.row = subject_row();
    if (!j.row) return 0;
    j.dentry = file->f_path.dentry;
    j.act.number = command;
    struct inode* inode = file->f_inode;
    u32 type = inode ? inode->i_mode & S_IFMT : 0;
    if (command == FIOSETOWN || command == SIOCSPGRP) { // as fcntl(2) with F_SETOWN
        j.act.right = BAILIFF_RIGHT_SIGNAL;
        return settle_right(&j);
    }
    if (type == S_IFCHR || type == S_IFBLK) {
        u8 reason = subject_begin(&j);
        if (reason) return refuse(&j, reason);
        if (judge_device(&j)) return -EPERM;
    }
    // The owner of a terminal is made its foreground group, which may be anybody.
    if (type == S_IFCHR && command == FIOASYNC) {
        j.act.right = BAILIFF_RIGHT_SIGNAL;
        return settle_right(&j);
    }
    int judged = type == S_IFCHR ? feeds_terminal(command)
                                 : (type == S_IFREG || type == S_IFDIR || type == S_IFBLK) &&
                                       !is_nameless(j.dentry) && !is_harmless_ioctl(command);
    return judged && !inside_overlay(j.row, j.dentry) ? settle_right(&j) : judge_session(&j);
}

// Descriptors that act for the caller past its system calls.
// on failure: deny, subjects only
static __always_inline int on_inode_init_security_anon(const struct qstr* name) {
    if (!subject_row()) return 0;
    u64 start = name_start((u64)BPF_CORE_READ(name, name));
    if (start == IO_URING_NAME)
        return judge_right(BAILIFF_RIGHT_IO_URING, BAILIFF_HOOK_INODE_INIT_SECURITY_ANON);
    if (start == USERFAULTFD_NAME)
        return judge_right(BAILIFF_RIGHT_USERFAULTFD, BAILIFF_HOOK_INODE_INIT_SECURITY_ANON);
    return 0;
}

// A new System V object is its maker's. The memory of an old one may have been another's.
// on failure: it counts as somebody else's
static __always_inline int on_ipc_alloc(struct kern_ipc_perm* object) {
    u64 key = (u64)object;
    struct bailiff_task* row = subject_row();
    if (!row) {
        bpf_map_delete_elem(&ipc, &key);
        return 0;
    }
    struct bailiff_ipc maker = {.subject = row->subject, .generation = row->generation};
    if (bpf_map_update_elem(&ipc, &key, &maker, BPF_ANY)) bpf_map_delete_elem(&ipc, &key);
    return judge_standing(BAILIFF_RIGHT_IPC, BAILIFF_HOOK_IPC_PERMISSION);
}

// on failure: deny, subjects only
static __always_inline int on_ipc_permission(struct kern_ipc_perm* object) {
    u64 key = (u64)object;
    struct bailiff_task* row = subject_row();
    if (!row) return 0;
    const struct bailiff_ipc* maker = bpf_map_lookup_elem(&ipc, &key);
    if (maker && maker->subject == row->subject && maker->generation == row->generation)
        return judge_standing(BAILIFF_RIGHT_IPC, BAILIFF_HOOK_IPC_PERMISSION);
    return judge_right(BAILIFF_RIGHT_IPC, BAILIFF_HOOK_IPC_PERMISSION);
}

// Of anybody: the memory may be another object's later.
static __always_inline int on_ipc_free(struct kern_ipc_perm* object) {
    u64 key = (u64)object;
    bpf_map_delete_elem(&ipc, &key);
    return 0;
}

// msgctl(2), shmctl(2) and semctl(2): removing an object and giving it away asks for its owner's
// uid alone. NULL where the call is about the tables and not about one object.
// on failure: deny, subjects only
static __always_inline int on_ipc_control(struct kern_ipc_perm* object) {
    struct bailiff_task* row = subject_row();
    return row && is_there(row, object) ? on_ipc_permission(object) : 0;
}

#endif
