// What was let through once and is not asked for again: a descriptor in its use, and the files of
// an exec that was approved.
#ifndef BAILIFF_PASSED_H
#define BAILIFF_PASSED_H

#include "identity.h"

// How an opening was answered: that its file is kept is no approval of what else it does.
#define APPROVED 1
#define ONLY_KEPT 2

// Remembers a descriptor that was approved: a struct file or sock, and what it is open to.
static __always_inline void note_passed(struct bailiff_task* row, u64 open, u64 what) {
    struct bailiff_passed* passed = &row->passed[what & (BAILIFF_PASSED - 1)];
    passed->open = open;
    passed->what = what;
}

static __always_inline int is_noted(const struct bailiff_task* row, u64 open, u64 what) {
    const struct bailiff_passed* passed = &row->passed[what & (BAILIFF_PASSED - 1)];
    return passed->open == open && passed->what == what;
}

// What note_passed() is told of a file that is open to write: its inode, so that no two of a folder
// have one place, and the answer to its opening, APPROVED or ONLY_KEPT.
static __always_inline u64 opened_mark(u64 inode, u64 answer) {
    return ((inode ^ inode >> 12) & ~3ULL) | answer;
}

// Is it the use of a descriptor whose opening or connecting was approved? To make a connection asks
// each time.
static __always_inline int is_passed(struct bailiff_task* row, const struct act* act) {
    u64 open = row->scratch[SCRATCH_OPEN];
    if (!open) return 0;
    if (act->right == BAILIFF_RIGHT_CONNECT)
        return act->hook != BAILIFF_HOOK_SOCKET_CONNECT &&
               is_noted(row, open, identify_peer(row, act));
    if (act->right != BAILIFF_RIGHT_WRITE) return 0;
    if (act->hook != BAILIFF_HOOK_FILE_PERMISSION && act->hook != BAILIFF_HOOK_MMAP_FILE &&
        act->hook != BAILIFF_HOOK_FILE_MPROTECT)
        return 0;
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    if (!dentry) return 0;
    u64 inode = (u64)BPF_CORE_READ(dentry, d_inode);
    if (is_noted(row, open, opened_mark(inode, APPROVED))) return 1;
    return scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE &&
           is_noted(row, open, opened_mark(inode, ONLY_KEPT));
}

// Was the file, as it is, approved for the exec under way? It was asked for once, with the
// arguments; that is its mapping as well, and what is found out only when nothing can wait any
// more.
static __noinline int is_approved_file(const struct bailiff_task* row, u64 what) {
    const struct bailiff_exec* exec = &row->exec;
    if (!what || exec->approved_for != exec->act || bpf_ktime_get_boot_ns() >= exec->until)
        return 0;
    for (u32 i = 0; i < BAILIFF_EXEC_FILES; i++)
        if (i < exec->approvals && exec->approved[i] == what) return 1;
    return 0;
}

static __always_inline void note_approved_file(struct bailiff_task* row, u64 what, u64 until) {
    struct bailiff_exec* exec = &row->exec;
    exec->approved[exec->approvals++ & (BAILIFF_EXEC_FILES - 1)] = what;
    exec->until = until;
}

#endif
