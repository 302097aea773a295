// Rules that are for listed contents of a file alone. bailiff-kernel reads files and writes what it
// found to map "digests"; here its row is only believed while nothing tells of a later write:
//   the file's time of change and its size are those of the row. They tell of each write,
//   truncation
//     and change of owner or mode; a time that was set back does not help, for it is no time that
//     anybody can set.
//   nobody opened it to be written since. That also tells of what leaves the time alone: stores
//     into a mapping on tmpfs, the ioctl that swaps the extents of two files, a clock set back.
//   nobody has it open to be written now.
// Whoever did it: what tells of a write looks at every task.
#ifndef BAILIFF_DIGEST_H
#define BAILIFF_DIGEST_H

#include "subject.h"

static __always_inline u64 file_system_magic(u64 inode) {
    return BPF_CORE_READ((const struct inode*)inode, i_sb, s_magic);
}

// The inode on a layer below that holds the content of a file on overlayfs. A file with an upper
// and a lower one has none: who opened it before it was copied up still maps the lower one.
static __always_inline u64 inode_below(u64 inode) {
    if (!bpf_core_type_exists(struct ovl_inode)) return 0; // as in note_overlay()
    u64 at = inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);
    const struct ovl_inode* overlay = (const struct ovl_inode*)at;
    u64 upper = (u64)BPF_CORE_READ(overlay, __upperdentry);
    u64 lower = 0;
    if (bpf_core_field_exists(overlay->oe)) {
        u32 layers = BPF_CORE_READ(overlay, oe, __numlower);
        if (layers > 1) return 0;
        if (layers) lower = (u64)BPF_CORE_READ(overlay, oe, __lowerstack[0].dentry);
    } else {
        const struct ovl_inode___6_1* old = (const struct ovl_inode___6_1*)at;
        if (BPF_CORE_READ(old, lowerdata)) return 0;
        lower = (u64)BPF_CORE_READ(old, lowerpath.dentry);
    }
    if ((upper != 0) == (lower != 0)) return 0;
    const struct dentry* below = (const struct dentry*)(upper ? upper : lower);
    return (u64)BPF_CORE_READ(below, d_inode);
}

// The address of the inode that holds the file's content; 0 where no one inode does. `inode` is the
// address of a struct inode, or 0.
__noinline u64 content_inode(u64 inode) {
    if (!inode || file_system_magic(inode) != OVERLAYFS_SUPER_MAGIC) return inode;
    u64 below = inode_below(inode);
    return below && file_system_magic(below) != OVERLAYFS_SUPER_MAGIC ? below : 0;
}

static __always_inline void file_key(struct bailiff_file_key* key, u64 at) {
    const struct inode* inode = (const struct inode*)at;
    key->ino = BPF_CORE_READ(inode, i_ino);
    key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
    key->generation = BPF_CORE_READ(inode, i_generation);
}

static __always_inline __s64 change_time(u64 inode, u32* nanos) {
    const struct inode___6_11* now = (const struct inode___6_11*)inode;
    if (bpf_core_field_exists(now->i_ctime_sec)) {
        *nanos = BPF_CORE_READ(now, i_ctime_nsec) & ~CTIME_QUERIED;
        return BPF_CORE_READ(now, i_ctime_sec);
    }
    const struct inode___6_6* before = (const struct inode___6_6*)inode;
    if (bpf_core_field_exists(before->__i_ctime)) {
        *nanos = (u32)BPF_CORE_READ(before, __i_ctime.tv_nsec);
        return BPF_CORE_READ(before, __i_ctime.tv_sec);
    }
    const struct inode___6_1* first = (const struct inode___6_1*)inode;
    *nanos = (u32)BPF_CORE_READ(first, i_ctime.tv_nsec);
    return BPF_CORE_READ(first, i_ctime.tv_sec);
}

static __always_inline __s32 writers_of(u64 inode) {
    return BPF_CORE_READ((const struct inode*)inode, i_writecount.counter);
}

static __always_inline u64 size_of_file(u64 inode) {
    return (u64)BPF_CORE_READ((const struct inode*)inode, i_size);
}

// What tells from now on of openings of that file to write to it, 1 above their count; 0 where
// there is no room. `key` is on the stack.
static __always_inline u64 watch_openings(const struct bailiff_file_key* key) {
    u64 none = 0;
    u32 zero = 0;
    bpf_map_update_elem(&openings, key, &none, BPF_NOEXIST);
    u32* any = bpf_map_lookup_elem(&counting, &zero);
    if (any) *any = 1;
    const u64* times = bpf_map_lookup_elem(&openings, key);
    return times && any ? *times + 1 : 0;
}

// `inode` is the address of a struct inode.
__noinline int count_opening(u64 inode) {
    struct bailiff_file_key key = {};
    file_key(&key, inode);
    u64* times = bpf_map_lookup_elem(&openings, &key);
    if (times) __sync_fetch_and_add(times, 1);
    return 0;
}

// Anybody opens a file to write to it: what is known of its content counts no more.
static __always_inline void note_writer(const struct file* file) {
    if (!(file->f_mode & FMODE_WRITE)) return;
    u32 zero = 0;
    const u32* any = bpf_map_lookup_elem(&counting, &zero);
    if (!any || *any) count_opening((u64)BPF_CORE_READ(file, f_inode));
}

// Is what is known of the content of the inode at that address still true? 0 and its digest in the
// row's scratch, or the reason to deny.
static __always_inline u8 known_content(struct bailiff_task* row, u64 inode) {
    struct bailiff_file_key key = {};
    if (!inode) return BAILIFF_REASON_NOT_HASHED;
    file_key(&key, inode);
    const struct bailiff_digest* digest = bpf_map_lookup_elem(&digests, &key);
    if (!digest) return BAILIFF_REASON_NOT_HASHED;
    const u64* times = bpf_map_lookup_elem(&openings, &key);
    u32 nanos = 0;
    __s64 seconds = change_time(inode, &nanos);
    if (!times || *times != digest->openings || writers_of(inode) > 0 || seconds != digest->ctime ||
        nanos != digest->ctime_nanos || size_of_file(inode) != digest->size)
        return BAILIFF_REASON_CHANGED;
    __builtin_memcpy(&row->scratch[SCRATCH_SHA256], digest->sha256, BAILIFF_SHA256);
    return 0;
}

// Before a walk, whose labels may list contents: what is known of the object's. `inode` is the
// address of its struct inode, or 0.
__noinline int note_content(struct bailiff_task* row, u64 inode) {
    if (row) row->scratch[SCRATCH_UNKNOWN] = known_content(row, content_inode(inode));
    return 0;
}

static __always_inline const struct bailiff_mask* listing(const struct bailiff_listed* says,
                                                          u32 right) {
    return right == BAILIFF_RIGHT_LOAD ? &says->load : &says->exec;
}

// Before a label is applied: the undecided profiles whose rule there is for listed contents alone,
// and the content is not shown to be one of them, say deny. Returns 1 when nothing is left to
// decide.
static __noinline int settle_content(struct bailiff_task* row, u32 label, u32 right) {
    struct bailiff_listed_key key = {.label = label};
    const struct bailiff_listed* says = bpf_map_lookup_elem(&listed, &key);
    if (!says) return 0;
    struct bailiff_settle* s = scratch_settle(row);
    // In the row: a chain of calls has little stack. The name that lies there is hashed already.
    struct bailiff_mask* unmet = (struct bailiff_mask*)&row->scratch[SCRATCH_NAME];
    const struct bailiff_mask* lists = listing(says, right);
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++)
        unmet->word[i] = lists->word[i] & s->undecided.word[i];
    if (!bailiff_mask_any(unmet)) return 0;
    row->scratch[SCRATCH_LISTS] = LISTS_SPOKE;
    u8 reason = (u8)row->scratch[SCRATCH_UNKNOWN];
    if (!reason) {
        reason = BAILIFF_REASON_CONTENT;
        __builtin_memcpy(key.sha256, &row->scratch[SCRATCH_SHA256], sizeof(key.sha256));
        says = bpf_map_lookup_elem(&listed, &key);
        if (says) {
            lists = listing(says, right);
            for (int i = 0; i < BAILIFF_MASK_WORDS; i++) unmet->word[i] &= ~lists->word[i];
        }
        if (!bailiff_mask_any(unmet)) return 0;
    }
    return bailiff_settle_denies(s, unmet, label, reason);
}

#endif
