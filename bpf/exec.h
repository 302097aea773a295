// Exec: which images a subject may start, and which images make a task a subject.
#ifndef BAILIFF_EXEC_H
#define BAILIFF_EXEC_H

#include "agent.h"
#include "special_files.h"

static __noinline int judge_image(struct bailiff_task* row, struct dentry* dentry) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_BPRM_CHECK, .right = BAILIFF_RIGHT_EXEC}};
    j.row = row;
    j.dentry = dentry;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    return is_unlinked(dentry) ? judge_unnamed(&j) : judge_path(&j);
}

// Called for the file itself and, for a script, for each interpreter. Becoming an agent and being
// judged are functions of their own: together they would need more stack than there is.
// on failure: deny, subjects and agents only
static __always_inline int on_bprm_check(struct linux_binprm* bprm) {
    struct file* file = bprm->file;
    struct dentry* dentry = file->f_path.dentry;
    struct bailiff_task* row = subject_row();
    if (!row) {
        int ret = adopt_at_exec(dentry);
        if (ret) return ret;
        row = subject_row();
    }
    return row ? judge_image(row, dentry) : 0;
}

static __always_inline u64 permitted_of(const struct cred* cred) {
    u64 permitted = 0;
    bpf_probe_read_kernel(&permitted, sizeof(permitted), &cred->cap_permitted);
    return permitted;
}

// The new image's credentials, before they are in force. The lsm/ program sees what a set-uid bit
// and file capabilities give; the fmod_ret one runs too early for the latter, see on_sched_exec.
// on failure: deny, subjects only
static __always_inline int on_creds_from_file(struct linux_binprm* bprm) {
    struct bailiff_task* row = subject_row();
    if (!row) return 0;
    struct task_struct* task = bpf_get_current_task_btf();
    const struct cred* before = task->cred;
    const struct cred* after = bprm->cred;
    row->permitted = permitted_of(before);
    int gains = before->euid.val != after->euid.val || before->egid.val != after->egid.val ||
                (permitted_of(after) & ~row->permitted) != 0;
    return gains ? judge_right(BAILIFF_RIGHT_GAIN, BAILIFF_HOOK_BPRM_CREDS_FROM_FILE) : 0;
}

// The last point before the first instruction of an image that gained capabilities.
static __always_inline void end_if_gained(struct bailiff_task* row) {
    struct task_struct* task = bpf_get_current_task_btf();
    if (!(permitted_of(task->cred) & ~row->permitted)) return;
    if (judge_right(BAILIFF_RIGHT_GAIN, BAILIFF_HOOK_SCHED_EXEC)) bpf_send_signal(SIGKILL);
}

// The record of what a process is from here on: its file and the arguments it really got.
static __always_inline int on_sched_exec(struct linux_binprm* bprm) {
    struct bailiff_task* row = task_row();
    if (!row) return 0;
    if (!row->subject) {
        struct file* image = bprm->file;
        forget_unless_interpreter(row, image->f_path.dentry);
        return 0;
    }
    end_if_gained(row);
    const struct bailiff_subject* subject = find_subject(row->subject);
    if (subject && (subject->flags & BAILIFF_SUBJECT_CANARY)) return 0;
    struct bailiff_event* e = event_reserve();
    if (!e) return 0;
    event_who(e, row, subject);
    e->kind = BAILIFF_EVENT_EXEC;
    e->hook = BAILIFF_HOOK_SCHED_EXEC;
    struct task_struct* task = bpf_get_current_task_btf();
    struct mm_struct* mm = task->mm;
    long n = bpf_probe_read_kernel_str(e->text, BAILIFF_NAME_MAX, bprm->filename);
    u32 used = n > 0 ? (u32)n & (2 * BAILIFF_NAME_MAX - 1) : 0;
    if (used > BAILIFF_NAME_MAX) used = BAILIFF_NAME_MAX;
    unsigned long start = mm->arg_start;
    u64 length = mm->arg_end - start;
    if (length > BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX - 1) {
        length = BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX - 1;
        e->flags |= BAILIFF_EVENT_TRUNCATED;
    }
    length &= BAILIFF_EVENT_TEXT - 1; // for the verifier of 6.1
    if (length > BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX - 1) length = 0;
    if (bpf_probe_read_user(&e->text[used], (u32)length, (const void*)start)) length = 0;
    e->text_length = used + (u32)length;
    bpf_ringbuf_submit(e, 0);
    return 0;
}

#endif
