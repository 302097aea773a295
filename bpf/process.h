// Acts on other processes. Inside the subject all are free; what lies outside needs a right.
#ifndef BAILIFF_PROCESS_H
#define BAILIFF_PROCESS_H

#include "verdict_end.h"

// `j` has the act, and what it is besides its target.
// on failure: deny, subjects only
static __always_inline int judge_outside(struct judgement* j, struct task_struct* target) {
    j->row = subject_row();
    if (!j->row) return 0;
    if (same_subject(j->row, target)) return judge_session(j);
    j->act.number = (u32)target->tgid;
    return settle_right(j);
}

static __always_inline int judge_target(struct task_struct* target, u32 right, u32 hook, u8 quiet) {
    struct judgement j = {.act = {.hook = hook, .right = right, .quiet = quiet}};
    return judge_outside(&j, target);
}

// Signal 0 only asks whether the process is there.
static __always_inline int on_task_kill(struct task_struct* target, int signal) {
    if (!signal) return 0;
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_TASK_KILL, .right = BAILIFF_RIGHT_SIGNAL}};
    u64 since = target->start_boottime; // its pid may be another's later
    j.act.port = (u16)signal;
    __builtin_memcpy(j.act.address, &since, sizeof(since));
    return judge_outside(&j, target);
}

// Does an act of the task wait for an answer?
static __always_inline int is_held(struct task_struct* target) {
    const struct bailiff_task* other = bpf_task_storage_get(&tasks, target, 0, 0);
    return other && other->held.id && !other->held.approved;
}

// Who traces a process can change its code, also one of the same subject; and the act it waits for.
// on failure: deny, subjects only
static __always_inline int judge_tracing(struct task_struct* target, u32 hook, u8 quiet) {
    struct bailiff_task* row = subject_row();
    if (!row) return 0;
    if (is_held(target)) {
        struct judgement held = {.act = {.hook = hook, .right = BAILIFF_RIGHT_PTRACE}};
        held.row = row;
        held.act.number = (u32)target->tgid;
        u8 over = subject_begin(&held);
        return refuse(&held, over ? over : BAILIFF_REASON_TARGET_WAITS);
    }
    if (!same_subject(row, target)) return judge_target(target, BAILIFF_RIGHT_PTRACE, hook, quiet);
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_JIT, .quiet = quiet}};
    j.row = row;
    j.act.number = (u32)target->tgid;
    return settle_right(&j);
}

// Tracing, /proc/PID/mem, process_vm_readv(2), pidfd_getfd(2) and more.
static __always_inline int on_ptrace_access_check(struct task_struct* target, unsigned int mode) {
    u8 quiet = (mode & PTRACE_MODE_NOAUDIT) != 0;
    u32 hook = BAILIFF_HOOK_PTRACE_ACCESS_CHECK;
    return mode & PTRACE_MODE_ATTACH ? judge_tracing(target, hook, quiet)
                                     : judge_target(target, BAILIFF_RIGHT_PTRACE, hook, quiet);
}

// The current process's id in its own pid namespace.
static __always_inline int own_process(void) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct pid* pid = BPF_CORE_READ(task, group_leader, thread_pid);
    int number = 0;
    u64 at = (u64)pid + bpf_core_field_offset(struct pid, numbers) +
             (u64)BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);
    return bpf_probe_read_kernel(&number, sizeof(number), (const void*)at) ? 0 : number;
}

// What is done with a descriptor ends with the session. One that sends signals when data arrive:
// they pass no hook of the sender's. The owner of a terminal is made its foreground group, which
// may be anybody.
static __always_inline int on_file_fcntl(struct file* file, unsigned int command,
                                         unsigned long argument) {
    struct bailiff_task* row = subject_row();
    if (!row) return 0;
    if (!stands(row)) {
        int ret = judge_standing(BAILIFF_RIGHT_READ, BAILIFF_HOOK_FILE_FCNTL);
        if (ret) return ret;
    }
    if (command == F_SETFL) {
        struct inode* inode = file->f_inode;
        if (!(argument & O_ASYNC) || !inode || (inode->i_mode & S_IFMT) != S_IFCHR) return 0;
    } else if (command == F_SETOWN) {
        if ((int)argument == own_process()) return 0;
    } else if (command == F_SETSIG) {
        if (!argument) return 0;
    } else if (command == F_SETDELEG) {
        // Who links or renames, as bailiff-kernel does to keep a file, would wait for its owner.
        return judge_right(BAILIFF_RIGHT_IOCTL, BAILIFF_HOOK_FILE_FCNTL);
    } else if (command != F_SETOWN_EX) {
        return 0;
    }
    return judge_right(BAILIFF_RIGHT_SIGNAL, BAILIFF_HOOK_FILE_FCNTL);
}

#endif
