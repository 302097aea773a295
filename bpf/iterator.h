// What only the kernel can tell or do for bailiff-kernel: name an inode as the hooks see it, and
// enrol or count tasks. Parameters come from the map "control"; bailiff-kernel reads one iterator
// at a time.
#ifndef BAILIFF_ITERATOR_H
#define BAILIFF_ITERATOR_H

#include "agent.h"

static __always_inline struct bailiff_control* read_control(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline void name_inode(struct bailiff_inode* out, struct dentry* dentry,
                                       struct inode* inode) {
    struct super_block* sb = dentry->d_sb;
    out->ino = inode->i_ino;
    out->dev = sb->s_dev;
    out->generation = inode->i_generation;
    out->mode = inode->i_mode;
    out->is_root = sb->s_root == dentry;
}

// Prints what is behind a descriptor.
static __always_inline int print_file(struct bpf_iter__task_file* ctx, struct file* file) {
    struct dentry* dentry = file->f_path.dentry;
    struct inode* inode = dentry->d_inode;
    if (!inode) return 0;
    struct bailiff_file out = {};
    name_inode(&out.seen, dentry, inode);
    u64 content = content_inode((u64)BPF_CORE_READ(dentry, d_inode));
    if (content) {
        file_key(&out.key, content);
        out.magic = file_system_magic(content);
        out.size = size_of_file(content);
        out.ctime = change_time(content, &out.ctime_nanos);
        out.writers = writers_of(content);
    }
    bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
    return 0;
}

static __always_inline int on_resolve(struct bpf_iter__task_file* ctx) {
    struct task_struct* task = ctx->task;
    struct file* file = ctx->file;
    const struct bailiff_control* want = read_control();
    if (!task || !file || !want || task->tgid != (int)want->pid || ctx->fd != want->fd) return 0;
    note_host_root();
    return print_file(ctx, file);
}

// For the thread that hashes, which has a map of its own to ask with: it runs beside the others.
static __always_inline int on_examine(struct bpf_iter__task_file* ctx) {
    struct task_struct* task = ctx->task;
    struct file* file = ctx->file;
    u32 zero = 0;
    const struct bailiff_examined* want = bpf_map_lookup_elem(&examined, &zero);
    if (!task || !file || !want || task->tgid != (int)want->pid || ctx->fd != want->fd) return 0;
    return print_file(ctx, file);
}

#define MAX_GENERATIONS 512 // deeper, a task is not found to be below: enrol() then counts too few

// Is `task` process `pid`, or below it?
static __always_inline int below(struct task_struct* task, u32 pid) {
    struct task_struct* at = task;
    for (int i = 0; i < MAX_GENERATIONS; i++) {
        if (at->tgid == (int)pid) return 1;
        if (at->pid <= 1) return 0;
        at = at->group_leader;
        at = at->real_parent;
    }
    return 0;
}

// Is `task` in the cgroup, or in one below it?
static __always_inline int in_cgroup(struct task_struct* task, u64 id) {
    struct cgroup* leaf = BPF_CORE_READ(task, cgroups, dfl_cgrp);
    int levels = BPF_CORE_READ(leaf, level);
    u64 ancestors = (u64)leaf + bpf_core_field_offset(struct cgroup, ancestors);
    for (int level = 1; level < MAX_CGROUP_LEVELS && level <= levels; level++) {
        struct cgroup* at = 0;
        bpf_probe_read_kernel(&at, sizeof(at), (const void*)(ancestors + (u64)level * 8));
        if (BPF_CORE_READ(at, kn, id) == id) return 1;
    }
    return 0;
}

// Is a task with that row another session's, or of one that is over? There it stays.
static __always_inline int is_of_session(const struct bailiff_task* row) {
    if (!row->subject) return 0;
    const struct bailiff_subject* subject = find_subject(row->subject);
    return !subject || subject->generation != row->generation || subject->session != 0;
}

static __always_inline void describe_task(struct bailiff_enrolled* out, struct task_struct* task) {
    struct task_struct* leader = task->group_leader;
    const struct cred* cred = task->real_cred; // overlayfs puts its mounter's in `cred`
    out->pid = (u32)task->pid;
    out->process = (u32)task->tgid;
    out->start_time = leader->start_boottime;
    out->uid = cred->uid.val == cred->euid.val ? cred->uid.val : ~0U;
}

static __always_inline int on_enrol(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    struct bailiff_control* want = read_control();
    if (!task || !want || !want->row.subject) return 0;
    if (want->pid ? !below(task, want->pid) : !task->mm || !in_cgroup(task, want->cgroup)) return 0;
    struct bailiff_enrolled out = {.outcome = 1};
    describe_task(&out, task);
    struct bailiff_task* row = bpf_task_storage_get(&tasks, task, 0, 0);
    if (row) out.subject = row->subject;
    if (row && row->subject == want->row.subject && row->generation == want->row.generation) {
        out.outcome = 0;
    } else if (row && is_of_session(row)) {
        out.outcome = 3;
    } else if (want->dry) {
        out.outcome = 1;
    } else if (row) {
        row->subject = want->row.subject;
        row->generation = want->row.generation;
    } else if (!bpf_task_storage_get(&tasks, task, &want->row, BPF_LOCAL_STORAGE_GET_F_CREATE)) {
        out.outcome = 2;
        count(BAILIFF_COUNTER_STORAGE_FAILED);
    }
    bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
    return 0;
}

// A program that runs already and is an agent's, by its executable, uid or cgroup, becomes the
// agent now. Of an interpreter it cannot be told any more which script it opened.
static __always_inline int on_adopt(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    if (!task || task->pid <= 1) return 0;
    note_host_root();
    struct mm_struct* mm = task->mm;
    if (!mm) return 0; // a kernel thread
    struct bailiff_task* row = bpf_task_storage_get(&tasks, task, 0, 0);
    if (row && row->subject) return 0;
    struct file* image = mm->exe_file;
    struct bailiff_task* fresh =
        image ? agent_of_image(task, image->f_path.dentry) : agent_of_task(task);
    if (!fresh) return 0;
    struct bailiff_enrolled out = {.outcome = 1, .subject = fresh->subject};
    describe_task(&out, task);
    if (!fresh->subject) out.outcome = 0;
    row = bpf_task_storage_get(&tasks, task, fresh, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (row) {
        row->generation = fresh->generation;
        row->subject = fresh->subject;
    } else {
        out.outcome = 2;
        count(BAILIFF_COUNTER_STORAGE_FAILED);
    }
    bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
    return 0;
}

// Prints every task of a subject; with subject 0 the subject of one process instead, and with
// process 0 as well every task that is a subject.
static __always_inline int on_count(struct bpf_iter__task* ctx) {
    struct task_struct* task = ctx->task;
    const struct bailiff_control* want = read_control();
    if (!task || !want) return 0;
    struct bailiff_task* row = bpf_task_storage_get(&tasks, task, 0, 0);
    if (!row || !row->subject) return 0;
    struct bailiff_enrolled out = {.pid = (u32)task->pid, .outcome = row->subject};
    if (want->subject ? row->subject != want->subject || row->generation != want->row.generation
                      : want->pid && task->pid != (int)want->pid)
        return 0;
    out.generation = row->generation;
    bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
    return 0;
}

#endif
