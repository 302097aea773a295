// Every map. Names, keys and values are described in bailiff/abi.h; the daemon pins them all.
#ifndef BAILIFF_MAPS_H
#define BAILIFF_MAPS_H

#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include "bailiff/abi.h"
#include "bailiff/filter.h"

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct bailiff_task);
} tasks SEC(".maps");

#define BAILIFF_ARRAY(name, count, value_type) \
    struct {                                   \
        __uint(type, BPF_MAP_TYPE_ARRAY);      \
        __uint(max_entries, count);            \
        __type(key, u32);                      \
        __type(value, value_type);             \
    } name SEC(".maps")

BAILIFF_ARRAY(config, 1, struct bailiff_config);
BAILIFF_ARRAY(attached, 1, struct bailiff_attached);
BAILIFF_ARRAY(control, 1, struct bailiff_control);
BAILIFF_ARRAY(examined, 1, struct bailiff_examined);
BAILIFF_ARRAY(counting, 1, u32);
BAILIFF_ARRAY(policies, BAILIFF_MAX_POLICIES, struct bailiff_policy);
BAILIFF_ARRAY(sessions, BAILIFF_MAX_SESSIONS, struct bailiff_session);
BAILIFF_ARRAY(subjects, BAILIFF_MAX_SUBJECTS, struct bailiff_subject_slot);
BAILIFF_ARRAY(filter, BAILIFF_FILTER_WORDS + 1, u64);
BAILIFF_ARRAY(labels, BAILIFF_MAX_LABELS, struct bailiff_label);
BAILIFF_ARRAY(rows, BAILIFF_MAX_ROWS, struct bailiff_row);
BAILIFF_ARRAY(made_count, BAILIFF_MAX_SESSIONS, u32);
BAILIFF_ARRAY(resumed, BAILIFF_RESUMED, u64);
BAILIFF_ARRAY(blank, 1, struct bailiff_hold);    // zeros: what a new row of "holds" is made of
BAILIFF_ARRAY(unspent, 1, struct bailiff_spent); // zeros, the same for "spent_acts"
BAILIFF_ARRAY(argv, BAILIFF_MAX_POLICIES, struct bailiff_argv);
BAILIFF_ARRAY(argv_patterns, BAILIFF_MAX_POLICIES* BAILIFF_MAX_PATTERNS, struct bailiff_pattern);
BAILIFF_ARRAY(argv_flags, BAILIFF_MAX_POLICIES* BAILIFF_FLAGS, struct bailiff_mask);
BAILIFF_ARRAY(defaults, BAILIFF_MAX_POLICIES* BAILIFF_ALL_RIGHTS, struct bailiff_row);

#define BAILIFF_HASH(name, count, key_type, value_type) \
    struct {                                            \
        __uint(type, BPF_MAP_TYPE_HASH);                \
        __uint(map_flags, BPF_F_NO_PREALLOC);           \
        __uint(max_entries, count);                     \
        __type(key, key_type);                          \
        __type(value, value_type);                      \
    } name SEC(".maps")

BAILIFF_HASH(objects, BAILIFF_MAX_OBJECTS, struct bailiff_object_key, struct bailiff_object);
BAILIFF_HASH(ports, BAILIFF_MAX_PORTS, struct bailiff_port_key, u32);
BAILIFF_HASH(agents, BAILIFF_MAX_AGENTS, struct bailiff_object_key, struct bailiff_task);
BAILIFF_HASH(ipc, 4096, u64, struct bailiff_ipc);
BAILIFF_HASH(listed, BAILIFF_MAX_LISTED, struct bailiff_listed_key, struct bailiff_listed);
BAILIFF_HASH(digests, BAILIFF_MAX_DIGESTS, struct bailiff_file_key, struct bailiff_digest);
BAILIFF_HASH(made_by, BAILIFF_MAX_MADE, struct bailiff_file_key, struct bailiff_made);
BAILIFF_HASH(argv_words, BAILIFF_MAX_WORDS, struct bailiff_word_key, struct bailiff_mask);
BAILIFF_HASH(openings, BAILIFF_MAX_DIGESTS, struct bailiff_file_key, u64);
BAILIFF_HASH(budgets, BAILIFF_MAX_BUDGETS, struct bailiff_budget_key, struct bailiff_budget);
BAILIFF_HASH(spent_acts, BAILIFF_MAX_SPENDERS, struct bailiff_spent_key, struct bailiff_spent);
BAILIFF_HASH(contacts, BAILIFF_MAX_CONTACTS, struct bailiff_contact_key, u8);
BAILIFF_HASH(holds, BAILIFF_MAX_HOLDS, u32, struct bailiff_hold);
BAILIFF_HASH(answers, 2 * BAILIFF_MAX_HOLDS, u64, u64);

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, BAILIFF_MAX_ADDRESSES);
    __type(key, struct bailiff_address_key);
    __type(value, u32);
} addresses SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 2 * 1024 * 1024);
} events SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, BAILIFF_COUNTERS);
    __type(key, u32);
    __type(value, u64);
} counters SEC(".maps");

static __always_inline void count(u32 which) {
    u64* value = bpf_map_lookup_elem(&counters, &which);
    if (value) __sync_fetch_and_add(value, 1);
}

static __always_inline const struct bailiff_subject* find_subject(u32 index) {
    const struct bailiff_subject_slot* slot = bpf_map_lookup_elem(&subjects, &index);
    return slot ? &slot->view[slot->current & 1] : 0;
}

static __always_inline const struct bailiff_config* read_config(void) {
    u32 zero = 0;
    return bpf_map_lookup_elem(&config, &zero);
}

#endif
