// Names of files: read into the task's row, and hashed with the host's secret key.
#ifndef BAILIFF_NAME_H
#define BAILIFF_NAME_H

#include "subject.h"

// In the name functions no branch depends on a character, or the verifier would follow each place
// where the dot can be: 1 where `c` is `other`, and 0 where it is not.
static __always_inline u32 is_character(u32 c, u32 other) {
    u32 differs = c ^ other;
    asm volatile("" : "+r"(differs));
    u32 same = (differs - 1) >> 31;
    asm volatile("" : "+r"(same));
    return same;
}

// Reads the name at kernel address `from` into the row's name buffer, zero-padded. Returns its
// length.
__noinline u32 read_name(struct bailiff_task* row, u64 from) {
    if (!row) return 0;
    char* name = (char*)&row->scratch[SCRATCH_NAME];
    __builtin_memset(name, 0, BAILIFF_NAME_MAX);
    long n = bpf_probe_read_kernel_str(name, BAILIFF_NAME_MAX, (const void*)from);
    return n <= 1 ? 0 : (u32)n - 1;
}

// Leaves the suffix (the last dot and what follows, at most 15 bytes) of the name that was read
// from `from`. Returns its length; 0 where there is none. A leading dot starts a hidden name.
__noinline u32 keep_suffix(struct bailiff_task* row, u64 from, u32 length) {
    if (!row) return 0;
    const char* name = (const char*)&row->scratch[SCRATCH_NAME];
    u32 dot = 0;
    u32 found = 0;
    for (u32 back = 1; back < 16; back++) {
        u32 at = (length - back) & (BAILIFF_NAME_MAX - 1); // what comes round is a zero
        u32 is_last = is_character((unsigned char)name[at], '.') & (found ^ 1);
        dot |= at & (0 - is_last);
        found |= is_last;
    }
    if (!dot) return 0;
    row->scratch[SCRATCH_NAME] = 0;
    row->scratch[SCRATCH_NAME + 1] = 0;
    long n = bpf_probe_read_kernel_str(&row->scratch[SCRATCH_NAME], 16, (const void*)(from + dot));
    return n <= 1 ? 0 : (u32)n - 1;
}

// Cuts the name that was read at the first `end`. Returns the length of what is left.
__noinline u32 keep_before(struct bailiff_task* row, u32 end) {
    if (!row) return 0;
    char* name = (char*)&row->scratch[SCRATCH_NAME];
    u32 cut = 0;
    u32 kept = 0;
    for (u32 i = 0; i < BAILIFF_NAME_MAX; i++) {
        u32 c = (unsigned char)name[i];
        cut |= is_character(c, end) | is_character(c, 0);
        name[i] = (char)(c & (cut - 1));
        kept += cut ^ 1;
    }
    return kept;
}

// The keyed hash of the first `length` bytes in the name buffer; 0 for nothing.
__noinline u64 hash_kept(struct bailiff_task* row, u32 length) {
    u32 zero = 0;
    const struct bailiff_config* c = bpf_map_lookup_elem(&config, &zero);
    if (!row || !c || !length) return 0;
    return bailiff_name_hash(&row->scratch[SCRATCH_NAME], length, c->name_key[0], c->name_key[1]);
}

// The same with what was hashed before: a number for a sequence.
__noinline u64 hash_onto(struct bailiff_task* row, u32 length, u64 before) {
    const struct bailiff_config* c = read_config();
    if (!row || !c || length >= BAILIFF_NAME_MAX) return 0;
    return bailiff_name_hash(&row->scratch[SCRATCH_NAME], length, c->name_key[0] ^ before,
                             c->name_key[1]);
}

// The hash of the name at kernel address `from`, of its suffix and of its stem; 0 where there is
// none.
static __always_inline u64 hash_name(struct bailiff_task* row, u64 from) {
    return hash_kept(row, read_name(row, from));
}
static __always_inline u64 hash_suffix(struct bailiff_task* row, u64 from) {
    return hash_kept(row, keep_suffix(row, from, read_name(row, from)));
}
static __always_inline u64 hash_stem(struct bailiff_task* row, u64 from) {
    read_name(row, from);
    return hash_kept(row, keep_before(row, '.'));
}

// Where a dentry's name lies, as a number: a pointer loaded directly keeps a type that cannot be
// handed to hash_name.
static __always_inline u64 name_address(struct dentry* dentry) {
    return (u64)BPF_CORE_READ(dentry, d_name.name);
}

#endif
