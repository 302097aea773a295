// Holds that do not ask each time: rules with a budget, up to which acts are let through, and rules
// for the first contact with an address alone.
#ifndef BAILIFF_BUDGET_H
#define BAILIFF_BUDGET_H

#include "settle.h"

static __always_inline const struct bailiff_budget* budget_of(const struct bailiff_decision* d,
                                                              u32 right) {
    struct bailiff_budget_key key = {.label = d->label, .profile = d->profile, .right = (u8)right};
    return d->reason == BAILIFF_REASON_RULE ? bpf_map_lookup_elem(&budgets, &key) : 0;
}

// Does no other profile hold the act, by a rule or by its default? What any denies is denied and
// does not come here.
static __always_inline int holds_alone(struct bailiff_task* row,
                                       const struct bailiff_subject* subject, u32 right) {
    const struct bailiff_settle* s = scratch_settle(row);
    u32 index = subject->policy * BAILIFF_ALL_RIGHTS + right;
    const struct bailiff_row* by_default = bpf_map_lookup_elem(&defaults, &index);
    if (!by_default) return 0;
    u32 profile = scratch_decision(row)->profile;
    u64 others = 0;
    for (u32 i = 0; i < BAILIFF_MASK_WORDS; i++) {
        u64 own = i == profile >> 6 ? 1ULL << (profile & 63) : 0;
        others |= s->decided[BAILIFF_VERDICT_HOLD].word[i] & ~own;
        others |= s->undecided.word[i] & by_default->says[BAILIFF_VERDICT_HOLD].word[i];
    }
    return !others;
}

// A key of "spent_acts" or of "contacts": they begin alike.
union spender_key {
    struct bailiff_spent_key spent;
    struct bailiff_contact_key contact;
};

// Whose budget it is: the session's, or of an agent without one the subject's. The key lies in the
// task's row, since a chain of calls has little stack; the row is looked up, for what a
// verified-once function was handed is no place for a key. NULL where it is not found.
static __always_inline union spender_key* spender(const struct bailiff_subject* subject) {
    struct bailiff_task* row = task_row();
    if (!row) return 0;
    union spender_key* key = (union spender_key*)&row->scratch[SCRATCH_NAME];
    __builtin_memset(key, 0, sizeof(*key));
    key->spent.session = subject->session;
    key->spent.epoch = subject->session ? subject->session_epoch : subject->generation;
    key->spent.subject = subject->session ? 0 : row->subject;
    return key;
}

// Takes one act of the budget; 0 where there is none left. The act that was made `count` acts ago
// must be longer ago than the period.
static __always_inline int spend(union spender_key* key, const struct bailiff_budget* budget) {
    u32 count = budget->count;
    if (!count) return 0;
    key->spent.number = budget->number;
    struct bailiff_spent* spent = bpf_map_lookup_elem(&spent_acts, key);
    if (!spent) {
        u32 zero = 0;
        const struct bailiff_spent* none = bpf_map_lookup_elem(&unspent, &zero);
        if (!none) return 0;
        bpf_map_update_elem(&spent_acts, key, none, BPF_NOEXIST);
        spent = bpf_map_lookup_elem(&spent_acts, key);
        if (!spent) return 0;
    }
    u64 next = *(volatile u64*)&spent->next;
    u64 index = next % count;
    if (index >= BAILIFF_MAX_BUDGET) return 0;
    u64 earlier = *(volatile u64*)&spent->times[index];
    u64 now = bpf_ktime_get_boot_ns();
    if (earlier && (now < earlier || now - earlier < budget->period)) return 0;
    // Who comes at the same time asks: it is one too many, perhaps.
    if (__sync_val_compare_and_swap(&spent->times[index], earlier, now) != earlier) return 0;
    __sync_fetch_and_add(&spent->next, 1);
    return 1;
}

static __always_inline void note_address(union spender_key* key, const struct act* act) {
    key->contact.port = act->port;
    key->contact.protocol = act->protocol;
    key->contact.zero = 0;
    __builtin_memcpy(key->contact.address, act->address, sizeof(key->contact.address));
}

static __always_inline int asks_at_first_contact(struct bailiff_task* row, const struct act* act) {
    if (!(row->standing.flags & BAILIFF_POLICY_HAS_BUDGETS)) return 0;
    const struct bailiff_budget* budget = budget_of(scratch_decision(row), act->right);
    return budget && (budget->flags & BAILIFF_BUDGET_CONTACT) != 0;
}

// An address was approved: from now on the session knows it.
static __always_inline void note_contact(const struct bailiff_subject* subject,
                                         const struct act* act) {
    u8 one = 1;
    union spender_key* key = spender(subject);
    if (!key) return;
    note_address(key, act);
    bpf_map_update_elem(&contacts, key, &one, BPF_ANY);
}

enum unasked {
    ASKS = 0,
    IN_BUDGET = 1,
    KNOWN = 2,
};

// May the held act go without asking? Returns enum unasked.
static __noinline int goes_unasked(struct bailiff_task* row, const struct bailiff_subject* subject,
                                   const struct act* act) {
    const struct bailiff_budget* budget = budget_of(scratch_decision(row), act->right);
    if (!budget || !holds_alone(row, subject, act->right)) return ASKS;
    // Which rule is to spend, where several name the command?
    if (act->right == BAILIFF_RIGHT_ARGV && (row->exec.matches > 1 || act->vague)) return ASKS;
    union spender_key* key = spender(subject);
    if (!key) return ASKS;
    if (budget->flags & BAILIFF_BUDGET_CONTACT) {
        note_address(key, act);
        if (bpf_map_lookup_elem(&contacts, key)) return KNOWN;
    }
    return spend(key, budget) ? IN_BUDGET : ASKS;
}

#endif
