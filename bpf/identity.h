// What an act is, as one number: an answer is for the very act that was asked for.
#ifndef BAILIFF_IDENTITY_H
#define BAILIFF_IDENTITY_H

#include "event.h"
#include "own.h"

static __always_inline u64 two(u32 low, u32 high) {
    return low | (u64)high << 32;
}

#define PEER_WORDS 3
#define ACT_WORDS 14

// The keyed hash of the act's address.
static __always_inline u64 identify_peer(struct bailiff_task* row, const struct act* act) {
    u64* word = &row->scratch[SCRATCH_NAME];
    __builtin_memcpy(&word[0], act->address, sizeof(act->address));
    word[2] = two(act->port, act->protocol);
    return hash_kept(row, PEER_WORDS * 8);
}

// An entry of a folder and what it names, as four words.
static __always_inline void identify_entry(u64* word, const struct dentry* dentry, u64 name) {
    const struct inode* inode = BPF_CORE_READ(dentry, d_inode);
    const struct inode* folder = BPF_CORE_READ(dentry, d_parent, d_inode);
    word[0] = name ^ (inode ? BPF_CORE_READ(inode, i_generation) : 0);
    word[1] = BPF_CORE_READ(folder, i_ino);
    word[2] = two(BPF_CORE_READ(dentry, d_sb, s_dev), BPF_CORE_READ(folder, i_generation));
    word[3] = inode ? BPF_CORE_READ(inode, i_ino) : 0;
}

static __always_inline u64 name_of(struct bailiff_task* row, const struct dentry* dentry) {
    return dentry ? hash_name(row, (u64)BPF_CORE_READ(dentry, d_name.name)) : 0;
}

// The dentry of the other name of a rename or a link; 0 for other acts.
static __always_inline u64 other_end(const struct bailiff_task* row, const struct act* act) {
    int two_ends = act->hook == BAILIFF_HOOK_INODE_RENAME || act->hook == BAILIFF_HOOK_INODE_LINK;
    return two_ends ? row->scratch[SCRATCH_OTHER] : 0;
}

// Is it about a string too: a link's target, an attribute's name? The hook has noted its address.
static __always_inline int names_text(const struct act* act) {
    return act->hook == BAILIFF_HOOK_INODE_SYMLINK || act->hook == BAILIFF_HOOK_INODE_SETXATTR ||
           act->hook == BAILIFF_HOOK_INODE_REMOVEXATTR ||
           act->hook == BAILIFF_HOOK_INODE_REMOVE_ACL;
}

// Is it about the name that a rename or a link makes or replaces?
static __always_inline int is_new_end(const struct act* act) {
    return act->right == BAILIFF_RIGHT_CREATE || act->right == BAILIFF_RIGHT_DELETE;
}

// Is the file mapped as code by the exec under way?
static __always_inline int is_mapped_by_exec(const struct bailiff_task* row,
                                             const struct act* act) {
    return act->hook == BAILIFF_HOOK_MMAP_FILE && row->exec.act && is_starting();
}

// Is it about what a file holds now?
static __always_inline int is_of_content(const struct bailiff_task* row, const struct act* act) {
    return is_of_exec(row, act) || act->right == BAILIFF_RIGHT_LOAD ||
           (act->hook == BAILIFF_HOOK_SCHED_EXEC && row->exec.act);
}

// The keyed hash of a file and of all that tells of a write to it, with the exec it is part of; 0
// where nobody could tell of one. It is one for all that is judged of the file in the exec.
static __noinline u64 identify_image(struct bailiff_task* row, const struct act* act) {
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    u64 inode = dentry ? (u64)BPF_CORE_READ(dentry, d_inode) : 0;
    u64 at = content_inode(inode);
    struct bailiff_file_key key = {};
    u32 nanos = 0;
    if (!at || writers_of(at) > 0) return 0;
    file_key(&key, at);
    u64 opened = watch_openings(&key);
    if (!opened) return 0;
    u64* word = &row->scratch[SCRATCH_NAME];
    word[0] = two(row->subject, row->generation);
    word[1] = row->exec.act;
    word[2] = two(key.dev, key.generation);
    word[3] = key.ino;
    word[4] = (u64)change_time(at, &nanos);
    word[5] = two(nanos, BPF_CORE_READ(dentry, d_sb, s_dev));
    word[6] = size_of_file(at);
    word[7] = opened;
    word[8] = BPF_CORE_READ((const struct inode*)inode, i_ino);
    return hash_kept(row, 9 * sizeof(u64));
}

// The keyed hash of all that the act is; 0 where that cannot be told. Of a rename and a link it is
// one for all their rights, the old end first: a dentry of a name that is free may be another when
// the call is made again.
__noinline u64 identify_act(struct bailiff_task* row, const struct act* act) {
    if (!row || !act) return 0;
    u64* word = &row->scratch[SCRATCH_NAME];
    u64 one = act->dentry;
    u64 other = other_end(row, act);
    if (other && is_new_end(act)) {
        u64 swap = one;
        one = other;
        other = swap;
    }
    u64 name = name_of(row, (const struct dentry*)one);
    u64 other_name = name_of(row, (const struct dentry*)other);
    __builtin_memset(word, 0, ACT_WORDS * 8);
    word[0] = two(other ? 0 : act->right, act->hook);
    word[1] = two(row->subject, row->generation);
    word[2] = two(act->port, act->protocol);
    word[3] = two(act->family, act->number);
    __builtin_memcpy(&word[4], act->address, sizeof(act->address));
    if (one) identify_entry(&word[6], (const struct dentry*)one, name);
    if (other) identify_entry(&word[10], (const struct dentry*)other, other_name);
    return hash_kept(row, ACT_WORDS * 8);
}

// The time of change of content, whose fields have other names since 6.7 and 6.11.
static __always_inline u64 content_time(u64 inode) {
    const struct inode___6_11* now = (const struct inode___6_11*)inode;
    if (bpf_core_field_exists(now->i_mtime_sec))
        return (u64)BPF_CORE_READ(now, i_mtime_sec) * 1000000000ULL +
               BPF_CORE_READ(now, i_mtime_nsec);
    const struct inode___6_7* before = (const struct inode___6_7*)inode;
    if (bpf_core_field_exists(before->__i_mtime))
        return (u64)BPF_CORE_READ(before, __i_mtime.tv_sec) * 1000000000ULL +
               (u64)BPF_CORE_READ(before, __i_mtime.tv_nsec);
    const struct inode___6_1* first = (const struct inode___6_1*)inode;
    return (u64)BPF_CORE_READ(first, i_mtime.tv_sec) * 1000000000ULL +
           (u64)BPF_CORE_READ(first, i_mtime.tv_nsec);
}

#define KEPT_ANEW 4 // times that one act has its object kept anew, since it was written to

// A hard link changes the time of change of a file that is removed, and nothing else may.
static __always_inline u64 changed_at(u64 inode, u32 right) {
    u32 nanos = 0;
    if (right == BAILIFF_RIGHT_DELETE) return content_time(inode);
    u64 seconds = (u64)change_time(inode, &nanos);
    return seconds * 1000000000ULL + nanos;
}

static __always_inline u64 with_content(struct bailiff_task* row, const struct act* act, u64 inode,
                                        u64 what) {
    u64* word = &row->scratch[SCRATCH_NAME];
    word[0] = what;
    word[1] = act->right;
    word[2] = size_of_file(inode);
    word[3] = changed_at(inode, act->right);
    word[4] = (u64)(u32)writers_of(inode);
    return hash_kept(row, 5 * sizeof(u64));
}

// The act, whose hash is `what`, with what its object holds and who writes to it: what was kept is
// only good for that. Who writes all the time would keep it from being kept as it is; then it is
// kept as it was a moment ago. The act itself where another right of the same call was
// approved, for that is the whole call, or waits while the object is kept.
static __noinline u64 identify_kept(struct bailiff_task* row, const struct act* act, u64 what) {
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    u64 inode = dentry ? (u64)BPF_CORE_READ(dentry, d_inode) : 0;
    if (!inode || !what) return 0;
    struct bailiff_keeping* keeping = &row->keeping;
    if (keeping->act != what) {
        keeping->act = what;
        keeping->times = 0;
    }
    u64 now = keeping->times < KEPT_ANEW ? with_content(row, act, inode, what) : ~what;
    if (row->held.act != what) return now;
    return keeping->kept == now || row->held.approved == 1 ? what : now;
}

#endif
