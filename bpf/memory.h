// Memory hooks: which pages may become code, and what may be mapped to be written.
#ifndef BAILIFF_MEMORY_H
#define BAILIFF_MEMORY_H

#include "special_files.h"

// `dentry` of what is mapped; NULL for memory of no file. `dirty`: the pages are, or can be made,
// other than the file's.
static __always_inline int judge_mapping(struct judgement* j, u32 protection, u32 shared,
                                         u32 dirty) {
    if (protection & PROT_EXEC) {
        if (!j->dentry || dirty) {
            int ret = settle_as(j, BAILIFF_RIGHT_JIT);
            if (ret || !j->dentry) return ret;
        }
        j->act.right = BAILIFF_RIGHT_LOAD;
        int ret = is_unlinked(j->dentry) ? judge_unnamed(j) : judge_path(j);
        if (ret) return ret;
    }
    if (!j->dentry || is_nameless(j->dentry)) return 0;
    if (judge_device(j)) return -EPERM;
    j->act.right = BAILIFF_RIGHT_READ;
    if (shared && (protection & PROT_WRITE)) {
        j->act.right = BAILIFF_RIGHT_WRITE;
        if (judge_special_write(j)) return -EPERM;
    }
    return judge_path(j);
}

// Is a hook's own pointer not NULL? The verifier of 6.12 takes it for valid, drops a plain test and
// lets the program read without a net, which ends in an oops. A number that went through a map is
// tested. Newer ones know that it can be NULL and ask for the plain test as well.
static __always_inline int is_there(struct bailiff_task* row, const void* pointer) {
    *(volatile u64*)&row->scratch[SCRATCH_POINTER] = (u64)pointer;
    return *(volatile u64*)&row->scratch[SCRATCH_POINTER] != 0;
}

// `file` is NULL for memory of no file.
// on failure: deny, subjects only
static __always_inline int on_mmap_file(struct file* file, unsigned long protection,
                                        unsigned long flags) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_MMAP_FILE, .right = BAILIFF_RIGHT_LOAD}};
    j.row = subject_row();
    if (!j.row) return 0;
    if (file && is_there(j.row, file)) j.dentry = file->f_path.dentry;
    if (j.dentry && inside_overlay(j.row, j.dentry)) return 0;
    j.row->scratch[SCRATCH_OPEN] = (u64)file;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    u32 shared = (flags & MAP_SHARED) != 0;
    u32 dirty = (protection & PROT_WRITE) && (protection & PROT_EXEC);
    return judge_mapping(&j, (u32)protection, shared, dirty);
}

// on failure: deny, subjects only
static __always_inline int on_file_mprotect(struct vm_area_struct* vma, unsigned long protection) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_MPROTECT, .right = BAILIFF_RIGHT_LOAD}};
    j.row = subject_row();
    if (!j.row) return 0;
    unsigned long flags = vma->vm_flags;
    u32 shared = (flags & VM_SHARED) != 0;
    u32 gained = (u32)protection;
    if ((flags & VM_EXEC) && !(protection & PROT_WRITE)) gained &= ~(u32)PROT_EXEC;
    if (!(gained & PROT_EXEC) && !(shared && (gained & PROT_WRITE))) return 0;
    struct file* file = vma->vm_file;
    if (file) j.dentry = file->f_path.dentry;
    j.row->scratch[SCRATCH_OPEN] = (u64)file;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    u32 dirty = (protection & PROT_WRITE) || (!shared && BPF_CORE_READ(vma, anon_vma));
    return judge_mapping(&j, gained, shared, dirty);
}

// With READ_IMPLIES_EXEC all memory that can be read is code, brk(2)'s too, which passes no hook.
// Nor does personality(2): the program runs before the call, and cannot refuse it. The process ends
// before its next instruction.
// on failure: ended, subjects only
static __always_inline int on_personality(unsigned long persona) {
    if ((u32)persona == ~0u || !(persona & READ_IMPLIES_EXEC)) return 0; // ~0 only asks for it
    if (judge_right(BAILIFF_RIGHT_JIT, BAILIFF_HOOK_PERSONALITY)) bpf_send_signal(SIGKILL);
    return 0;
}

// READ_IMPLIES_EXEC as the kernel applies it, for the hook that runs before it does.
static __always_inline unsigned long implied_exec(unsigned long protection) {
    struct task_struct* task = bpf_get_current_task_btf();
    if ((protection & PROT_READ) && (task->personality & READ_IMPLIES_EXEC))
        protection |= PROT_EXEC;
    return protection;
}

#endif
