// Commands: a program and what must be among its arguments, in any order. Judged before the exec
// has any effect, from the memory of who asks for it.
#ifndef BAILIFF_COMMAND_H
#define BAILIFF_COMMAND_H

#include "special_files.h"

#define MAX_PROGRAM 64 // bytes of a program's name that a rule can have, with its NUL
#define MAX_LETTERS 16 // behind one dash

static __always_inline void see(struct bailiff_task* row, const struct bailiff_mask* elements) {
    if (!elements) return;
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) row->exec.seen.word[i] |= elements->word[i];
}

static __always_inline void see_word(struct bailiff_task* row, u8 policy, u8 kind, u8 length,
                                     u64 word) {
    struct bailiff_word_key key = {.word = word, .policy = policy, .kind = kind, .length = length};
    see(row, bpf_map_lookup_elem(&argv_words, &key));
}

// The last name of the piece that was read is a program's, perhaps. It is hashed where nothing is
// settled yet.
static __noinline int see_program(struct bailiff_task* row, u32 policy) {
    const char* piece = (const char*)&row->scratch[SCRATCH_NAME];
    u32 from = 0;
    for (u32 i = 0; i < PIECE; i++) {
        u32 slash = is_character((unsigned char)piece[i], '/');
        from = (from & (slash - 1)) | ((i + 1) & (0 - slash));
    }
    char* name = (char*)&row->scratch[0];
    __builtin_memset(name, 0, MAX_PROGRAM);
    const char* last = piece + (from & PIECE);
    long n = bpf_probe_read_kernel_str(name, MAX_PROGRAM, last);
    const struct bailiff_config* c = read_config();
    if (n <= 1 || n >= MAX_PROGRAM || !c) return 0;
    u64 word = bailiff_name_hash(&row->scratch[0], (u32)n - 1, c->name_key[0], c->name_key[1]);
    see_word(row, (u8)policy, BAILIFF_WORD_PROGRAM, 0, word);
    return 0;
}

// The letters behind one dash, alone or together.
static __noinline int see_flags(struct bailiff_task* row, u32 policy) {
    const char* piece = (const char*)&row->scratch[SCRATCH_NAME];
    for (u32 i = 1; i <= MAX_LETTERS; i++) {
        u32 letter = (unsigned char)piece[i];
        if (!letter) break;
        if (letter >= BAILIFF_FLAGS) continue;
        u32 index = policy * BAILIFF_FLAGS + letter;
        see(row, bpf_map_lookup_elem(&argv_flags, &index));
    }
    return 0;
}

// Beginnings of up to a word's length.
static __noinline int see_prefixes(struct bailiff_task* row, u32 policy, u32 prefixes) {
    u64 word = row->scratch[SCRATCH_NAME];
    for (u32 length = 1; length <= BAILIFF_MAX_PREFIX; length++) {
        if (!(prefixes >> length & 1)) continue;
        u64 begins = word & (~0ULL >> (64 - 8 * length));
        see_word(row, (u8)policy, BAILIFF_WORD_PREFIX, (u8)length, begins);
    }
    return 0;
}

#define DASH 0x2d
#define DASHES 0x2d2d

// What the piece that was read, the first of its argument, is.
__noinline int see_piece(struct bailiff_task* row, u32 policy, u32 length) {
    const struct bailiff_argv* argv_of = bpf_map_lookup_elem(&argv, &policy);
    if (!row || !argv_of) return 0;
    u64 begins = row->scratch[SCRATCH_NAME];
    if (argv_of->prefixes) see_prefixes(row, policy, argv_of->prefixes);
    if ((begins & 0xffff) == DASHES) {
        length = keep_before(row, '=');
    } else if ((begins & 0xff) == DASH) {
        see_flags(row, policy);
    }
    if (length && length < PIECE)
        see_word(row, (u8)policy, BAILIFF_WORD_WHOLE, 0, hash_kept(row, length));
    return 0;
}

// What cannot be told may be any program that a rule names.
static __always_inline void see_any_program(struct bailiff_task* row, u32 policy) {
    const struct bailiff_argv* argv_of = bpf_map_lookup_elem(&argv, &policy);
    if (!argv_of) return;
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) row->exec.seen.word[i] |= ~argv_of->words.word[i];
}

enum carrier {
    NO_CARRIER = 0,
    CARRIER = 1, // the command may be among the arguments
    LOADER = 2,  // it is, under whatever name it has there
};

struct command_loop {
    struct bailiff_task* row;
    u32 policy;
    u32 carrier; // enum carrier
};

static long judge_piece(u32 number, struct command_loop* loop) {
    (void)number;
    struct bailiff_task* row = loop->row;
    u32 before = row->exec.reading.count;
    u32 inside = row->exec.reading.inside;
    int length = take_piece(row);
    if (length < 0) return 1;
    if (inside) return 0;
    if (!before || loop->carrier) {
        see_program(row, loop->policy);
        // Of a long one the last name was not read.
        if (length == PIECE || loop->carrier == LOADER) see_any_program(row, loop->policy);
    }
    if (before) see_piece(row, loop->policy, (u32)length);
    return 0;
}

#define BYTES(count) (~0ULL >> (64 - 8 * (count)))
#define BUSYBOX 0x00786f6279737562ULL
#define TOYBOX 0x0000786f62796f74ULL
#define COREUTIL 0x6c69747565726f63ULL
#define LD_ 0x2d646cULL
#define LD_SO 0x6f732e646cULL
#define LIBC_SO 0x006f732e6362696cULL // musl's is its loader

// Loaders, and programs that are many in one, have the command as their arguments. What is
// installed is known by its name; any other file may be a copy: one that an account or a session
// made.
static __noinline u32 carrier_of(struct bailiff_task* row, struct dentry* dentry) {
    read_name(row, name_address(dentry));
    u64 one = row->scratch[SCRATCH_NAME];
    u64 rest = row->scratch[SCRATCH_NAME + 1];
    if ((one & BYTES(3)) == LD_ || (one & BYTES(5)) == LD_SO || one == LIBC_SO) return LOADER;
    if (one == BUSYBOX || one == TOYBOX || (one == COREUTIL && rest == 's')) return CARRIER;
    if (BPF_CORE_READ(dentry, d_inode, i_uid.val)) return CARRIER;
    return is_made((u64)BPF_CORE_READ(dentry, d_inode)) ? CARRIER : NO_CARRIER;
}

// Reads all arguments, and notes what they are where the policy has commands.
static __noinline int read_command(struct bailiff_task* row, struct dentry* dentry, u32 policy) {
    struct bailiff_exec* exec = &row->exec;
    __builtin_memset(&exec->seen, 0, sizeof(exec->seen));
    exec->matches = 0;
    read_from_call(&exec->reading);
    if (row->standing.flags & BAILIFF_POLICY_HAS_ARGV) {
        struct command_loop loop = {.row = row, .policy = policy};
        loop.carrier = carrier_of(row, dentry);
        read_name(row, name_address(dentry));
        see_program(row, policy);
        bpf_loop(READ_CALL, judge_piece, &loop, 0);
        // Somewhere behind what was read it may name any program.
        if (loop.carrier && exec->reading.state == READING) exec->reading.state = UNREADABLE;
    } else {
        struct argv_loop loop = {.row = row};
        bpf_loop(READ_CALL, next_piece, &loop, 0);
    }
    exec->judged = exec->reading;
    // Without any the kernel gives an empty one.
    if (!exec->judged.count) exec->judged.first = hash_onto(row, 0, 0);
    return 0;
}

// What cannot be told is whatever a rule names: any word where there are too many, any command
// where they could not be read.
static __always_inline void assume_worst(struct bailiff_task* row, u32 policy) {
    u32 state = row->exec.judged.state;
    const struct bailiff_argv* argv_of = bpf_map_lookup_elem(&argv, &policy);
    if (state == READING && argv_of) see(row, &argv_of->words);
    if (state == UNREADABLE) __builtin_memset(&row->exec.seen, 0xff, sizeof(row->exec.seen));
}

struct pattern_loop {
    struct bailiff_task* row;
    u32 policy;
};

static long settle_pattern(u32 number, struct pattern_loop* loop) {
    u32 index = loop->policy * BAILIFF_MAX_PATTERNS + number;
    const struct bailiff_pattern* pattern = bpf_map_lookup_elem(&argv_patterns, &index);
    if (!pattern) return 1;
    const struct bailiff_mask* seen = &loop->row->exec.seen;
    u64 missing = 0;
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) missing |= pattern->needs.word[i] & ~seen->word[i];
    if (missing) return 0;
    loop->row->exec.matches++;
    settle_label(loop->row, pattern->label, BAILIFF_RIGHT_ARGV);
    return 0;
}

// The strictest rule comes first.
static __noinline int settle_command(struct judgement* j) {
    u32 policy = j->subject->policy;
    assume_worst(j->row, policy);
    settle_begin(j->row, j->subject, j->policy, BAILIFF_RIGHT_ARGV);
    struct pattern_loop loop = {.row = j->row, .policy = policy};
    const struct bailiff_argv* argv_of = bpf_map_lookup_elem(&argv, &policy);
    u32 patterns = argv_of ? argv_of->patterns : 0;
    if (patterns > BAILIFF_MAX_PATTERNS) patterns = BAILIFF_MAX_PATTERNS;
    bpf_loop(patterns, settle_pattern, &loop, 0);
    return settle_defaults(j);
}

static __always_inline u64 place_of(const struct dentry* dentry) {
    const struct inode* inode = BPF_CORE_READ(dentry, d_inode);
    return BPF_CORE_READ(inode, i_ino) ^ (u64)BPF_CORE_READ(inode, i_sb, s_dev) << 40;
}

// One number for the exec: all arguments, and the folders that the names among them start from.
static __noinline u64 identify_exec(struct bailiff_task* row) {
    u64* word = &row->scratch[SCRATCH_NAME];
    const struct bailiff_strings* judged = &row->exec.judged;
    struct task_struct* task = bpf_get_current_task_btf();
    word[0] = two(row->subject, row->generation);
    word[1] = two(judged->count, judged->state);
    word[2] = judged->first;
    word[3] = judged->rest;
    word[4] = place_of(BPF_CORE_READ(task, fs, pwd.dentry));
    word[5] = place_of(BPF_CORE_READ(task, fs, root.dentry));
    word[6] = BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC;
    return hash_kept(row, 7 * sizeof(u64));
}

#endif
