// Files that are no plain files: without a name, devices, and those that set the kernel.
#ifndef BAILIFF_SPECIAL_FILES_H
#define BAILIFF_SPECIAL_FILES_H

#include "label.h"

// A pipe, a socket, a descriptor of the kernel's own or an anonymous memory file: no path leads to
// it, so there is nothing to judge but who may have the descriptor.
static __always_inline int is_nameless(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    unsigned long magic = sb->s_magic;
    if (magic == TMPFS_MAGIC) return (sb->s_flags & SB_KERNMOUNT) != 0; // memfd and shared memory
    return magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || magic == ANON_INODE_FS_MAGIC ||
           magic == NSFS_MAGIC || magic == PIDFS_MAGIC || magic == SECRETMEM_MAGIC;
}

static __always_inline int is_io_uring(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    if (sb->s_magic != ANON_INODE_FS_MAGIC) return 0;
    char name[12] = {};
    bpf_probe_read_kernel_str(name, sizeof(name), (const void*)name_address(dentry));
    return name[1] == 'i' && name[2] == 'o' && name[3] == '_' && name[4] == 'u';
}

// Below /proc only what belongs to a process may be written: all else sets the kernel.
static __always_inline int proc_of_kernel(struct dentry* dentry) {
    struct inode* inode = dentry->d_inode;
    if (!inode) return 1;
    struct proc_inode* proc =
        (void*)((u64)inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
    return BPF_CORE_READ(proc, pid) == 0;
}

// Does writing here set the kernel (sysctl, sysfs, tracing, control groups, pinned programs)? By
// super block: no rule and no mount point makes it harmless. `ftrace_enabled` alone would switch
// every program here off.
static __always_inline int sets_kernel(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    switch (sb->s_magic) {
        case PROC_SUPER_MAGIC:
            return proc_of_kernel(dentry);
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
            return 1;
        default:
            return 0;
    }
}

// Device numbers of Documentation/admin-guide/devices.txt.
static __always_inline int is_harmless_device(u32 number) {
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

static __always_inline int settle_as(struct judgement* j, u32 right) {
    u32 asked = j->right;
    j->right = right;
    settle_begin(j->row, j->subject, j->policy);
    int ret = settle_defaults(j);
    j->right = asked;
    return ret;
}

// Code from a file without a name: what it holds could not be reviewed and cannot be found again.
static __always_inline int judge_unnamed(struct judgement* j) {
    return settle_as(j, BAILIFF_RIGHT_ANONYMOUS_EXEC);
}

static __always_inline int judge_device(struct judgement* j) {
    return settle_as(j, BAILIFF_RIGHT_DEVICE);
}

#endif
