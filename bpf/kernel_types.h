// The kernel types that the programs use, and of each only the fields in use. CO-RE relocates every
// access at load time against the running kernel's BTF, so this file is no copy of any one version.
// Constants are from the kernel's stable interfaces (include/uapi) or named where they are not.
#ifndef BAILIFF_KERNEL_TYPES_H
#define BAILIFF_KERNEL_TYPES_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

enum {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_LPM_TRIE = 11,
    BPF_MAP_TYPE_RINGBUF = 27,
    BPF_MAP_TYPE_TASK_STORAGE = 29,
};
#define BPF_F_NO_PREALLOC 1u
#define BPF_ANY 0
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1ULL
#define BPF_RB_NO_WAKEUP 1ULL
#define BPF_RB_FORCE_WAKEUP 2ULL
#define BPF_RB_AVAIL_DATA 0

#define EPERM 1
#define EAGAIN 11

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define FMODE_READ 1u // include/linux/fs.h
#define FMODE_WRITE 2u
#define FMODE_EXEC_FLAG 0x20u // __FMODE_EXEC in f_flags
#define ATTR_SIZE (1u << 3)   // include/linux/fs.h
#define ATTR_FORCE (1u << 9)
#define OVERLAYFS_SUPER_MAGIC 0x794c7630UL
#define PIPEFS_MAGIC 0x50495045UL
#define SOCKFS_MAGIC 0x534f434bUL

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOCK_TYPE_MASK 0xf
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
    union {
        struct {
            u32 hash;
            u32 len;
        };
        u64 hash_len;
    };
    const unsigned char* name;
};

struct inode;
struct dentry {
    struct dentry* d_parent;
    struct qstr d_name;
    struct inode* d_inode;
    struct super_block* d_sb;
};

struct super_block {
    u32 s_dev;
    unsigned long s_magic;
    struct dentry* s_root;
    void* s_fs_info;
};

struct inode {
    unsigned short i_mode;
    struct super_block* i_sb;
    unsigned long i_ino;
    u32 i_generation;
};

struct vfsmount {
    struct super_block* mnt_sb;
};

struct path {
    struct vfsmount* mnt;
    struct dentry* dentry;
};

struct file {
    struct path f_path;
    struct inode* f_inode;
    unsigned int f_flags;
    unsigned int f_mode;
};

struct iattr {
    unsigned int ia_valid;
};

typedef struct {
    u32 val;
} kuid_t;

struct user_namespace;
struct cred {
    kuid_t uid;
    kuid_t euid;
    struct user_namespace* user_ns;
};

struct ovl_layer {
    struct vfsmount* mnt;
};

struct ovl_fs {
    struct ovl_layer* layers; // the first is the upper one
    const struct cred* creator_cred;
};

struct mm_struct {
    unsigned long arg_start;
    unsigned long arg_end;
    struct file* exe_file;
};

struct kernfs_node {
    const char* name;
};

struct cgroup {
    int level; // 0 is the root
    struct kernfs_node* kn;
    struct cgroup* ancestors[]; // from the root to itself
};

struct css_set {
    struct cgroup* dfl_cgrp; // in the unified hierarchy
};

struct task_struct {
    int pid;
    int tgid;
    u64 start_boottime;
    struct task_struct* real_parent;
    struct task_struct* group_leader;
    const struct cred* cred;
    const struct cred* real_cred;
    struct mm_struct* mm;
    struct css_set* cgroups;
    void* bpf_storage;
    char comm[16];
};

struct linux_binprm {
    struct file* file;
    const char* filename;
};

struct sock_common {
    unsigned short skc_family;
};

struct sock {
    struct sock_common __sk_common;
    u16 sk_type;
    u16 sk_protocol;
};

struct socket {
    short type;
    struct sock* sk;
};

struct msghdr {
    void* msg_name;
    int msg_namelen;
};

struct seq_file;
struct bpf_iter_meta {
    struct seq_file* seq;
    u64 session_id;
    u64 seq_num;
};

struct bpf_iter__task {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
};

struct bpf_iter__task_file {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
    u32 fd;
    struct file* file;
};

#pragma clang attribute pop

// Wire formats of socket addresses: fixed by the user-space ABI, so not relocated.
struct sockaddr_head {
    u16 family;
    __be16 port;
};
struct sockaddr_v4 {
    u16 family;
    __be16 port;
    u8 address[4];
};
struct sockaddr_v6 {
    u16 family;
    __be16 port;
    __be32 flowinfo;
    u8 address[16];
};

#endif
