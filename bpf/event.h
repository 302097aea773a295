// Writing records to the ring. A full ring is counted, never waited for.
#ifndef BAILIFF_EVENT_H
#define BAILIFF_EVENT_H

#include "argv.h"

static __always_inline void event_who(struct bailiff_event* e, const struct bailiff_task* row,
                                      const struct bailiff_subject* subject) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct task_struct* leader = task->group_leader;
    struct task_struct* parent = leader->real_parent;
    e->time = bpf_ktime_get_boot_ns();
    e->start_time = leader->start_boottime;
    e->pid = (u32)task->tgid;
    e->tid = (u32)task->pid;
    e->parent_pid = (u32)parent->tgid;
    e->uid = (u32)bpf_get_current_uid_gid();
    e->subject = row->subject;
    e->subject_generation = row->generation;
    if (subject) {
        e->session = subject->session;
        e->session_epoch = subject->session_epoch;
        e->policy = (u8)subject->policy;
    }
    bpf_get_current_comm(e->comm, sizeof(e->comm));
}

// The names from a leaf up to the root of its file system, each with its NUL.
struct path_walk {
    struct bailiff_event* e;
    const struct dentry* dentry;
    u64 complete;
};

// One name. Returns 1 at the root, or where no further name fits.
static long path_step(u32 level, struct path_walk* w) {
    (void)level;
    const struct dentry* dentry = w->dentry;
    const struct dentry* parent = BPF_CORE_READ(dentry, d_parent);
    u32 used = w->e->text_length; // and not in `w`, see README.md on loops
    w->complete = parent == dentry;
    if (w->complete || used > BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX) return 1;
    const unsigned char* name = BPF_CORE_READ(dentry, d_name.name);
    long n = bpf_probe_read_kernel_str(&w->e->text[used], BAILIFF_NAME_MAX, name);
    if (n <= 0) return 1;
    w->e->text_length = used + (u32)n;
    w->dentry = parent;
    return 0;
}

static __noinline int event_path(struct bailiff_event* e, const struct dentry* dentry) {
    struct path_walk w = {.e = e, .dentry = dentry};
    bpf_loop(BAILIFF_MAX_DEPTH, path_step, &w, 0);
    if (!w.complete) e->flags |= BAILIFF_EVENT_TRUNCATED;
    return 0;
}

// The other end of a rename or link, behind an empty name.
static __always_inline void event_other(struct bailiff_event* e, const struct dentry* dentry) {
    u32 used = e->text_length;
    if (used > BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX) {
        e->flags |= BAILIFF_EVENT_TRUNCATED;
        return;
    }
    e->text[used] = 0;
    e->text_length = used + 1;
    event_path(e, dentry);
}

// A string behind an empty name.
static __always_inline void event_string(struct bailiff_event* e, u64 text) {
    u32 used = e->text_length;
    if (used > BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX) {
        e->flags |= BAILIFF_EVENT_TRUNCATED;
        return;
    }
    e->text[used] = 0;
    long n = bpf_probe_read_kernel_str(&e->text[used + 1], BAILIFF_NAME_MAX - 1, (void*)text);
    e->text_length = used + 1 + (n > 0 ? (u32)n : 0);
}

// Which file an event is about.
static __always_inline void event_object(struct bailiff_event* e, const struct dentry* dentry) {
    struct inode* inode = BPF_CORE_READ(dentry, d_inode);
    e->dev = BPF_CORE_READ(dentry, d_sb, s_dev);
    if (inode) {
        e->ino = BPF_CORE_READ(inode, i_ino);
        e->generation = BPF_CORE_READ(inode, i_generation);
    }
    event_path(e, dentry);
}

static __always_inline struct bailiff_event* event_zeroed(struct bailiff_event* e) {
    if (!e) {
        count(BAILIFF_COUNTER_EVENTS_LOST);
        return 0;
    }
    __builtin_memset(e, 0, BAILIFF_EVENT_BRIEF);
    count(BAILIFF_COUNTER_EVENTS);
    return e;
}

static __always_inline struct bailiff_event* event_reserve(void) {
    return event_zeroed(bpf_ringbuf_reserve(&events, sizeof(struct bailiff_event), 0));
}

// One without its text.
static __always_inline struct bailiff_event* event_reserve_brief(void) {
    return event_zeroed(bpf_ringbuf_reserve(&events, BAILIFF_EVENT_BRIEF, 0));
}

static __always_inline void event_fill(struct bailiff_event* e, const struct bailiff_task* row,
                                       const struct bailiff_subject* subject, const struct act* act,
                                       const struct bailiff_decision* d) {
    event_who(e, row, subject);
    e->kind = BAILIFF_EVENT_VERDICT;
    e->hook = act->hook;
    e->right = (u8)act->right;
    e->verdict = d->verdict;
    e->reason = d->reason;
    e->layer = d->layer;
    e->label = d->label;
    e->profile = d->profile;
    e->flags = d->flags;
    __builtin_memcpy(e->address, act->address, sizeof(e->address));
    e->port = act->port;
    e->protocol = act->protocol;
    e->family = act->family;
    e->number = act->number;
    int waited = d->reason >= BAILIFF_REASON_APPROVED && d->reason <= BAILIFF_REASON_TIMED_OUT;
    if (waited || d->reason == BAILIFF_REASON_PRESERVED) e->hold = row->held.id;
}

// Is it an act of the exec under way, whose arguments were judged? What interprets a file is opened
// as part of it.
static __always_inline int is_of_exec(const struct bailiff_task* row, const struct act* act) {
    if (!row->exec.act) return 0;
    return act->hook == BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC || act->hook == BAILIFF_HOOK_BPRM_CHECK ||
           act->hook == BAILIFF_HOOK_BPRM_CREDS_FROM_FILE ||
           (act->hook == BAILIFF_HOOK_FILE_OPEN && act->right == BAILIFF_RIGHT_EXEC);
}

static __always_inline void event_program(struct bailiff_event* e, struct bailiff_task* row) {
    u32 used = e->text_length;
    if (event_argv(e, row)) return;
    if (used > MAX_EXEC_PATH) used = MAX_EXEC_PATH;
    e->text_length = used + 1;
    e->flags |= BAILIFF_EVENT_TRUNCATED;
}

// Reports a verdict that is not a plain allow. 0 where the ring is full.
static __always_inline int event_verdict(struct bailiff_task* row,
                                         const struct bailiff_subject* subject,
                                         const struct act* act) {
    const struct bailiff_decision* d = scratch_decision(row);
    if (d->verdict == BAILIFF_VERDICT_DENY) count(BAILIFF_COUNTER_DENIED);
    struct bailiff_event* e;
    if (act->dentry) {
        e = event_reserve();
        if (!e) return 0;
        event_fill(e, row, subject, act, d);
        event_object(e, (const struct dentry*)act->dentry);
        if (is_of_exec(row, act)) event_program(e, row);
    } else {
        e = event_reserve_brief();
        if (!e) return 0;
        event_fill(e, row, subject, act, d);
    }
    bpf_ringbuf_submit(e, 0);
    return 1;
}

#endif
