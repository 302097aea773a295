// Whose task is this, and does its session still stand? The first thing every hook asks.
#ifndef BAILIFF_SUBJECT_H
#define BAILIFF_SUBJECT_H

#include "maps.h"
#include <bpf/bpf_core_read.h>
#include "bailiff/verdict.h"

// How a task row's scratch is used, in 64-bit words.
#define SCRATCH_NAME 28     // a name, zero-padded
#define SCRATCH_DECISION 60 // the outcome
#define SCRATCH_NOW 62      // nanoseconds of CLOCK_BOOTTIME
#define SCRATCH_NOTED 63    // not 0: a verdict was more than a plain allow
#define SCRATCH_RELAXED 64  // not 0: break-glass relaxes the session
#define SCRATCH_TRIES 65    // how many walks a rename spoiled
#define SCRATCH_POINTER 66  // a pointer that may be NULL
#define SCRATCH_LISTS 67    // not 0: the verdict may depend on the object's content
#define LISTS_SPOKE 2       // it does
#define SCRATCH_UNKNOWN 68  // why that content is not known, or 0
#define SCRATCH_SHA256 69   // its digest
#define SCRATCH_APPROVED 73 // not 0: an act was let through because it was approved
#define SCRATCH_OPEN 74     // struct file * or struct sock * that is used, or 0
#define SCRATCH_OTHER \
    75 // of a rename or link the struct dentry * of its other end, or
       // 0; else the address of the string the act is about, see names_text()
#define SCRATCH_END 76

// What is about to be done, in plain numbers: what its record tells.
struct act {
    u64 dentry; // the object of a file hook, or 0
    u32 hook;
    u32 right;
    u8 address[16]; // the object of a network hook
    u16 port;
    u8 protocol;
    u8 family;
    u32 number; // another process's id, a capability, or an ioctl's command
    u8 quiet;   // the kernel only asks: a denial is no event
    u8 over;    // the session is over and wants its processes ended
    u8 reason;  // why it is denied before any rule spoke, or 0
    u8 exempt;  // never waits: this call made the object, or what it is part of was approved
    u8 vague;   // what it is cannot be told in full, so nobody could say what was approved
    u8 pad[3];
};

// One judgement in the making: the subject's rows and the object it is about.
struct judgement {
    struct bailiff_task* row;
    const struct bailiff_subject* subject;
    const struct bailiff_policy* policy;
    struct dentry* dentry; // the object of a file hook, or NULL
    struct act act;
};

// Can the current task have a row? A task without any BPF storage, which is nearly every task, has
// none, and that is one load.
static __always_inline int has_row(void) {
    struct task_struct* task = bpf_get_current_task_btf();
    return task->bpf_storage != 0;
}

// The current task's row, also one that is only watched; or NULL.
static __always_inline struct bailiff_task* task_row(void) {
    struct task_struct* task = bpf_get_current_task_btf();
    if (!task->bpf_storage) return 0;
    return bpf_task_storage_get(&tasks, task, 0, 0);
}

// A watched thread is what the first thread of its process is: an interpreter has threads before it
// opens its script. 1 when that is an agent.
__noinline int follow_leader(struct bailiff_task* row) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct task_struct* leader = task->group_leader;
    if (!row || !leader) return 0;
    const struct bailiff_task* first = bpf_task_storage_get(&tasks, leader, 0, 0);
    if (!first || !first->subject) return 0;
    row->generation = first->generation;
    row->subject = first->subject;
    return 1;
}

// The current task's row, or NULL where it is no subject.
static __always_inline struct bailiff_task* subject_row(void) {
    struct bailiff_task* row = task_row();
    if (row && !row->subject && !follow_leader(row)) return 0;
    return row;
}

// Is `target` a task of the same subject?
static __always_inline int same_subject(const struct bailiff_task* row,
                                        struct task_struct* target) {
    const struct bailiff_task* other = bpf_task_storage_get(&tasks, target, 0, 0);
    return other && other->subject == row->subject && other->generation == row->generation;
}

// Can the task itself act with other credentials than its own? With an io_uring, as its worker, and
// while its core is written.
static __always_inline int borrows_credentials(const struct task_struct* task) {
    return task->io_uring || (task->flags & (PF_IO_WORKER | PF_DUMPCORE));
}

// What overlayfs does inside, on the layers below, for an operation that was already judged. It
// runs with the mounter's credentials: exactly that cred, or, where a new object gets its owner, a
// copy of it that only acts on the upper layer. Both were recorded at the outer hook.
__noinline int overlay_acts(const struct bailiff_task* row, u64 sb) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct cred* cred = task->cred;
    if (!row || cred == task->real_cred || borrows_credentials(task)) return 0;
    if ((u64)cred == row->overlay_cred) return 1;
    const struct cred* mounter = (const struct cred*)row->overlay_cred;
    return sb == row->overlay_upper && cred->uid.val == BPF_CORE_READ(mounter, uid.val) &&
           cred->euid.val == BPF_CORE_READ(mounter, euid.val) &&
           (u64)cred->user_ns == (u64)BPF_CORE_READ(mounter, user_ns);
}

static __always_inline int inside_overlay(const struct bailiff_task* row, struct dentry* dentry) {
    return row->overlay_cred && overlay_acts(row, (u64)BPF_CORE_READ(dentry, d_sb));
}

// After an act was allowed: remembers the cred with which overlayfs will work on the layers below,
// and the upper one. An act elsewhere forgets them.
static __noinline int note_overlay(struct bailiff_task* row, struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    if (row->file_system == (u64)sb) return 0;
    row->file_system = (u64)sb;
    row->overlay_cred = 0;
    row->overlay_upper = 0;
    if (sb->s_magic != OVERLAYFS_SUPER_MAGIC) return 0;
    if (!bpf_core_type_exists(struct ovl_fs))
        return 0; // overlay module not there at load: its inner work is judged, and so denied
    struct ovl_fs* fs = sb->s_fs_info;
    row->overlay_cred = (u64)BPF_CORE_READ(fs, creator_cred);
    row->overlay_upper = (u64)BPF_CORE_READ(fs, layers, mnt, mnt_sb);
    return 0;
}

static __always_inline u64 count_of_changes(void) {
    u32 index = BAILIFF_FILTER_CHANGES;
    const u64* changes = bpf_map_lookup_elem(&filter, &index);
    return changes ? *changes : 0;
}

// Was the task's session found to stand in this tick of the clock, and is nothing changed since?
// Then what was remembered on the same basis stands too. A session that break-glass relaxes is
// looked at each time.
static __always_inline int stands(const struct bailiff_task* row) {
    return row->standing.tick == bpf_jiffies64() &&
           row->standing.basis.changes == count_of_changes() &&
           row->standing.basis.subject == *(volatile u32*)&row->subject;
}

// Fills in the subject and its policy, and says why the session does not stand; 0 when it does.
static __noinline u8 subject_begin(struct judgement* j) {
    // Read once: an enrolment on another CPU may be changing it.
    u32 slot = *(volatile u32*)&j->row->subject;
    struct bailiff_standing* standing = &j->row->standing;
    u64 tick = bpf_jiffies64();
    standing->tick = 0;
    standing->basis.changes = count_of_changes(); // before all that it counts
    j->policy = 0;
    j->subject = find_subject(slot);
    if (!j->subject || j->subject->generation != j->row->generation) {
        j->subject = 0; // another's now
        return BAILIFF_REASON_STALE;
    }
    standing->basis.subject = slot;
    standing->basis.epoch = j->subject->epoch;
    u32 session_slot = j->subject->session;
    const struct bailiff_session* session = bpf_map_lookup_elem(&sessions, &session_slot);
    if (!session || session->epoch != j->subject->session_epoch) return BAILIFF_REASON_STALE;
    u32 policy_slot = j->subject->policy;
    j->policy = bpf_map_lookup_elem(&policies, &policy_slot);
    if (!j->policy) return BAILIFF_REASON_STALE;
    j->act.over = (session->flags & BAILIFF_SESSION_KILL) != 0;
    if (session->state == BAILIFF_SESSION_REVOKED) return BAILIFF_REASON_REVOKED;
    if (session->state != BAILIFF_SESSION_ACTIVE) return BAILIFF_REASON_ENDED;
    u64 now = bpf_ktime_get_boot_ns();
    if (now >= session->expires_at) return BAILIFF_REASON_EXPIRED;
    j->row->scratch[SCRATCH_NOW] = now;
    u64 relaxed = now < session->relaxed_until;
    j->row->scratch[SCRATCH_RELAXED] = relaxed;
    if (!relaxed) standing->tick = tick;
    standing->flags = j->policy->flags;
    j->act.over = 0;
    return BAILIFF_REASON_NONE;
}

// To be called before what is not remembered is judged or refused.
static __always_inline u8 begin_once(struct judgement* j) {
    return j->subject ? 0 : subject_begin(j);
}

BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_settle) <= SCRATCH_NAME * 8, "scratch: settle");
BAILIFF_STATIC_ASSERT(SCRATCH_NAME * 8 + BAILIFF_NAME_MAX <= SCRATCH_DECISION * 8, "scratch: name");
BAILIFF_STATIC_ASSERT(SCRATCH_DECISION * 8 + sizeof(struct bailiff_decision) <= SCRATCH_NOW * 8,
                      "scratch: decision");
BAILIFF_STATIC_ASSERT(SCRATCH_SHA256 * 8 + BAILIFF_SHA256 <= SCRATCH_END * 8, "scratch: digest");
BAILIFF_STATIC_ASSERT(SCRATCH_END * 8 <= sizeof(((struct bailiff_task*)0)->scratch), "scratch");

static __always_inline struct bailiff_settle* scratch_settle(struct bailiff_task* row) {
    return (struct bailiff_settle*)&row->scratch[0];
}

static __always_inline struct bailiff_decision* scratch_decision(struct bailiff_task* row) {
    return (struct bailiff_decision*)&row->scratch[SCRATCH_DECISION];
}

#endif
