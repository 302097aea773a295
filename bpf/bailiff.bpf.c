// The table of contents of the kernel side: every attach point, in the order in which the kernel
// reaches them in a program's life. Bodies live in the header of their family.
//
// Compiled twice. With BAILIFF_FMOD_RET the same hooks attach to the security_* functions that call
// the LSM hooks, for kernels whose `lsm=` list lacks bpf. The argument lists differ in places; the
// position of the verdict so far is therefore written out for each.
#include "exec.h"
#include "file.h"
#include "iterator.h"
#include "network.h"
#include "task.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef BAILIFF_FMOD_RET
#define HOOK(lsm_name, security_name) SEC("fmod_ret/security_" #security_name)
#define LSM_OR_FMOD(lsm, fmod) (fmod)
#else
#define HOOK(lsm_name, security_name) SEC("lsm/" #lsm_name)
#define LSM_OR_FMOD(lsm, fmod) (lsm)
#endif

// An earlier verdict stands. `count` is the number of the hook's arguments: what follows them is
// the value returned so far.
#define HONOUR_EARLIER(ctx, count)       \
    do {                                 \
        int earlier = (int)(ctx)[count]; \
        if (earlier) return earlier;     \
    } while (0)

typedef unsigned long long context;

// --- task ---

HOOK(task_alloc, task_alloc)
int task_alloc(context* ctx) {
    HONOUR_EARLIER(ctx, 2);
    return on_task_alloc((struct task_struct*)ctx[0]);
}

SEC("tp_btf/sched_process_fork")
int sched_fork(context* ctx) {
    return on_sched_fork((struct task_struct*)ctx[1]);
}

// --- exec ---

HOOK(bprm_check_security, bprm_check)
int bprm_check(context* ctx) {
    HONOUR_EARLIER(ctx, 1);
    return on_bprm_check((struct linux_binprm*)ctx[0]);
}

SEC("tp_btf/sched_process_exec")
int sched_exec(context* ctx) {
    return on_sched_exec((struct linux_binprm*)ctx[2]);
}

// --- file ---

HOOK(file_open, file_open)
int file_open(context* ctx) {
    HONOUR_EARLIER(ctx, 1);
    return on_file_open((struct file*)ctx[0]);
}

HOOK(inode_create, inode_create)
int inode_create(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_CREATE);
}

HOOK(inode_mkdir, inode_mkdir)
int inode_mkdir(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_MKDIR);
}

HOOK(inode_mknod, inode_mknod)
int inode_mknod(context* ctx) {
    HONOUR_EARLIER(ctx, 4);
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_MKNOD);
}

HOOK(inode_symlink, inode_symlink)
int inode_symlink(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_SYMLINK);
}

HOOK(inode_link, inode_link)
int inode_link(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return on_inode_link((struct dentry*)ctx[0], (struct dentry*)ctx[2]);
}

HOOK(inode_unlink, inode_unlink)
int inode_unlink(context* ctx) {
    HONOUR_EARLIER(ctx, 2);
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_DELETE, BAILIFF_HOOK_INODE_UNLINK);
}

HOOK(inode_rmdir, inode_rmdir)
int inode_rmdir(context* ctx) {
    HONOUR_EARLIER(ctx, 2);
    return judge_dentry((struct dentry*)ctx[1], BAILIFF_RIGHT_DELETE, BAILIFF_HOOK_INODE_RMDIR);
}

// security_inode_rename has the flags as its fifth argument and runs once where the LSM hook runs
// twice, so an exchange is judged in both directions here.
HOOK(inode_rename, inode_rename)
int inode_rename(context* ctx) {
    HONOUR_EARLIER(ctx, LSM_OR_FMOD(4, 5));
    struct dentry* from = (struct dentry*)ctx[1];
    struct dentry* to = (struct dentry*)ctx[3];
    int ret = on_inode_rename(from, to);
#ifdef BAILIFF_FMOD_RET
    if (!ret && (ctx[4] & 2)) // RENAME_EXCHANGE
        ret = on_inode_rename(to, from);
#endif
    return ret;
}

// Before 6.12 the LSM hook has no idmap; the loader keeps the variant that fits the kernel's BTF.
HOOK(inode_setattr, inode_setattr)
int inode_setattr(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return on_inode_setattr((struct dentry*)ctx[1], (const struct iattr*)ctx[2]);
}

#ifndef BAILIFF_FMOD_RET
SEC("lsm/inode_setattr")
int inode_setattr_2(context* ctx) {
    HONOUR_EARLIER(ctx, 2);
    return on_inode_setattr((struct dentry*)ctx[0], (const struct iattr*)ctx[1]);
}
#endif

// --- network ---

HOOK(socket_create, socket_create)
int socket_create(context* ctx) {
    HONOUR_EARLIER(ctx, 4);
    return on_socket_create((int)ctx[0], (int)ctx[1], (int)ctx[2], (int)ctx[3]);
}

HOOK(socket_connect, socket_connect)
int socket_connect(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return on_socket_address((struct socket*)ctx[0], (const void*)ctx[1], (int)ctx[2],
                             BAILIFF_RIGHT_CONNECT, BAILIFF_HOOK_SOCKET_CONNECT);
}

HOOK(socket_bind, socket_bind)
int socket_bind(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return on_socket_address((struct socket*)ctx[0], (const void*)ctx[1], (int)ctx[2],
                             BAILIFF_RIGHT_BIND, BAILIFF_HOOK_SOCKET_BIND);
}

HOOK(socket_sendmsg, socket_sendmsg)
int socket_sendmsg(context* ctx) {
    HONOUR_EARLIER(ctx, 3);
    return on_socket_sendmsg((struct socket*)ctx[0], (struct msghdr*)ctx[1]);
}

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
