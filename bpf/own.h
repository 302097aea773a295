// What a session made: that it may change and remove again without asking. Known by the inode that
// holds it, so through every name it gets. What is not known is somebody else's.
#ifndef BAILIFF_OWN_H
#define BAILIFF_OWN_H

#include "digest.h"

// A folder is moved with all that others put into it, so its renaming is no such change.
#define CHANGES                                                                            \
    (1u << BAILIFF_RIGHT_WRITE | 1u << BAILIFF_RIGHT_DELETE | 1u << BAILIFF_RIGHT_RENAME | \
     1u << BAILIFF_RIGHT_TRUNCATE | 1u << BAILIFF_RIGHT_METADATA)

static __always_inline int is_folder(u64 inode) {
    return (BPF_CORE_READ((const struct inode*)inode, i_mode) & S_IFMT) == S_IFDIR;
}

// Are an inode's device, number and generation its alone, for good? On btrfs each subvolume numbers
// its own, and a FUSE server as it likes.
static __always_inline int has_own_numbers(u64 magic) {
    return magic == EXT4_SUPER_MAGIC || magic == XFS_SUPER_MAGIC || magic == TMPFS_MAGIC;
}

// The inode's key in map "made_by"; `inode` is the address of a struct inode, or 0.
static __always_inline int made_key(struct bailiff_file_key* key, u64 inode) {
    u64 at = content_inode(inode);
    if (!at || !has_own_numbers(file_system_magic(at))) return 0;
    file_key(key, at);
    return key->generation != 0;
}

// Does any rule of the task's policy hold or preserve, or name a command? Else nobody needs to know
// who made what.
static __always_inline int tracks_made(const struct bailiff_task* row) {
    return (row->standing.flags & (BAILIFF_POLICY_HAS_HOLDS | BAILIFF_POLICY_HAS_ARGV)) != 0;
}

// The subject made the inode at that address: it belongs to its session, if it has one.
__noinline int note_made(const struct bailiff_task* row, u64 inode) {
    struct bailiff_file_key key = {};
    if (!row || !tracks_made(row) || !made_key(&key, inode)) return 0;
    const struct bailiff_subject* subject = find_subject(row->subject);
    if (!subject || !subject->session || subject->generation != row->generation) return 0;
    u32 session = subject->session;
    u32* count = bpf_map_lookup_elem(&made_count, &session);
    if (!count || *count >= BAILIFF_MAX_MADE_OF_SESSION) return 0;
    struct bailiff_made made = {.session = session, .epoch = subject->session_epoch};
    bpf_map_delete_elem(&made_by, &key);
    if (!bpf_map_update_elem(&made_by, &key, &made, BPF_NOEXIST)) __sync_fetch_and_add(count, 1);
    return 0;
}

// The inode at that address is nobody's own any more.
__noinline int disown(u64 inode) {
    struct bailiff_file_key key = {};
    if (!made_key(&key, inode)) return 0;
    const struct bailiff_made* made = bpf_map_lookup_elem(&made_by, &key);
    if (!made) return 0;
    u32 session = made->session;
    if (bpf_map_delete_elem(&made_by, &key)) return 0;
    u32* count = bpf_map_lookup_elem(&made_count, &session);
    if (count && *count) __sync_fetch_and_add(count, ~0u);
    return 0;
}

// A file loses a name, perhaps its last.
static __always_inline void note_removal(const struct bailiff_task* row, u64 inode) {
    if (!tracks_made(row) || !inode || is_folder(inode)) return;
    if (BPF_CORE_READ((const struct inode*)inode, i_nlink) <= 1) disown(inode);
}

// Did a session make the inode at that address?
static __noinline int is_made(u64 inode) {
    struct bailiff_file_key key = {};
    return made_key(&key, inode) && bpf_map_lookup_elem(&made_by, &key);
}

// Did the subject's session make what the act changes?
static __noinline int is_own(const struct bailiff_subject* subject, const struct act* act) {
    struct bailiff_file_key key = {};
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    if (!dentry || !subject->session || !(CHANGES >> (act->right & 31) & 1)) return 0;
    u64 inode = (u64)BPF_CORE_READ(dentry, d_inode);
    if (!inode || (act->right == BAILIFF_RIGHT_RENAME && is_folder(inode))) return 0;
    if (!made_key(&key, inode)) return 0;
    const struct bailiff_made* made = bpf_map_lookup_elem(&made_by, &key);
    return made && made->session == subject->session && made->epoch == subject->session_epoch;
}

#endif
