// A child belongs to its parent's subject, for good.
#ifndef BAILIFF_TASK_H
#define BAILIFF_TASK_H

#include "verdict_end.h"

// What is approved is so for one thread.
static __always_inline void forget_approved(struct bailiff_task* row) {
    __builtin_memset(&row->held, 0, sizeof(row->held));
    row->exec.act = 0;
    row->exec.approved_for = 0;
    row->exec.approvals = 0;
}

static __always_inline int inherit(struct bailiff_task* parent, struct task_struct* child) {
    struct bailiff_task* own =
        bpf_task_storage_get(&tasks, child, parent, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (own) {
        forget_approved(own);
        return 0;
    }
    count(BAILIFF_COUNTER_STORAGE_FAILED);
    return -EAGAIN;
}

// A child that starts in another control group leaves its session's limits as a write to
// cgroup.procs would.
// on failure: the fork is refused, subjects only
static __always_inline int on_task_alloc(struct task_struct* child, u64 flags) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_TASK_ALLOC, .right = BAILIFF_RIGHT_EXEC}};
    j.row = task_row();
    if (!j.row) return 0;
    if (!j.row->subject && !follow_leader(j.row)) {
        inherit(j.row, child); // without a row it is watched again from its next exec
        return 0;
    }
    u8 reason = subject_begin(&j);
    if (!reason && (flags & CLONE_INTO_CGROUP)) reason = BAILIFF_REASON_KERNEL_SETTING;
    if (reason) return refuse(&j, reason);
    return inherit(j.row, child);
}

// Once more after the child is visible: an enrolment that ran between task_alloc and here reached
// the parent and not yet the child.
static __always_inline int on_sched_fork(struct task_struct* child) {
    struct bailiff_task* row = task_row();
    if (!row) return 0;
    struct bailiff_task* own =
        bpf_task_storage_get(&tasks, child, row, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!own) {
        count(BAILIFF_COUNTER_STORAGE_FAILED);
        return 0;
    }
    own->generation = row->generation;
    own->subject = row->subject;
    forget_approved(own);
    return 0;
}

static __always_inline int on_sched_exit(struct task_struct* task) {
    struct bailiff_task* row = subject_row();
    if (!row) return 0;
    forget_held(row);
    if (task->pid != task->tgid) return 0;
    const struct bailiff_subject* subject = find_subject(row->subject);
    if (subject && (subject->flags & BAILIFF_SUBJECT_CANARY)) return 0;
    struct bailiff_event* e = event_reserve_brief();
    if (!e) return 0;
    event_who(e, row, subject);
    e->kind = BAILIFF_EVENT_EXIT;
    e->hook = BAILIFF_HOOK_SCHED_EXIT;
    bpf_ringbuf_submit(e, 0);
    return 0;
}

#endif
