// Verdicts that are remembered in the task's row, and what they rest on: below which directories a
// right is granted, and which descriptors may be used. Only plain allows are remembered.
#ifndef BAILIFF_GRANTED_H
#define BAILIFF_GRANTED_H

#include "subject.h"

static __always_inline int same_basis(const struct bailiff_basis* a,
                                      const struct bailiff_basis* b) {
    return a->subject == b->subject && a->epoch == b->epoch && a->changes == b->changes;
}

// A remembered directory counts for this long: less than it takes to rename something so often that
// the kernel's count of renames comes round.
#define GRANTED_TIME 1000000000ULL // nanoseconds

// The entry that is, or would be, the directory's.
static __always_inline struct bailiff_granted* granted_entry(struct bailiff_task* row,
                                                             const struct inode* inode) {
    return &row->granted[inode->i_ino & (BAILIFF_GRANTED - 1)];
}

// Is it the directory's, and does what it rests on still stand?
static __always_inline int counts(const struct bailiff_granted* entry,
                                  const struct bailiff_task* row, const struct dentry* directory,
                                  const struct inode* inode, u32 renames) {
    const struct super_block* sb = directory->d_sb;
    return entry->directory == (u64)directory && entry->ino == inode->i_ino &&
           entry->generation == inode->i_generation && entry->dev == sb->s_dev &&
           entry->renames == renames && same_basis(&entry->basis, &row->standing.basis) &&
           row->scratch[SCRATCH_NOW] - entry->time < GRANTED_TIME;
}

// Are all of `rights` (bits) granted to all below the directory that has no label of its own?
// `renames` is rename_lock's sequence. What is remembered never has an odd one.
static __noinline int is_granted(struct bailiff_task* row, const struct dentry* directory,
                                 u32 rights, u32 renames) {
    const struct inode* inode = directory->d_inode;
    if (!inode) return 0;
    const struct bailiff_granted* entry = granted_entry(row, inode);
    return (entry->rights & rights) == rights && counts(entry, row, directory, inode, renames);
}

static __noinline int remember_granted(const struct judgement* j, const struct dentry* directory,
                                       u32 renames) {
    struct bailiff_task* row = j->row;
    const struct inode* inode = directory->d_inode;
    // Without a generation, as on overlayfs, a directory could be taken for one that is gone.
    if (!inode || !inode->i_generation) return 0;
    struct bailiff_granted* entry = granted_entry(row, inode);
    if (!counts(entry, row, directory, inode, renames)) {
        const struct super_block* sb = directory->d_sb;
        entry->directory = (u64)directory;
        entry->ino = inode->i_ino;
        entry->generation = inode->i_generation;
        entry->dev = sb->s_dev;
        entry->renames = renames;
        entry->basis = row->standing.basis;
        entry->time = row->scratch[SCRATCH_NOW];
        entry->rights = 0;
    }
    entry->rights |= 1u << (j->act.right & 31);
    return 0;
}

// The right that is asked first of a file that is open in this mode.
static __always_inline u32 right_of(unsigned int mode) {
    return mode & FMODE_WRITE ? BAILIFF_RIGHT_WRITE : BAILIFF_RIGHT_READ;
}

// What a file that is open in this mode is for, as judge_mode() asks.
static __always_inline u32 rights_of(unsigned int mode) {
    if (!(mode & FMODE_WRITE)) return 1u << BAILIFF_RIGHT_READ;
    return 1u << BAILIFF_RIGHT_WRITE | (mode & FMODE_READ ? 1u << BAILIFF_RIGHT_READ : 0);
}

// The task's memory of a descriptor, or where it would be.
static __always_inline struct bailiff_seen* seen_entry(struct bailiff_task* row,
                                                       const struct inode* object) {
    return &row->seen[object->i_ino & (BAILIFF_SEEN - 1)];
}

static __always_inline int sees(const struct bailiff_seen* seen, const struct bailiff_task* row,
                                const struct file* file, const struct inode* object) {
    return seen->file == (u64)file && seen->inode == (u64)object &&
           same_basis(&seen->basis, &row->standing.basis);
}

// Was the task found to have these rights (bits) to the file, and does what that rests on stand?
static __noinline int is_seen(struct bailiff_task* row, const struct file* file, u32 rights) {
    const struct inode* object = file->f_inode;
    const struct bailiff_seen* seen = seen_entry(row, object);
    return (seen->rights & rights) == rights && sees(seen, row, file, object);
}

static __noinline int remember_seen(struct bailiff_task* row, const struct file* file, u32 rights) {
    const struct inode* object = file->f_inode;
    struct bailiff_seen* seen = seen_entry(row, object);
    if (!sees(seen, row, file, object)) {
        seen->file = (u64)file;
        seen->inode = (u64)object;
        seen->basis = row->standing.basis;
        seen->rights = 0;
    }
    seen->rights |= rights;
    return 0;
}

#endif
