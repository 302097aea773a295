// Settling a path: from the object's dentry up to the root of its file system. No path string is
// built; ancestors are inodes, so bind mounts and renames of a parent lose no rule.
#ifndef BAILIFF_LABEL_H
#define BAILIFF_LABEL_H

#include "granted.h"
#include "verdict_end.h"

extern const void rename_lock __ksym; // fs/dcache.c: a seqlock, odd while a rename runs

// Odd, as if a rename ran, where it cannot be read.
static __always_inline u32 rename_sequence(void) {
    u32 sequence = 0;
    if (bpf_probe_read_kernel(&sequence, sizeof(sequence), &rename_lock)) return 1;
    return sequence;
}

// Moves the suffix (the last dot and what follows, at most 15 bytes) to the front of the name
// buffer. Returns its length; 0 where there is none. A leading dot starts a hidden name.
static __always_inline u32 keep_suffix(struct bailiff_task* row, u32 length) {
    const char* name = (const char*)&row->scratch[SCRATCH_NAME];
    u64 kept[2] = {0, 0};
    char* out = (char*)kept;
    u32 dot = 0;
    for (u32 back = 1; back < 16; back++) {
        u32 at = (length - back) & (BAILIFF_NAME_MAX - 1);
        if (back >= length) return 0;
        if (name[at] == '.') {
            dot = at;
            break;
        }
    }
    if (!dot) return 0;
    u32 kept_length = length - dot;
    for (u32 i = 0; i < 15; i++)
        if (i < kept_length) out[i] = name[(dot + i) & (BAILIFF_NAME_MAX - 1)];
    row->scratch[SCRATCH_NAME] = kept[0];
    row->scratch[SCRATCH_NAME + 1] = kept[1];
    return kept_length;
}

// Cuts the name at its first dot. Returns the length of what is left. No branch depends on a
// character, or the verifier would follow each place where the dot can be.
static __always_inline u32 keep_stem(struct bailiff_task* row) {
    char* name = (char*)&row->scratch[SCRATCH_NAME];
    u32 cut = 0;
    u32 kept = 0;
    for (u32 i = 0; i < BAILIFF_NAME_MAX; i++) {
        u32 c = (unsigned char)name[i];
        u32 differs = c ^ '.';
        asm volatile("" : "+r"(differs));
        cut |= ((differs - 1) | (c - 1)) >> 31; // the dot, or the end
        asm volatile("" : "+r"(cut));
        name[i] = (char)(c & (cut - 1));
        kept += cut ^ 1;
    }
    return kept;
}

#define NAME_WHOLE 0
#define NAME_SUFFIX 1
#define NAME_STEM 2

// The keyed hash of the name at kernel address `from`, or of the part of it that is asked for; 0
// where there is none.
__noinline u64 hash_name(struct bailiff_task* row, u64 from, u32 part) {
    u32 zero = 0;
    const struct bailiff_config* c = bpf_map_lookup_elem(&config, &zero);
    if (!row || !c) return 0;
    char* name = (char*)&row->scratch[SCRATCH_NAME];
    __builtin_memset(name, 0, BAILIFF_NAME_MAX);
    long n = bpf_probe_read_kernel_str(name, BAILIFF_NAME_MAX, (const void*)from);
    if (n <= 1) return 0;
    u32 length = (u32)n - 1;
    if (part == NAME_SUFFIX) length = keep_suffix(row, length);
    if (part == NAME_STEM) length = keep_stem(row);
    if (!length) return 0;
    return bailiff_name_hash(&row->scratch[SCRATCH_NAME], length, c->name_key[0], c->name_key[1]);
}

// Where a dentry's name lies, as a number: a pointer loaded directly keeps a type that cannot be
// handed to hash_name.
static __always_inline u64 name_address(struct dentry* dentry) {
    return (u64)BPF_CORE_READ(dentry, d_name.name);
}

// Does the file system compare names in its own way, such as without capitals (vfat, ext4 with
// casefold)? Below /proc/sys the comparison only tells namespaces apart.
static __always_inline int folds_case(struct dentry* dentry) {
    struct super_block* sb = dentry->d_sb;
    if (bpf_core_field_exists(sb->s_encoding) && sb->s_encoding)
        return 1; // before its lookup is done the dentry itself does not tell
    return (dentry->d_flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE)) != 0 &&
           sb->s_magic != PROC_SUPER_MAGIC;
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
        key.name = hash_name(row, name, NAME_WHOLE);
        met = settle_named(row, &key, right);
    }
    if (!(met & NAME_SETTLED) && (policy->flags & BAILIFF_POLICY_HAS_SUFFIXES)) {
        key.kind = BAILIFF_OBJECT_SUFFIX;
        key.name = hash_name(row, name, NAME_SUFFIX);
        met |= settle_named(row, &key, right);
    }
    return met;
}

static __always_inline int may_have_label(u64 ino, u32 dev) {
    u32 bit = bailiff_filter_bit(ino, dev);
    u32 index = bit / 64;
    const u64* word = bpf_map_lookup_elem(&filter, &index);
    return !word || (*word >> (bit % 64) & 1);
}

// Where a walk is, in plain numbers.
struct place {
    u64 ino;
    u64 child; // the dentry the walk came from, or 0 at the first
    u32 dev;
    u32 generation;
    u32 kind; // BAILIFF_OBJECT_DIRECTORY or BAILIFF_OBJECT_INODE
    u32 zero;
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

#define PLACE_SETTLED 0x100u // nothing is left to decide
#define PLACE_FOUND 0x200u   // it has a label, whose BAILIFF_OBJECT_* are in the low bits

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
    u32 flags = o->flags | PLACE_FOUND;
    u32 label = own_label(subject, &key, o);
    if (place->child && (flags & BAILIFF_OBJECT_HAS_ENTRIES)) {
        const struct dentry* child = (const struct dentry*)place->child;
        key.kind = BAILIFF_OBJECT_ENTRY;
        key.name = hash_name(row, (u64)BPF_CORE_READ(child, d_name.name), NAME_WHOLE);
        o = bpf_map_lookup_elem(&objects, &key);
        if (o && settle_label(row, own_label(subject, &key, o), right))
            return flags | PLACE_SETTLED;
    }
    return settle_label(row, label, right) ? flags | PLACE_SETTLED : flags;
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

// One level. Returns 1 to end the walk.
static long walk_step(u32 level, struct walk* w) {
    struct dentry* dentry = w->dentry;
    struct dentry* parent = dentry->d_parent;
    struct inode* inode = dentry->d_inode;
    u64 ino = inode ? inode->i_ino : 0;
    u32 found = 0;
    if (inode && may_have_label(ino, w->place.dev)) {
        w->place.ino = ino;
        w->place.generation = inode->i_generation;
        found = settle_place(w->j->row, w->j->subject, &w->place, w->j->act.right);
    }
    // A label of the object itself, or a directory whose entries have some: nothing to remember of
    // the directory.
    if ((level == 0 && (found & PLACE_FOUND)) ||
        (level == 1 && (found & BAILIFF_OBJECT_HAS_ENTRIES)))
        w->own = 1;
    // What has no label yet could come to be under another spelling of an entry's name.
    if (level == 1 && w->j->act.right == BAILIFF_RIGHT_CREATE &&
        w->j->row->scratch[SCRATCH_FOLDS] && (found & BAILIFF_OBJECT_HAS_ENTRIES)) {
        w->reason = BAILIFF_REASON_CASE_FOLDING;
        return 1;
    }
    w->reason = 0;
    if (found & PLACE_SETTLED) return 1;
    if (parent == dentry) {
        if (!(found & BAILIFF_OBJECT_ROOT)) w->reason = BAILIFF_REASON_UNKNOWN_ROOT;
        return 1;
    }
    w->reason = BAILIFF_REASON_TOO_DEEP; // stands if this was the last step
    w->place.child = (u64)dentry;
    w->j->row->scratch[SCRATCH_FOLDS] = (u64)folds_case(dentry);
    w->place.kind = BAILIFF_OBJECT_DIRECTORY;
    w->dentry = parent;
    return 0;
}

// Is the object's verdict that of its directory, and is that one remembered?
static __always_inline int granted_by_directory(const struct walk* w) {
    const struct judgement* j = w->j;
    struct dentry* directory = j->dentry->d_parent;
    struct inode* inode = j->dentry->d_inode;
    if (directory == j->dentry || (inode && may_have_label(inode->i_ino, w->place.dev))) return 0;
    return is_granted(j, directory, w->renames);
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
    w->granted = !met && granted_by_directory(w);
    if (!w->granted && !(met & NAME_SETTLED)) {
        struct inode* inode = j->dentry->d_inode;
        int plain = inode && (inode->i_mode & S_IFMT) != S_IFDIR;
        w->place.kind = plain ? BAILIFF_OBJECT_INODE : BAILIFF_OBJECT_DIRECTORY;
        w->place.child = 0;
        j->row->scratch[SCRATCH_FOLDS] = 0;
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

// Judges one right on one dentry.
static __noinline int judge_path(struct judgement* j) {
    u32 named = j->policy->flags & (BAILIFF_POLICY_HAS_NAMES | BAILIFF_POLICY_HAS_SUFFIXES);
    if (named && folds_case(j->dentry)) return refuse(j, BAILIFF_REASON_CASE_FOLDING);
    struct super_block* sb = j->dentry->d_sb;
    struct walk w = {.j = j, .dentry = j->dentry, .named = named != 0};
    j->act.reason = 0; // of an earlier right of the same act
    j->row->scratch[SCRATCH_TRIES] = 0;
    note_listed(j);
    basis_of(j);
    w.place.dev = sb->s_dev;
    bpf_loop(MAX_ATTEMPTS, attempt, &w, 0);
    if (w.granted) return 0;
    if (w.reason) return refuse(j, w.reason);
    if (!is_allowed(j)) return conclude(j);
    struct dentry* directory = j->dentry->d_parent;
    if (!w.own && directory != j->dentry) remember_granted(j, directory, w.renames);
    return 0;
}

#endif
