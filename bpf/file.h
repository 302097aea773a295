// File hooks: every object is judged by its dentry. inode_* hooks and not path_*: the latter need
// CONFIG_SECURITY_PATH.
#ifndef BAILIFF_FILE_H
#define BAILIFF_FILE_H

#include "agent.h"
#include "network.h"
#include "special_files.h"

// on failure: deny, subjects only
static __always_inline int judge_dentry(struct dentry* dentry, u32 right, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = right}, .dentry = dentry};
    j.row = subject_row();
    if (!j.row || inside_overlay(j.row, dentry)) return 0;
    u8 reason = subject_begin(&j);
    if (!reason && sets_kernel(dentry)) reason = BAILIFF_REASON_KERNEL_SETTING;
    int ret = reason ? refuse(&j, reason) : judge_path(&j);
    if (!ret) note_overlay(j.row, dentry);
    return ret;
}

// Reading, writing or both of a file that is open, or about to be.
static __always_inline int judge_mode(struct judgement* j, unsigned int mode) {
    j->act.right = mode & FMODE_WRITE ? BAILIFF_RIGHT_WRITE : BAILIFF_RIGHT_READ;
    if ((mode & FMODE_WRITE) && sets_kernel(j->dentry))
        return refuse(j, BAILIFF_REASON_KERNEL_SETTING);
    int ret = judge_path(j);
    if (ret || !(mode & FMODE_WRITE) || !(mode & FMODE_READ)) return ret;
    j->act.right = BAILIFF_RIGHT_READ;
    return judge_path(j);
}

// on failure: deny, subjects only
static __always_inline int on_file_open(struct file* file) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_OPEN}, .dentry = file->f_path.dentry};
    j.row = task_row();
    if (!j.row || (!j.row->subject && !watched_open(j.row, j.dentry))) return 0;
    if (inside_overlay(j.row, j.dentry)) return 0;
    u8 reason = subject_begin(&j);
    unsigned int mode = file->f_mode;
    unsigned int flags = file->f_flags;
    int execute = (flags & FMODE_EXEC_FLAG) != 0;
    j.act.right = mode & FMODE_WRITE ? BAILIFF_RIGHT_WRITE : BAILIFF_RIGHT_READ;
    if (execute) j.act.right = BAILIFF_RIGHT_EXEC;
    if (reason) return refuse(&j, reason);
    // A probe's exec is left to bprm_check, or it would prove nothing about that hook.
    if (execute && (j.subject->flags & BAILIFF_SUBJECT_CANARY)) return 0;
    if (is_nameless(j.dentry)) return execute ? judge_unnamed(&j) : 0;
    if (is_special_device(j.dentry)) {
        int ret = judge_device(&j);
        if (ret) return ret;
    }
    int ret = execute ? judge_path(&j) : judge_mode(&j, mode);
    if (!ret) note_overlay(j.row, j.dentry);
    return ret;
}

static __always_inline int judge_first_use(struct judgement* j, struct file* file, u32 mode) {
    struct super_block* sb = j->dentry->d_sb;
    if (sb->s_magic == SOCKFS_MAGIC) return judge_socket_file(file, j->act.hook);
    return is_nameless(j->dentry) ? 0 : judge_mode(j, mode);
}

// A descriptor that was not opened here was inherited or received: its file is judged at its first
// use. 0, or the reason to deny.
static __always_inline int judge_use(struct judgement* j, struct file* file, u32 mode) {
    struct inode* object = file->f_inode;
    struct bailiff_seen* seen = &j->row->seen[object->i_ino & (BAILIFF_SEEN - 1)];
    struct bailiff_basis* basis = basis_of(j);
    u32 wanted = mode & FMODE_WRITE ? 1u << BAILIFF_RIGHT_WRITE : 0;
    if (mode & FMODE_READ) wanted |= 1u << BAILIFF_RIGHT_READ;
    if (seen->file == (u64)file && seen->inode == (u64)object && same_basis(&seen->basis, basis)) {
        if ((seen->rights & wanted) == wanted) return 0;
    } else {
        seen->file = (u64)file;
        seen->inode = (u64)object;
        seen->basis = *basis;
        seen->rights = 0;
    }
    j->row->scratch[SCRATCH_NOTED] = 0;
    int ret = judge_first_use(j, file, mode);
    if (!ret && !j->row->scratch[SCRATCH_NOTED]) seen->rights |= wanted;
    return ret;
}

// Every read(2) and write(2), also of what was opened before the session.
// on failure: deny, subjects only
static __always_inline int on_file_permission(struct file* file, int mask) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_PERMISSION},
                          .dentry = file->f_path.dentry};
    j.row = subject_row();
    if (!j.row || inside_overlay(j.row, j.dentry)) return 0;
    u8 reason = subject_begin(&j);
    u32 mode = mask & MAY_WRITE ? FMODE_WRITE : 0;
    if (mask & MAY_READ) mode |= FMODE_READ;
    j.act.right = mode & FMODE_WRITE ? BAILIFF_RIGHT_WRITE : BAILIFF_RIGHT_READ;
    if (reason) return refuse(&j, reason);
    int ret = mode ? judge_use(&j, file, mode) : 0;
    if (!ret) note_overlay(j.row, j.dentry);
    return ret;
}

// inotify(7) and fanotify(7) tell what others do with a file.
// on failure: deny, subjects only
static __always_inline int on_path_notify(const struct path* path) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_PATH_NOTIFY, .right = BAILIFF_RIGHT_READ},
                          .dentry = path->dentry};
    j.row = subject_row();
    if (!j.row) return 0;
    u8 reason = subject_begin(&j);
    return reason ? refuse(&j, reason) : judge_path(&j);
}

// A descriptor that came over a Unix socket, or was inherited over an exec that changed who may.
// on failure: deny, subjects only
static __always_inline int on_file_receive(struct file* file) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_RECEIVE},
                          .dentry = file->f_path.dentry};
    j.row = subject_row();
    if (!j.row || inside_overlay(j.row, j.dentry)) return 0;
    j.act.right = BAILIFF_RIGHT_READ;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    if (is_io_uring(j.dentry)) {
        j.act.right = BAILIFF_RIGHT_IO_URING;
        return settle_right(&j);
    }
    if (is_nameless(j.dentry)) return 0;
    return judge_mode(&j, file->f_mode);
}

// Both ends of a rename and of a link are programs of their own, which keeps each small for the
// verifier.

// Under the new name the file has the rules of the new place, so who moves it must have the right
// to read it where it was; a folder moves all that is in it.
// on failure: deny, subjects only
static __always_inline int on_rename_from(struct dentry* from) {
    int ret = judge_dentry(from, BAILIFF_RIGHT_RENAME, BAILIFF_HOOK_INODE_RENAME);
    return ret ? ret : judge_dentry(from, BAILIFF_RIGHT_READ, BAILIFF_HOOK_INODE_RENAME);
}

// Making the new name, and losing what it replaces.
// on failure: deny, subjects only
static __always_inline int on_rename_to(struct dentry* to) {
    int ret = judge_dentry(to, BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_RENAME);
    if (!ret && to->d_inode)
        ret = judge_dentry(to, BAILIFF_RIGHT_DELETE, BAILIFF_HOOK_INODE_RENAME);
    return ret;
}

// A second name gives every right that the new place has, so the source must grant the strongest.
// on failure: deny, subjects only
static __always_inline int on_link_from(struct dentry* from) {
    int ret = judge_dentry(from, BAILIFF_RIGHT_WRITE, BAILIFF_HOOK_INODE_LINK);
    return ret ? ret : judge_dentry(from, BAILIFF_RIGHT_READ, BAILIFF_HOOK_INODE_LINK);
}

// on failure: deny, subjects only
static __always_inline int on_inode_setattr(struct dentry* dentry, const struct iattr* attr) {
    unsigned int valid = attr->ia_valid;
    if (valid & ATTR_SIZE)
        return judge_dentry(dentry, BAILIFF_RIGHT_TRUNCATE, BAILIFF_HOOK_INODE_SETATTR);
    if (valid & ATTR_FORCE)
        return 0; // the kernel itself drops set-uid bits of a file that was written
    return judge_dentry(dentry, BAILIFF_RIGHT_METADATA, BAILIFF_HOOK_INODE_SETATTR);
}

#endif
