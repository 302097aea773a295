// Exec: which images a subject may start, and which images make a task a subject.
#ifndef BAILIFF_EXEC_H
#define BAILIFF_EXEC_H

#include "agent.h"
#include "command.h"

// Since 6.14 a caller can ask whether it might execute a file, to interpret it itself then: there
// is no exec that could wait.
static __always_inline int only_asks(struct linux_binprm* bprm) {
    const struct linux_binprm___6_14* asked = (const struct linux_binprm___6_14*)bprm;
    if (!bpf_core_field_exists(asked->is_check)) return 0;
    return BPF_CORE_READ_BITFIELD_PROBED(asked, is_check) != 0;
}

// Forgets which files were approved for another exec, or an earlier one.
static __always_inline void begin_approvals(struct bailiff_exec* exec) {
    if (exec->approved_for == exec->act) return;
    exec->approved_for = exec->act;
    exec->approvals = 0;
}

// Judges the command, before any effect. `count` is how many arguments the kernel has read. Whether
// the session stands at all is left to bprm_check.
static __noinline int judge_command(struct bailiff_task* row, struct dentry* dentry, u32 count,
                                    u32 vague) {
    struct judgement j = {
        .act = {.hook = BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC, .right = BAILIFF_RIGHT_ARGV}};
    j.row = row;
    j.dentry = dentry;
    if (subject_begin(&j) || is_probe(j.subject)) return 0;
    u64 flags = row->standing.flags;
    if (!(flags & (BAILIFF_POLICY_HAS_ARGV | BAILIFF_POLICY_HAS_HOLDS))) return 0;
    read_command(row, dentry, j.subject->policy);
    const struct bailiff_strings* judged = &row->exec.judged;
    if (judged->state == READ && count != (judged->count ? judged->count : 1))
        return refuse(&j, BAILIFF_REASON_ARGV_CHANGED);
    row->exec.act = identify_exec(row);
    begin_approvals(&row->exec);
    j.act.vague = vague || judged->state != READ;
    return flags & BAILIFF_POLICY_HAS_ARGV ? settle_command(&j) : 0;
}

// The file that somebody asks about: what waits as an exec would cannot wait here.
static __noinline int judge_question(struct bailiff_task* row, struct dentry* dentry) {
    struct judgement j = {
        .act = {.hook = BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC, .right = BAILIFF_RIGHT_EXEC}};
    j.row = row;
    j.dentry = dentry;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    j.act.vague = 1;
    return is_unlinked(dentry) ? judge_unnamed(&j) : judge_path(&j);
}

// The first hook of an exec, once for each: the file is open and nothing else is done.
// on failure: deny, subjects only
static __always_inline int on_creds_for_exec(struct linux_binprm* bprm) {
    struct bailiff_task* row = subject_row();
    if (!row) return 0;
    struct file* file = bprm->file;
    struct dentry* dentry = file->f_path.dentry;
    u32 asks = only_asks(bprm) != 0;
    row->exec.act = 0;
    int ret = judge_command(row, dentry, (u32)bprm->argc, asks);
    return ret || !asks ? ret : judge_question(row, dentry);
}

static __noinline int judge_image(struct bailiff_task* row, struct dentry* dentry) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_BPRM_CHECK, .right = BAILIFF_RIGHT_EXEC}};
    j.row = row;
    j.dentry = dentry;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    j.act.vague = !row->exec.act || row->exec.judged.state != READ;
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

static __noinline int judge_gain(struct bailiff_task* row, struct dentry* dentry, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_GAIN}};
    j.row = row;
    j.dentry = dentry;
    // Too late to wait, or nobody could say what was approved.
    j.act.vague =
        hook == BAILIFF_HOOK_SCHED_EXEC || !row->exec.act || row->exec.judged.state != READ;
    return settle_right(&j);
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
    struct file* file = bprm->file;
    return gains ? judge_gain(row, file->f_path.dentry, BAILIFF_HOOK_BPRM_CREDS_FROM_FILE) : 0;
}

// The last point before the first instruction of an image that gained capabilities.
static __always_inline void end_if_gained(struct bailiff_task* row, struct file* image) {
    struct task_struct* task = bpf_get_current_task_btf();
    if (!(permitted_of(task->cred) & ~row->permitted)) return;
    if (judge_gain(row, image->f_path.dentry, BAILIFF_HOOK_SCHED_EXEC)) bpf_send_signal(SIGKILL);
}

// Does the new image have the arguments that were judged? A script's interpreter has its own before
// them, and what stood in argv[0] is replaced. `count` is how many it has.
static __noinline int has_judged_argv(struct bailiff_task* row, u32 count) {
    const struct bailiff_strings* judged = &row->exec.judged;
    struct bailiff_strings* got = &row->exec.reading;
    struct argv_loop loop = {.row = row};
    u32 asked = judged->count ? judged->count : 1; // without any the kernel gives an empty one
    if (count < asked) return 0;
    read_from_image(got, count - asked + 1);
    bpf_loop(READ_IMAGE, next_piece, &loop, 0);
    if (got->state == UNREADABLE) return 0;
    if (count == asked && got->first != judged->first) return 0;
    // Of too many any word was taken to be among them.
    if (judged->state == READING) return 1;
    return got->state == READ && got->count == count && got->rest == judged->rest;
}

// Another thread, or a process with the same memory, changed the arguments between the kernel's
// reading and ours: what was judged is not what would run.
static __noinline int end_if_changed(struct bailiff_task* row, struct dentry* dentry, u32 count) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_SCHED_EXEC, .right = BAILIFF_RIGHT_ARGV}};
    if (!row->exec.act || row->exec.judged.state == UNREADABLE || has_judged_argv(row, count))
        return 0;
    j.row = row;
    j.dentry = dentry;
    if (begin_once(&j) || refuse(&j, BAILIFF_REASON_ARGV_CHANGED)) bpf_send_signal(SIGKILL);
    return 0;
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
    struct file* image = bprm->file;
    end_if_gained(row, image);
    end_if_changed(row, image->f_path.dentry, (u32)bprm->argc);
    row->exec.act = 0;
    begin_approvals(&row->exec);
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
