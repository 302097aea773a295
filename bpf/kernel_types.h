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
#define BPF_NOEXIST 1
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1ULL
#define BPF_RB_NO_WAKEUP 1ULL
#define BPF_RB_FORCE_WAKEUP 2ULL
#define BPF_RB_AVAIL_DATA 0

#define CLONE_INTO_CGROUP 0x200000000ULL

#define EPERM 1
#define EAGAIN 11
#define ERESTARTNOINTR 513 // include/linux/errno.h: the call is made again, whatever the signal

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define MINOR_BITS 20 // include/linux/kdev_t.h
#define FMODE_READ 1u // include/linux/fs.h
#define FMODE_WRITE 2u
#define FMODE_CREATED 0x100000u
#define FMODE_EXEC_FLAG 0x20u // __FMODE_EXEC in f_flags
#define ATTR_MODE (1u << 0)   // include/linux/fs.h
#define ATTR_UID (1u << 1)
#define ATTR_GID (1u << 2)
#define ATTR_SIZE (1u << 3)
#define ATTR_ATIME_SET (1u << 7)
#define ATTR_MTIME_SET (1u << 8)
#define ATTR_FORCE (1u << 9)
#define ATTR_OPEN (1u << 15)
#define O_EXCL 0200u
#define O_TRUNC 01000u
#define __O_TMPFILE 020000000u
#define MAX_ERRNO 4095u // include/linux/err.h
#define MAY_READ 4      // include/linux/fs.h
#define MAY_WRITE 2
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define VM_EXEC 4UL // include/linux/mm.h
#define VM_SHARED 8UL
#define READ_IMPLIES_EXEC 0x0400000u
#define PF_EXITING 0x4u // include/linux/sched.h
#define PF_IO_WORKER 0x10u
#define PF_DUMPCORE 0x200u
#define PF_USER_WORKER 0x4000u // since 6.4, unused before
#define PF_KTHREAD 0x200000u
#define TS_COMPAT 2u // arch/x86/include/asm/thread_info.h: a call by the 32-bit entry
#define SIGKILL 9
#define SIGCONT 18
#define SIGSTOP 19
#define RENAME_EXCHANGE 2
#define F_WRLCK 1
#define F_SETFL 4
#define F_SETOWN 8
#define F_SETSIG 10
#define F_SETDELEG (1024 + 16) // since 6.19
#define F_SETOWN_EX 15
#define O_ASYNC 020000u
#define FIOASYNC 0x5452u
#define FIOSETOWN 0x8901u // of sockets
#define SIOCSPGRP 0x8902u
#define PTRACE_MODE_ATTACH 2u // include/linux/ptrace.h
#define PTRACE_MODE_NOAUDIT 4u
#define CAP_OPT_NOAUDIT 2u // include/linux/security.h
#define DCACHE_OP_HASH 1u  // include/linux/dcache.h
#define DCACHE_OP_COMPARE 2u
#define SB_KERNMOUNT (1UL << 22)

#define OVERLAYFS_SUPER_MAGIC 0x794c7630UL
#define PIPEFS_MAGIC 0x50495045UL
#define SOCKFS_MAGIC 0x534f434bUL
#define ANON_INODE_FS_MAGIC 0x09041934UL
#define EXT4_SUPER_MAGIC 0xef53UL
#define XFS_SUPER_MAGIC 0x58465342UL
#define BTRFS_SUPER_MAGIC 0x9123683eUL
#define TMPFS_MAGIC 0x01021994UL
#define NSFS_MAGIC 0x6e736673UL
#define PIDFS_MAGIC 0x50494446UL // include/uapi/linux/magic.h, 6.9
#define SECRETMEM_MAGIC 0x5345434dUL
#define PROC_SUPER_MAGIC 0x9fa0UL
#define DEVPTS_SUPER_MAGIC 0x1cd1UL
#define MQUEUE_MAGIC 0x19800202UL // ipc/mqueue.c
#define HUGETLBFS_MAGIC 0x958458f6UL
#define SYSFS_MAGIC 0x62656572UL
#define DEBUGFS_MAGIC 0x64626720UL
#define TRACEFS_MAGIC 0x74726163UL
#define SECURITYFS_MAGIC 0x73636673UL
#define BPF_FS_MAGIC 0xcafe4a11UL
#define CGROUP_SUPER_MAGIC 0x27e0ebUL
#define CGROUP2_SUPER_MAGIC 0x63677270UL
#define CONFIGFS_MAGIC 0x62656570UL
#define EFIVARFS_MAGIC 0xde5e81e4UL
#define BINFMTFS_MAGIC 0x42494e4dUL
#define SELINUX_MAGIC 0xf97cff8cUL
#define SMACK_MAGIC 0x43415d53UL
#define PSTOREFS_MAGIC 0x6165676cUL
#define RDTGROUP_SUPER_MAGIC 0x7655821UL
#define NFSD_SUPER_MAGIC 0x6e667364UL // fs/nfsd/nfsctl.c
#define FUSE_CTL_SUPER_MAGIC 0x65735543UL
#define RPCAUTH_GSSMAGIC 0x67596969UL // net/sunrpc/rpc_pipe.c
#define XENFS_SUPER_MAGIC 0xabba1974UL
#define BINDERFS_SUPER_MAGIC 0x6c6f6f70UL
#define CTIME_QUERIED (1u << 31) // in i_ctime_nsec, include/linux/fs.h, 6.13

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define SOL_SOCKET 1
#define SO_BINDTODEVICE 25
#define SO_BINDTOIFINDEX 62
#define SOL_IP 0
#define IP_OPTIONS 4
#define IP_RETOPTS 7
#define IP_ADD_MEMBERSHIP 35
#define IP_ADD_SOURCE_MEMBERSHIP 39
#define MCAST_JOIN_GROUP 42 // of both protocols, as the next
#define MCAST_JOIN_SOURCE_GROUP 46
#define IP_UNICAST_IF 50
#define SOL_IPV6 41
#define IPV6_2292RTHDR 5
#define IPV6_2292PKTOPTIONS 6
#define IPV6_JOIN_GROUP 20
#define IPV6_JOIN_ANYCAST 27
#define IPV6_FLOWLABEL_MGR 32
#define IPV6_RTHDR 57
#define IPV6_UNICAST_IF 76
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
    unsigned int d_flags;
    struct dentry* d_parent;
    struct qstr d_name;
    struct inode* d_inode;
    struct super_block* d_sb;
};

struct list_head {
    struct list_head* next;
};

struct super_block {
    u32 s_dev;
    unsigned long s_flags;
    unsigned long s_magic;
    struct dentry* s_root;
    void* s_fs_info;
    struct unicode_map* s_encoding; // CONFIG_UNICODE: names of casefold folders
    struct list_head s_mounts;      // by mnt_instance
};

struct super_block___linked { // from 6.18 on
    struct mount___linked* s_mounts;
};

typedef struct {
    int counter;
} atomic_t;

typedef struct {
    u32 val;
} kuid_t;

typedef struct {
    u32 val;
} kgid_t;

struct inode {
    unsigned short i_mode;
    kuid_t i_uid;
    struct super_block* i_sb;
    unsigned long i_ino;
    unsigned int i_nlink;
    u32 i_rdev;
    __s64 i_size;
    atomic_t i_writecount; // above 0: how many have it open to write; below 0: it is executed
    u32 i_generation;
};

// Where the time of the last change is, by kernel version.
struct timespec64 {
    __s64 tv_sec;
    long tv_nsec;
};
struct inode___6_1 {
    struct timespec64 i_ctime;
    struct timespec64 i_mtime;
};
struct inode___6_6 {
    struct timespec64 __i_ctime;
};
struct inode___6_7 {
    struct timespec64 __i_mtime;
};
struct inode___6_11 {
    __s64 i_ctime_sec;
    u32 i_ctime_nsec;
    __s64 i_mtime_sec;
    u32 i_mtime_nsec;
};

struct upid {
    int nr;
};
struct pid {
    unsigned int level;    // of its namespace
    struct upid numbers[]; // the first is of the initial namespace
};
struct proc_inode {  // fs/proc/internal.h
    struct pid* pid; // of /proc/PID and what is below; else NULL
    struct inode vfs_inode;
};

struct vfsmount {
    struct super_block* mnt_sb;
};

struct mount { // fs/mount.h
    struct list_head mnt_instance;
    struct mnt_namespace* mnt_ns;
};

struct mount___linked { // from 6.18 on
    struct mount___linked* mnt_next_for_sb;
};

struct nsproxy {
    struct mnt_namespace* mnt_ns;
};

struct path {
    struct vfsmount* mnt;
    struct dentry* dentry;
};

struct fs_struct {
    struct path root;
    struct path pwd;
};

struct file {
    struct path f_path;
    struct inode* f_inode;
    unsigned int f_flags;
    unsigned int f_mode;
};

struct iattr {
    unsigned int ia_valid;
    unsigned short ia_mode;
    kuid_t ia_uid;
    kgid_t ia_gid;
    long long ia_size;
    struct timespec64 ia_atime;
    struct timespec64 ia_mtime;
};

typedef struct {
    u64 val;
} kernel_cap_t; // two words of 32 bits before 6.3: read as 8 bytes

struct user_namespace;
struct cred {
    kuid_t uid;
    kuid_t euid;
    kgid_t egid;
    kernel_cap_t cap_permitted;
    kernel_cap_t cap_effective;
    struct user_namespace* user_ns;
};

struct ovl_layer {
    struct vfsmount* mnt;
};

struct ovl_fs {
    struct ovl_layer* layers; // the first is the upper one
    const struct cred* creator_cred;
};

struct ovl_path {
    struct dentry* dentry;
};

struct ovl_entry { // since 6.5
    unsigned int __numlower;
    struct ovl_path __lowerstack[];
};

struct ovl_inode {
    struct inode vfs_inode;
    struct dentry* __upperdentry;
    struct ovl_entry* oe;
};
struct ovl_inode___6_1 {
    struct inode* lowerdata; // of a file whose upper layer has its metadata alone
    struct ovl_path lowerpath;
};

struct mm_struct {
    unsigned long arg_start;
    unsigned long arg_end;
    struct file* exe_file;
};

struct vm_area_struct {
    unsigned long vm_flags;
    void* anon_vma;
    struct file* vm_file;
};

struct kern_ipc_perm {
    u32 mode;
};

struct kernfs_node {
    const char* name;
    u64 id; // of a cgroup: also the number of its folder
};

struct cgroup {
    int level; // 0 is the root
    struct kernfs_node* kn;
    struct cgroup* ancestors[]; // from the root to itself
};

struct css_set {
    struct cgroup* dfl_cgrp; // in the unified hierarchy
};

struct thread_info {
    u32 status; // TS_*
};

struct task_struct {
    struct thread_info thread_info;
    unsigned int ptrace; // not 0: it is traced
    int pid;
    int tgid;
    u64 start_boottime;
    struct task_struct* real_parent;
    struct task_struct* group_leader;
    struct pid* thread_pid;
    const struct cred* cred;
    const struct cred* real_cred;
    struct mm_struct* mm;
    struct css_set* cgroups;
    struct nsproxy* nsproxy;
    struct fs_struct* fs;
    unsigned int flags; // PF_*
    unsigned int personality;
    void* io_uring; // NULL where the task has never used one
    void* bpf_storage;
    char comm[16];
};

struct linux_binprm {
    struct file* file;
    struct cred* cred;
    int argc;
    const char* filename;
};

// Since 6.14: execveat(2) with AT_EXECVE_CHECK only asks.
struct linux_binprm___6_14 {
    unsigned int is_check : 1;
};

struct in6_addr {
    u8 bytes[16];
};

// enum of include/net/tcp_states.h; all protocols use it.
#define TCP_CLOSE 7
#define TCP_LISTEN 10

struct sock_common {
    unsigned short skc_family;
    __be32 skc_daddr;
    __be32 skc_rcv_saddr;
    __be16 skc_dport;
    u16 skc_num; // local port, host byte order
    volatile unsigned char skc_state;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
    struct sock_common __sk_common;
    u16 sk_type;
    u16 sk_protocol;
};

struct socket {
    short type;
    struct file* file; // NULL while it is being accepted
    struct sock* sk;
};

struct ip_options {
    unsigned char srr; // not 0: a source route
};
struct ip_options_rcu {
    struct ip_options opt;
};
struct ipv6_txoptions {
    void* srcrt; // a routing header, or NULL
};
struct ipv6_pinfo {
    struct ipv6_txoptions* opt;
};
struct inet_sock {
    struct ipv6_pinfo* pinet6;
    struct ip_options_rcu* inet_opt;
};

struct unix_address;
struct unix_sock {
    struct unix_address* addr; // NULL where it has no name
    struct path path;          // of a socket in the file system
    struct sock* peer;         // NULL where it is not connected
};

struct msghdr {
    void* msg_name;
    int msg_namelen;
    void* msg_control; // the kernel's copy
    unsigned long msg_controllen;
};

struct pt_regs {
    unsigned long orig_ax; // a system call's number
    unsigned long di;      // its first argument
    unsigned long si;      // its second
    unsigned long dx;      // its third; of a 32-bit program's as well
    unsigned long r10;     // its fourth
    unsigned long r8;      // its fifth
    unsigned long bx;      // the first of a 32-bit program's
    unsigned long cx;      // the second of that
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

// Wire formats of sockets: fixed by the user-space ABI, so not relocated.
struct sockaddr_head {
    u16 family;
    __be16 port;
};
struct sockaddr_v4 {
    u16 family;
    __be16 port;
    u8 address[4];
};
struct control_header { // struct cmsghdr
    u64 length;
    int level;
    int type;
};
struct sockaddr_v6 {
    u16 family;
    __be16 port;
    __be32 flowinfo;
    u8 address[16];
};

#endif
