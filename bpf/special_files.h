// Files that are no plain files: without a name, devices, and those that set the kernel.
#ifndef BAILIFF_SPECIAL_FILES_H
#define BAILIFF_SPECIAL_FILES_H

#include "label.h"

// What kind of file system a super block is. A function of its own, so that the verifier does not
// follow each of them through the walk that comes after.
#define FS_PLAIN 0
#define FS_NAMELESS 1 // pipes, sockets, descriptors of the kernel's own, anonymous memory files
#define FS_SETTING 2  // a file there sets the kernel
#define FS_PROC 3     // one that belongs to a process does not
__noinline u32 file_system_kind(u64 magic, u64 flags) {
    switch (magic) {
        case TMPFS_MAGIC: // the kernel's own mounts hold memfd and shared memory
        case HUGETLBFS_MAGIC:
            return flags & SB_KERNMOUNT ? FS_NAMELESS : FS_PLAIN;
        case PIPEFS_MAGIC:
        case SOCKFS_MAGIC:
        case ANON_INODE_FS_MAGIC:
        case NSFS_MAGIC:
        case PIDFS_MAGIC:
        case SECRETMEM_MAGIC:
            return FS_NAMELESS;
        case PROC_SUPER_MAGIC:
            return FS_PROC;
        case SYSFS_MAGIC:
        case DEBUGFS_MAGIC:
        case TRACEFS_MAGIC:
        case SECURITYFS_MAGIC:
        case BPF_FS_MAGIC:
        case CGROUP_SUPER_MAGIC:
        case CGROUP2_SUPER_MAGIC:
        case CONFIGFS_MAGIC:
        case EFIVARFS_MAGIC:
        case BINFMTFS_MAGIC:
        case SELINUX_MAGIC:
        case SMACK_MAGIC:
        case PSTOREFS_MAGIC:
        case RDTGROUP_SUPER_MAGIC:
        case NFSD_SUPER_MAGIC:
        case FUSE_CTL_SUPER_MAGIC:
        case RPCAUTH_GSSMAGIC:
        case XENFS_SUPER_MAGIC:
        case BINDERFS_SUPER_MAGIC:
            return FS_SETTING;
        default:
            return FS_PLAIN;
    }
}

static __always_inline u32 kind_of(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    return file_system_kind(sb->s_magic, sb->s_flags);
}

// A pipe, a socket, a descriptor of the kernel's own or an anonymous memory file: no path leads to
// it, so there is nothing to judge but who may have the descriptor.
static __always_inline int is_nameless(struct dentry* dentry) {
    return kind_of(dentry) == FS_NAMELESS;
}

// The first eight bytes of the name at a kernel address, as one number.
static __always_inline u64 name_start(u64 from) {
    u64 start = 0;
    return bpf_probe_read_kernel(&start, sizeof(start), (const void*)from) ? 0 : start;
}
#define IO_URING_NAME 0x6e6972755f6f695bULL    // "[io_uring]"
#define USERFAULTFD_NAME 0x756166726573755bULL // "[userfaultfd]"
#define MEM_NAME 0x006d656dULL                 // "mem" and its NUL
#define USER_ATTRIBUTE 0x2e72657375ULL         // "user."

static __always_inline int is_io_uring(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    if (sb->s_magic != ANON_INODE_FS_MAGIC) return 0;
    return name_start(name_address(dentry)) == IO_URING_NAME;
}

// Below /proc only what belongs to a process may be written: all else sets the kernel. The id of
// that process or thread in the initial namespace, or 0. `inode` is the address of a struct inode,
// or 0.
__noinline int proc_process(u64 inode) {
    if (!inode) return 0;
    struct proc_inode* proc = (void*)(inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
    struct pid* pid = BPF_CORE_READ(proc, pid);
    return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

// Does writing there set the kernel (sysctl, sysfs, tracing, control groups, pinned programs)? By
// super block, whose kind is given: no rule and no mount point makes it harmless. `ftrace_enabled`
// alone would switch every program here off.
static __always_inline int sets_kernel(struct dentry* dentry, u32 kind) {
    return kind == FS_SETTING ||
           (kind == FS_PROC && !proc_process((u64)BPF_CORE_READ(dentry, d_inode)));
}

// Device numbers of Documentation/admin-guide/devices.txt.
__noinline u32 is_harmless_device(u32 number) {
    u32 major = number >> MINOR_BITS;
    u32 minor = number & ((1u << MINOR_BITS) - 1);
    if (major == 1) // null, zero, full, random, urandom
        return minor == 3 || minor == 5 || (minor >= 7 && minor <= 9);
    if (major == 5) return minor == 0 || minor == 2; // tty, ptmx
    return major >= 136 && major <= 143;             // pseudo terminals
}

static __always_inline int is_special_device(struct dentry* dentry) {
    struct inode* inode = dentry->d_inode;
    if (!inode) return 0;
    u32 type = inode->i_mode & S_IFMT;
    if (type == S_IFBLK) return 1;
    return type == S_IFCHR && !is_harmless_device(inode->i_rdev);
}

// Has the file no name any more, or never had one?
static __always_inline int is_unlinked(struct dentry* dentry) {
    struct inode* inode = dentry->d_inode;
    return inode && inode->i_nlink == 0;
}

static __noinline int settle_as(struct judgement* j, u32 right) {
    u32 asked = j->act.right;
    j->act.right = right;
    settle_begin(j->row, j->subject, j->policy, j->act.right);
    int ret = settle_defaults(j);
    j->act.right = asked;
    return ret;
}

// Code from a file without a name: what it holds could not be reviewed and cannot be found again.
static __always_inline int judge_unnamed(struct judgement* j) {
    return settle_as(j, BAILIFF_RIGHT_ANONYMOUS_EXEC);
}

// A write that is more than its place says: it sets the kernel; or, below /proc, it goes to the
// memory of a process, past what protects that, or to what the kernel does with another process
// (oom_score_adj, clear_refs).
static __noinline int judge_special_write(struct judgement* j) {
    struct dentry* dentry = j->dentry;
    u32 kind = kind_of(dentry);
    if (sets_kernel(dentry, kind)) return refuse(j, BAILIFF_REASON_KERNEL_SETTING);
    if (kind != FS_PROC) return 0;
    if ((u32)name_start(name_address(dentry)) == MEM_NAME) return settle_as(j, BAILIFF_RIGHT_JIT);
    int process = proc_process((u64)BPF_CORE_READ(dentry, d_inode));
    struct task_struct* task = bpf_get_current_task_btf();
    if (process == task->tgid || process == task->pid) return 0;
    return settle_as(j, BAILIFF_RIGHT_SCHEDULE);
}

// 0 for what is no device, or a harmless one.
static __noinline int judge_device(struct judgement* j) {
    return is_special_device(j->dentry) ? settle_as(j, BAILIFF_RIGHT_DEVICE) : 0;
}

#endif
