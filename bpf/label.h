// Settling a path: from the object's dentry up to the root of its file system. No path string is
// built; ancestors are inodes, so bind mounts and renames of a parent lose no rule.
#ifndef BAILIFF_LABEL_H
#define BAILIFF_LABEL_H

#include "container.h"
#include "granted.h"
#include "verdict_end.h"

extern const void rename_lock __ksym; // fs/dcache.c: a seqlock, odd while a rename runs

// Odd, as if a rename ran, where it cannot be read.
static __always_inline u32 rename_sequence(void) {
    u32 sequence = 0;
    if (bpf_probe_read_kernel(&sequence, sizeof(sequence), &rename_lock)) return 1;
    return sequence;
}

// The address of a dentry's super block, as a number: a pointer loaded directly keeps a type that
// cannot be handed to a verified-once function.
static __always_inline u64 file_system(struct dentry* dentry) {
    return (u64)BPF_CORE_READ(dentry, d_sb);
}

// By the flags of a dentry. Below /proc/sys the comparison only tells namespaces apart.
static __always_inline int compares_names(u32 flags, u64 magic) {
    return (flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE)) != 0 && magic != PROC_SUPER_MAGIC;
}

// Does the file system compare names in its own way, such as without capitals (vfat, ext4 with
// casefold)?
static __always_inline int folds_case(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    if (bpf_core_field_exists(sb->s_encoding) && sb->s_encoding)
        return 1; // before its lookup is done the dentry itself does not tell
    return compares_names(dentry->d_flags, sb->s_magic);
}

#define NAME_SETTLED 1u // nothing is left to decide
#define NAME_MET 2u     // a rule spoke

// The rule for one name or suffix, if there is one. Returns NAME_*.
static __always_inline u32 settle_named(struct bailiff_task* row,
                                        const struct bailiff_object_key* key, u32 right) {
    const struct bailiff_object* o = bpf_map_lookup_elem(&objects, key);
    if (!o) return 0;
    return settle_label(row, o->label, right) ? NAME_SETTLED : NAME_MET;
}

// Rules for a file name or a suffix, wherever it lies. `name` is where the name lies. Returns
// NAME_*.
__noinline u32 settle_name(struct bailiff_task* row, const struct bailiff_subject* subject,
                           const struct bailiff_policy* policy, u64 name, u32 right) {
    if (!row || !subject || !policy) return 0;
    struct bailiff_object_key key = {.policy = (u8)subject->policy};
    u32 met = 0;
    if (policy->flags & BAILIFF_POLICY_HAS_NAMES) {
        key.kind = BAILIFF_OBJECT_NAME;
        key.name = hash_name(row, name);
        met = settle_named(row, &key, right);
    }
    if (!(met & NAME_SETTLED) && (policy->flags & BAILIFF_POLICY_HAS_SUFFIXES)) {
        key.kind = BAILIFF_OBJECT_SUFFIX;
        key.name = hash_suffix(row, name);
        met |= settle_named(row, &key, right);
    }
    return met;
}

static __always_inline int may_have_label(u64 ino, u32 dev) {
    struct bailiff_filter_place at = bailiff_filter_place(ino, dev);
    const u64* word = bpf_map_lookup_elem(&filter, &at.word);
    return !word || (*word & at.bits) == at.bits;
}

// Where a walk is, in plain numbers.
struct place {
    u64 ino;
    u64 child; // the dentry the walk came from, or 0 at the first
    u32 dev;
    u32 generation;
    u32 kind;  // BAILIFF_OBJECT_DIRECTORY or BAILIFF_OBJECT_INODE
    u32 level; // 0 for the object itself
};

// The label that `key` has for the subject's own session, where there is one.
static __always_inline u32 own_label(const struct bailiff_subject* subject,
                                     struct bailiff_object_key* key,
                                     const struct bailiff_object* o) {
    if (!(o->flags & BAILIFF_OBJECT_PER_SESSION)) return o->label;
    key->session = (u16)subject->session;
    const struct bailiff_object* own = bpf_map_lookup_elem(&objects, key);
    key->session = 0;
    return own ? own->label : o->label;
}

#define PLACE_OVER 0x100u // the walk is: all is settled, or there is a reason to refuse
#define PLACE_OWN 0x200u  // the object's own label, or one of a directory whose entries have some
#define PLACE_REASON(reason) ((reason) << 16) // with PLACE_OVER: it is refused

// Does this come to create what a rule may name under another spelling? `child` is a dentry.
__noinline int may_fold(u64 child, u32 right) {
    if (right != BAILIFF_RIGHT_CREATE) return 0;
    const struct dentry* entry = (const struct dentry*)child;
    const struct super_block* sb = BPF_CORE_READ(entry, d_sb);
    if (bpf_core_field_exists(sb->s_encoding) && BPF_CORE_READ(sb, s_encoding)) return 1;
    return compares_names(BPF_CORE_READ(entry, d_flags), BPF_CORE_READ(sb, s_magic));
}

// Applies the label of the place, after the rule for one name in it. The latter outlives the file:
// what is created there again under that name has it too. Returns PLACE_* and BAILIFF_OBJECT_*.
__noinline u32 settle_place(struct bailiff_task* row, const struct bailiff_subject* subject,
                            const struct place* place, u32 right) {
    if (!row || !subject || !place) return 0;
    struct bailiff_object_key key = {.ino = place->ino, .dev = place->dev};
    key.generation = place->generation;
    key.policy = (u8)subject->policy;
    key.kind = (u8)place->kind;
    const struct bailiff_object* o = bpf_map_lookup_elem(&objects, &key);
    if (!o) return 0;
    u32 flags = o->flags;
    u32 entries = flags & BAILIFF_OBJECT_HAS_ENTRIES;
    if (place->level == 0 || (place->level == 1 && entries)) flags |= PLACE_OWN;
    if (place->level == 1 && entries && may_fold(place->child, right))
        return PLACE_OVER | PLACE_REASON(BAILIFF_REASON_CASE_FOLDING);
    u32 label = own_label(subject, &key, o);
    if (place->child && entries) {
        const struct dentry* child = (const struct dentry*)place->child;
        key.kind = BAILIFF_OBJECT_ENTRY;
        key.name = hash_name(row, (u64)BPF_CORE_READ(child, d_name.name));
        o = bpf_map_lookup_elem(&objects, &key);
        if (o && settle_label(row, own_label(subject, &key, o), right)) return flags | PLACE_OVER;
    }
    if (place->level == 0 && (flags & BAILIFF_OBJECT_HAS_SELF)) {
        key.kind = BAILIFF_OBJECT_SELF;
        key.name = 0;
        o = bpf_map_lookup_elem(&objects, &key);
        if (o && settle_label(row, own_label(subject, &key, o), right)) return flags | PLACE_OVER;
    }
    return settle_label(row, label, right) ? flags | PLACE_OVER : flags;
}

// A walk under way. Its address is all that bpf_loop hands to an attempt and to a step. What one
// round leaves for the next to decide by lies in the row's scratch, see README.md on loops.
struct walk {
    struct judgement* j;
    struct dentry* dentry;
    struct place place;
    u32 renames; // rename_lock's sequence
    u8 named;    // rules for names or suffixes exist
    u8 own;      // a rule for this one object spoke, or might have
    u8 granted;  // remembered: nothing is left to decide
    u8 reason;   // why the walk could not settle, or 0
};

// One level. Returns 1 to end the walk. With as few branches as can be, for the verifier follows
// every way through it again and again: the others are settle_place's, which it reads once.
static long walk_step(u32 level, struct walk* w) {
    struct dentry* dentry = w->dentry;
    struct dentry* parent = dentry->d_parent;
    struct inode* inode = dentry->d_inode;
    u32 found = 0;
    if (inode && may_have_label(inode->i_ino, w->place.dev)) {
        w->place.ino = inode->i_ino;
        w->place.generation = inode->i_generation;
        w->place.level = level;
        found = settle_place(w->j->row, w->j->subject, &w->place, w->j->act.right);
    }
    // Of the directory of an object with a label of its own, nothing is to be remembered.
    w->own |= (found & PLACE_OWN) != 0;
    if (found & PLACE_OVER) {
        w->reason = (u8)(found >> 16);
        return 1;
    }
    if (parent == dentry) {
        w->reason = found & BAILIFF_OBJECT_ROOT ? 0 : BAILIFF_REASON_UNKNOWN_ROOT;
        return 1;
    }
    w->reason = BAILIFF_REASON_TOO_DEEP; // stands if this was the last step
    w->place.child = (u64)dentry;
    w->place.kind = BAILIFF_OBJECT_DIRECTORY;
    w->dentry = parent;
    return 0;
}

// Is the object's verdict that of its directory, and is that one remembered? `rights` are bits. One
// look at the renames is enough: what is remembered was found with this very sequence.
static __always_inline int granted_by_directory(struct bailiff_task* row, struct dentry* dentry,
                                                u32 rights, u32 renames) {
    struct dentry* directory = dentry->d_parent;
    struct inode* inode = dentry->d_inode;
    struct super_block* sb = dentry->d_sb;
    if (directory == dentry || (inode && may_have_label(inode->i_ino, sb->s_dev))) return 0;
    return is_granted(row, directory, rights, renames);
}

#define MAX_TRIES 16 // that a rename may spoil
// Also those that a rename under way does not let begin: some milliseconds, in case the processor
// that runs the rename was taken away by its hypervisor.
#define MAX_ATTEMPTS 100000

// Settles names, then the path from the object to its root. Leaves in `w->reason` why the path
// could not be settled. Returns 1 to end the attempts: no rename ran meanwhile, which would mix old
// and new ancestors.
static long attempt(u32 number, struct walk* w) {
    (void)number;
    struct judgement* j = w->j;
    u32 met = 0;
    w->renames = rename_sequence();
    w->reason = BAILIFF_REASON_RACED_RENAME;
    w->granted = 0;
    if (w->renames & 1) return 0;
    settle_begin(j->row, j->subject, j->policy, j->act.right);
    if (w->named)
        met = settle_name(j->row, j->subject, j->policy, name_address(j->dentry), j->act.right);
    w->own = met != 0;
    w->granted = w->named && !met &&
                 granted_by_directory(j->row, j->dentry, 1u << (j->act.right & 31), w->renames);
    if (!w->granted && !(met & NAME_SETTLED)) {
        struct inode* inode = j->dentry->d_inode;
        int plain = inode && (inode->i_mode & S_IFMT) != S_IFDIR;
        w->place.kind = plain ? BAILIFF_OBJECT_INODE : BAILIFF_OBJECT_DIRECTORY;
        w->place.child = 0;
        w->dentry = j->dentry;
        bpf_loop(BAILIFF_MAX_DEPTH, walk_step, w, 0);
    } else {
        w->reason = 0;
    }
    if (w->renames == rename_sequence()) return 1;
    w->reason = BAILIFF_REASON_RACED_RENAME;
    w->granted = 0;
    return ++j->row->scratch[SCRATCH_TRIES] >= MAX_TRIES;
}

// May labels that list contents come to speak on the walk?
static __always_inline void note_listed(struct judgement* j) {
    u32 right = j->act.right;
    u64 lists = (right == BAILIFF_RIGHT_EXEC || right == BAILIFF_RIGHT_LOAD) &&
                (j->policy->flags & BAILIFF_POLICY_HAS_CONTENTS);
    j->row->scratch[SCRATCH_LISTS] = lists;
    struct dentry* dentry = j->dentry;
    if (lists) note_content(j->row, (u64)BPF_CORE_READ(dentry, d_inode));
}

#define NAMED (BAILIFF_POLICY_HAS_NAMES | BAILIFF_POLICY_HAS_SUFFIXES)

// Judges one right on one dentry.
static __noinline int judge_path(struct judgement* j) {
    u32 named = j->policy->flags & NAMED;
    if (named && folds_case(j->dentry)) return refuse(j, BAILIFF_REASON_CASE_FOLDING);
    j->act.reason = 0; // of an earlier right of the same act
    note_listed(j);
    if (!named &&
        granted_by_directory(j->row, j->dentry, 1u << (j->act.right & 31), rename_sequence()))
        return 0;
    struct super_block* sb = j->dentry->d_sb;
    struct walk w = {.j = j, .dentry = j->dentry, .named = named != 0};
    j->row->scratch[SCRATCH_TRIES] = 0;
    w.place.dev = sb->s_dev;
    bpf_loop(MAX_ATTEMPTS, attempt, &w, 0);
    if (w.granted) return 0;
    // What a container mounted for itself has no labels: the defaults count.
    if (w.reason == BAILIFF_REASON_UNKNOWN_ROOT && mounted_in_container(file_system(j->dentry)))
        w.reason = 0;
    if (w.reason) return refuse(j, w.reason);
    if (!is_allowed(j)) return conclude(j);
    struct dentry* directory = j->dentry->d_parent;
    // Nor what depends on a content: the next file in the directory has another.
    if (j->row->scratch[SCRATCH_LISTS] == LISTS_SPOKE) return 0;
    if (!w.own && directory != j->dentry) remember_granted(j, directory, w.renames);
    return 0;
}

// The rights (bits) that go through without a judgement: the session stands, and the directory was
// found to grant them. Not where a file is more than its place says.
static __noinline int goes_through(struct bailiff_task* row, struct dentry* dentry, u32 rights) {
    struct super_block* sb = dentry->d_sb;
    struct inode* inode = dentry->d_inode;
    u32 type = inode ? inode->i_mode & S_IFMT : 0;
    if (!stands(row) || (row->standing.flags & NAMED) || sb->s_magic == PROC_SUPER_MAGIC) return 0;
    if (type == S_IFBLK || type == S_IFCHR) return 0;
    return granted_by_directory(row, dentry, rights, rename_sequence());
}

#endif
