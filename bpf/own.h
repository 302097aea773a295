// What a session made: that it may change and remove again without asking. Known by the inode that
// holds it, so through every name it gets. What is not known is somebody else's.
#ifndef BAILIFF_OWN_H
#define BAILIFF_OWN_H

#include "digest.h"

#define CHANGES                                                                            \
    (1u << BAILIFF_RIGHT_WRITE | 1u << BAILIFF_RIGHT_DELETE | 1u << BAILIFF_RIGHT_RENAME | \
     1u << BAILIFF_RIGHT_TRUNCATE | 1u << BAILIFF_RIGHT_METADATA)

// The inode's key in map "made". Not of one without a generation: its number can be another's
// later. `inode` is the address of a struct inode, or 0.
static __always_inline int made_key(struct bailiff_file_key* key, u64 inode) {
    u64 at = content_inode(inode);
    if (!at) return 0;
    file_key(key, at);
    return key->generation != 0;
}

// Does any rule of the task's policy hold or preserve? Else nobody needs to know who made what.
static __always_inline int tracks_made(const struct bailiff_task* row) {
    return (row->standing.flags & BAILIFF_POLICY_HAS_HOLDS) != 0;
}

// The subject made the inode at that address: it belongs to its session, if it has one.
__noinline int note_made(const struct bailiff_task* row, u64 inode) {
    struct bailiff_file_key key = {};
    if (!row || !tracks_made(row) || !made_key(&key, inode)) return 0;
    const struct bailiff_subject* subject = find_subject(row->subject);
    if (!subject || !subject->session) return 0;
    struct bailiff_made made = {.session = subject->session, .epoch = subject->session_epoch};
    bpf_map_update_elem(&made_by, &key, &made, BPF_ANY);
    return 0;
}

// The inode at that address loses a name, perhaps its last.
__noinline int forget_made(const struct bailiff_task* row, u64 inode) {
    struct bailiff_file_key key = {};
    if (!row || !tracks_made(row) || !inode) return 0;
    const struct inode* object = (const struct inode*)inode;
    u32 is_folder = (BPF_CORE_READ(object, i_mode) & S_IFMT) == S_IFDIR;
    if (!is_folder && BPF_CORE_READ(object, i_nlink) > 1) return 0;
    if (made_key(&key, inode)) bpf_map_delete_elem(&made_by, &key);
    return 0;
}

// Did the subject's session make what the act changes?
static __noinline int is_own(const struct bailiff_subject* subject, const struct act* act) {
    struct bailiff_file_key key = {};
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    if (!dentry || !subject->session || !(CHANGES >> (act->right & 31) & 1)) return 0;
    if (!made_key(&key, (u64)BPF_CORE_READ(dentry, d_inode))) return 0;
    const struct bailiff_made* made = bpf_map_lookup_elem(&made_by, &key);
    return made && made->session == subject->session && made->epoch == subject->session_epoch;
}

#endif
