// File hooks: every object is judged by its dentry. inode_* hooks and not path_*: the latter need
// CONFIG_SECURITY_PATH.
#ifndef BAILIFF_FILE_H
#define BAILIFF_FILE_H

#include "agent.h"

// on failure: deny, subjects only
static __always_inline int judge_dentry(struct dentry* dentry, u32 right, u32 hook) {
    struct judgement j = {.hook = hook, .right = right, .dentry = dentry};
    j.row = subject_row();
    if (!j.row || inside_overlay(j.row, dentry)) return 0;
    note_overlay(j.row, dentry);
    u8 reason = subject_begin(&j);
    return reason ? refuse(&j, reason) : judge_path(&j);
}

// on failure: deny, subjects only
static __always_inline int on_file_open(struct file* file) {
    struct judgement j = {.hook = BAILIFF_HOOK_FILE_OPEN, .dentry = file->f_path.dentry};
    j.row = task_row();
    if (!j.row || (!j.row->subject && !watched_open(j.row, j.dentry))) return 0;
    if (inside_overlay(j.row, j.dentry)) return 0;
    note_overlay(j.row, j.dentry);
    u8 reason = subject_begin(&j);
    unsigned int mode = file->f_mode;
    unsigned int flags = file->f_flags;
    struct super_block* sb = j.dentry->d_sb;
    // A pipe or socket of this very session, opened again through /proc: it has no name to judge.
    if (!reason && (sb->s_magic == PIPEFS_MAGIC || sb->s_magic == SOCKFS_MAGIC)) return 0;
    j.right = BAILIFF_RIGHT_READ;
    if (mode & FMODE_WRITE) j.right = BAILIFF_RIGHT_WRITE;
    if (flags & FMODE_EXEC_FLAG) j.right = BAILIFF_RIGHT_EXEC;
    if (reason) return refuse(&j, reason);
    int ret = judge_path(&j);
    if (ret || j.right != BAILIFF_RIGHT_WRITE || !(mode & FMODE_READ)) return ret;
    j.right = BAILIFF_RIGHT_READ;
    return judge_path(&j);
}

// Both ends: taking the source's name away, making the new one, and losing what it replaces.
// on failure: deny, subjects only
static __always_inline int on_inode_rename(struct dentry* from, struct dentry* to) {
    int ret = judge_dentry(from, BAILIFF_RIGHT_RENAME, BAILIFF_HOOK_INODE_RENAME);
    if (!ret) ret = judge_dentry(to, BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_RENAME);
    if (!ret && to->d_inode)
        ret = judge_dentry(to, BAILIFF_RIGHT_DELETE, BAILIFF_HOOK_INODE_RENAME);
    return ret;
}

// A second name gives every right that the new place has, so the source must grant the strongest.
// on failure: deny, subjects only
static __always_inline int on_inode_link(struct dentry* from, struct dentry* to) {
    int ret = judge_dentry(from, BAILIFF_RIGHT_WRITE, BAILIFF_HOOK_INODE_LINK);
    if (!ret) ret = judge_dentry(from, BAILIFF_RIGHT_READ, BAILIFF_HOOK_INODE_LINK);
    if (!ret) ret = judge_dentry(to, BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_LINK);
    return ret;
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
