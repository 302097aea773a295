// Settling a path: from the object's dentry up to the root of its file system. No path string is
// built; ancestors are inodes, so bind mounts and renames of a parent lose no rule.
#ifndef BAILIFF_LABEL_H
#define BAILIFF_LABEL_H

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
    return (dentry->d_flags & (DCACHE_OP_HASH | DCACHE_OP_COMPARE)) != 0 &&
           sb->s_magic != PROC_SUPER_MAGIC;
}

// Rules for a file name or a suffix, wherever it lies.
static __always_inline int settle_name(struct judgement* j) {
    struct bailiff_object_key key = {.policy = (u8)j->subject->policy};
    if (j->policy->flags & BAILIFF_POLICY_HAS_NAMES) {
        key.kind = BAILIFF_OBJECT_NAME;
        key.name = hash_name(j->row, name_address(j->dentry), NAME_WHOLE);
        const struct bailiff_object* o = bpf_map_lookup_elem(&objects, &key);
        if (o && settle_label(j->row, o->label, j->right)) return 1;
    }
    if (j->policy->flags & BAILIFF_POLICY_HAS_SUFFIXES) {
        key.name = hash_name(j->row, name_address(j->dentry), NAME_SUFFIX);
        key.kind = BAILIFF_OBJECT_SUFFIX;
        const struct bailiff_object* o = bpf_map_lookup_elem(&objects, &key);
        if (o && settle_label(j->row, o->label, j->right)) return 1;
    }
    return 0;
}

static __always_inline int may_have_label(u64 ino, u32 dev) {
    u32 bit = bailiff_filter_bit(ino, dev);
    u32 index = bit / 64;
    const u64* word = bpf_map_lookup_elem(&filter, &index);
    return !word || (*word >> (bit % 64) & 1);
}

// A walk under way. Its address is all that bpf_loop hands to a step.
struct walk {
    struct judgement* j;
    struct dentry* dentry;
    struct dentry* child;
    struct bailiff_object_key key;
    u8 reason; // why the walk could not settle, or 0
    u8 pad[7];
};

// The label of the object that `w->key` names, as it stands for the subject's own session.
static __always_inline u32 own_label(struct walk* w, u32 label, u32 flags) {
    if (!(flags & BAILIFF_OBJECT_PER_SESSION)) return label;
    w->key.session = (u16)w->j->subject->session;
    const struct bailiff_object* own = bpf_map_lookup_elem(&objects, &w->key);
    w->key.session = 0;
    return own ? own->label : label;
}

// The rule for one name in one directory. It outlives the file: what is created there again under
// that name has it too. 1 when nothing is left to decide.
static __always_inline int settle_entry(struct walk* w) {
    w->key.name = hash_name(w->j->row, name_address(w->child), NAME_WHOLE);
    w->key.kind = BAILIFF_OBJECT_ENTRY;
    int settled = 0;
    const struct bailiff_object* o = bpf_map_lookup_elem(&objects, &w->key);
    if (o) settled = settle_label(w->j->row, own_label(w, o->label, o->flags), w->j->right);
    w->key.name = 0;
    w->key.kind = BAILIFF_OBJECT_DIRECTORY;
    return settled;
}

// One level. Returns 1 to end the walk.
static long walk_step(u32 level, struct walk* w) {
    struct dentry* dentry = w->dentry;
    struct dentry* parent = dentry->d_parent;
    struct inode* inode = dentry->d_inode;
    u64 ino = inode ? inode->i_ino : 0;
    if (inode && may_have_label(ino, w->key.dev)) {
        w->key.ino = ino;
        w->key.generation = inode->i_generation;
        const struct bailiff_object* o = bpf_map_lookup_elem(&objects, &w->key);
        if (o) {
            u32 label = o->label;
            u32 flags = o->flags;
            w->reason = 0;
            if (level > 0 && (flags & BAILIFF_OBJECT_HAS_ENTRIES) && settle_entry(w)) return 1;
            if (settle_label(w->j->row, own_label(w, label, flags), w->j->right)) return 1;
            if (parent == dentry && (flags & BAILIFF_OBJECT_ROOT)) return 1;
        }
    }
    if (parent == dentry) {
        w->reason = BAILIFF_REASON_UNKNOWN_ROOT;
        return 1;
    }
    w->reason = BAILIFF_REASON_TOO_DEEP; // stands if this was the last step
    w->child = dentry;
    w->dentry = parent;
    w->key.kind = BAILIFF_OBJECT_DIRECTORY;
    return 0;
}

// Returns 0 when settled or at a known root, else the reason to deny.
static __always_inline u8 walk(struct judgement* j) {
    struct walk w = {.j = j, .dentry = j->dentry, .child = j->dentry};
    struct super_block* sb = j->dentry->d_sb;
    w.key.dev = sb->s_dev;
    w.key.policy = (u8)j->subject->policy;
    struct inode* inode = j->dentry->d_inode;
    if (inode && (inode->i_mode & S_IFMT) != S_IFDIR) w.key.kind = BAILIFF_OBJECT_INODE;
    bpf_loop(BAILIFF_MAX_DEPTH, walk_step, &w, 0);
    return w.reason;
}

// Judges one right on one dentry. A rename meanwhile mixes old and new ancestors, so the walk is
// then done again; three times raced is a denial.
static __noinline int judge_path(struct judgement* j) {
    u8 reason = BAILIFF_REASON_RACED_RENAME;
    u32 named = j->policy->flags & (BAILIFF_POLICY_HAS_NAMES | BAILIFF_POLICY_HAS_SUFFIXES);
    if (named && folds_case(j->dentry)) return refuse(j, BAILIFF_REASON_CASE_FOLDING);
    for (int attempt = 0; attempt < 3; attempt++) {
        u32 before = rename_sequence();
        settle_begin(j->row, j->subject, j->policy);
        u8 stopped = 0;
        if (!(named && settle_name(j))) stopped = walk(j);
        if (!(before & 1) && before == rename_sequence()) {
            reason = stopped;
            break;
        }
    }
    return reason ? refuse(j, reason) : settle_defaults(j);
}

#endif
