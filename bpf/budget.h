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

// Would the act be let through, did the profile that decided not hold it? Else another one holds
// it as well. The settling in the row's scratch is changed; its decision is kept.
static __noinline int holds_alone(struct bailiff_task* row, const struct bailiff_subject* subject,
                                  u32 right) {
    struct bailiff_decision* d = scratch_decision(row);
    struct bailiff_decision before = *d;
    struct bailiff_settle* s = scratch_settle(row);
    u32 slot = subject->policy;
    const struct bailiff_policy* policy = bpf_map_lookup_elem(&policies, &slot);
    if (!policy) return 0;
    u32 word = (before.profile >> 6) & (BAILIFF_MASK_WORDS - 1);
    u64 bit = 1ULL << (before.profile & 63);
    s->decided[BAILIFF_VERDICT_HOLD].word[word] &= ~bit;
    s->decided[BAILIFF_VERDICT_AUDIT].word[word] |= bit;
    s->noted.verdict = BAILIFF_VERDICT_AUDIT;
    int verdict = settle_end(row, subject, policy, right);
    s->decided[BAILIFF_VERDICT_HOLD].word[word] |= bit;
    *d = before;
    return verdict <= BAILIFF_VERDICT_AUDIT;
}

// Whose budget it is: the session's, or of an agent without one the subject's.
static __always_inline void spender(struct bailiff_spent_key* key,
                                    const struct bailiff_subject* subject, u32 slot) {
    key->session = subject->session;
    key->epoch = subject->session ? subject->session_epoch : subject->generation;
    key->subject = subject->session ? 0 : slot;
}

// Takes one act of the budget; 0 where there is none left. The act that was made `count` acts ago
// must be longer ago than the period.
static __noinline int spend(struct bailiff_task* row, const struct bailiff_subject* subject,
                            const struct bailiff_budget* budget) {
    struct bailiff_spent_key key = {.number = budget->number};
    u32 zero = 0;
    u32 count = budget->count;
    if (!count) return 0;
    spender(&key, subject, row->subject);
    struct bailiff_spent* spent = bpf_map_lookup_elem(&spent_acts, &key);
    if (!spent) {
        const struct bailiff_spent* none = bpf_map_lookup_elem(&unspent, &zero);
        if (!none) return 0;
        bpf_map_update_elem(&spent_acts, &key, none, BPF_NOEXIST);
        spent = bpf_map_lookup_elem(&spent_acts, &key);
        if (!spent) return 0;
    }
    u64 now = bpf_ktime_get_boot_ns();
    u64 next = *(volatile u64*)&spent->next;
    u64 index = next % count;
    if (index >= BAILIFF_MAX_BUDGET) return 0;
    u64 earlier = *(volatile u64*)&spent->times[index];
    if (earlier && now - earlier < budget->period) return 0;
    // Who comes at the same time asks: it is one too many, perhaps.
    if (__sync_val_compare_and_swap(&spent->next, next, next + 1) != next) return 0;
    spent->times[index] = now;
    return 1;
}

static __always_inline void contact_key(struct bailiff_contact_key* key,
                                        const struct bailiff_task* row,
                                        const struct bailiff_subject* subject,
                                        const struct act* act) {
    struct bailiff_spent_key who = {};
    spender(&who, subject, row->subject);
    key->session = who.session;
    key->epoch = who.epoch;
    key->subject = who.subject;
    __builtin_memcpy(key->address, act->address, sizeof(key->address));
    key->port = act->port;
    key->protocol = act->protocol;
}

static __noinline int is_known_contact(const struct bailiff_task* row,
                                       const struct bailiff_subject* subject,
                                       const struct act* act) {
    struct bailiff_contact_key key = {};
    contact_key(&key, row, subject, act);
    return bpf_map_lookup_elem(&contacts, &key) != 0;
}

static __always_inline int asks_at_first_contact(struct bailiff_task* row, const struct act* act) {
    if (!(row->standing.flags & BAILIFF_POLICY_HAS_BUDGETS)) return 0;
    const struct bailiff_budget* budget = budget_of(scratch_decision(row), act->right);
    return budget && (budget->flags & BAILIFF_BUDGET_CONTACT) != 0;
}

// An address was approved: from now on the session knows it.
static __noinline int note_contact(const struct bailiff_task* row,
                                   const struct bailiff_subject* subject, const struct act* act) {
    struct bailiff_contact_key key = {};
    u8 one = 1;
    contact_key(&key, row, subject, act);
    bpf_map_update_elem(&contacts, &key, &one, BPF_ANY);
    return 0;
}

enum unasked {
    ASKS = 0,
    IN_BUDGET = 1,
    KNOWN = 2,
};

// May the held act go without asking? Returns enum unasked.
__noinline int goes_unasked(struct bailiff_task* row, const struct bailiff_subject* subject,
                            const struct act* act) {
    if (!row || !subject || !act) return ASKS;
    const struct bailiff_budget* budget = budget_of(scratch_decision(row), act->right);
    if (!budget || !holds_alone(row, subject, act->right)) return ASKS;
    if ((budget->flags & BAILIFF_BUDGET_CONTACT) && is_known_contact(row, subject, act))
        return KNOWN;
    return spend(row, subject, budget) ? IN_BUDGET : ASKS;
}

#endif
