// Settling, and from the outcome to what the hook returns.
//
// The functions that are not static are verified once, on their own, and not again at each of their
// many call sites: that is what keeps every program far below the verifier's limit. Their pointer
// arguments may be NULL as far as the verifier knows.
#ifndef BAILIFF_VERDICT_END_H
#define BAILIFF_VERDICT_END_H

#include "digest.h"
#include "event.h"

// Starts a settling in the row's scratch: all profiles of the subject are undecided.
__noinline int settle_begin(struct bailiff_task* row, const struct bailiff_subject* subject,
                            const struct bailiff_policy* policy, u32 right) {
    if (!row || !subject || !policy) return 0;
    bailiff_settle_begin(scratch_settle(row), &subject->profiles, policy);
    if (row->scratch[SCRATCH_RELAXED] && bailiff_can_relax(right))
        bailiff_settle_relax(scratch_settle(row), policy);
    return 0;
}

// What a label says of a right; NULL where it says nothing.
static __noinline const struct bailiff_row* row_of(u32 label, u32 right) {
    const struct bailiff_label* found = bpf_map_lookup_elem(&labels, &label);
    u32 index = found && right < BAILIFF_RIGHTS ? found->row[right] : 0;
    return index ? bpf_map_lookup_elem(&rows, &index) : 0;
}

// Applies a label; 1 when nothing is left to decide. A label without a row decides nothing, which
// the default then does.
__noinline int settle_label(struct bailiff_task* row, u32 label, u32 right) {
    if (!row || !label) return 0;
    const struct bailiff_row* says = row_of(label, right);
    if (!says) return 0;
    int depends = right == BAILIFF_RIGHT_EXEC || right == BAILIFF_RIGHT_LOAD;
    if (depends && row->scratch[SCRATCH_LISTS] && settle_content(row, label, right)) return 1;
    return bailiff_settle_label(scratch_settle(row), says, label);
}

// Leaves the outcome, unless it is a plain allow, in the row's scratch and returns its verdict.
__noinline int settle_end(struct bailiff_task* row, const struct bailiff_subject* subject,
                          const struct bailiff_policy* policy, u32 right) {
    if (!row || !subject || !policy) return BAILIFF_VERDICT_DENY;
    if (bailiff_settled_allow(scratch_settle(row), policy)) return BAILIFF_VERDICT_ALLOW;
    struct bailiff_decision* decision = scratch_decision(row);
    u32 index = subject->policy * BAILIFF_ALL_RIGHTS + right;
    const struct bailiff_row* says = bpf_map_lookup_elem(&defaults, &index);
    if (!says) {
        __builtin_memset(decision, 0, sizeof(*decision));
        decision->verdict = BAILIFF_VERDICT_DENY;
        decision->reason = BAILIFF_REASON_STALE;
        return BAILIFF_VERDICT_DENY;
    }
    bailiff_settle_end(scratch_settle(row), &subject->profiles, policy, says, decision);
    return decision->verdict;
}

// Which load of the programs this is; bailiff-kernel sets it.
const volatile unsigned int program_generation SEC(".rodata.generation") = 0;

// Is the profile that decided in mode observe, or the whole policy? That takes nothing from
// anybody.
static __noinline int is_observed(const struct bailiff_subject* subject, u32 profile) {
    const struct bailiff_config* c = read_config();
    u32 slot = subject->policy;
    const struct bailiff_policy* policy = bpf_map_lookup_elem(&policies, &slot);
    if (!c || !policy) return 0;
    u64 word = policy->observe.word[(profile >> 6) & (BAILIFF_MASK_WORDS - 1)];
    return (c->flags & BAILIFF_CONFIG_OBSERVE) != 0 || (word >> (profile & 63) & 1);
}

// An act that is allowed and recorded is not allowed where it cannot be recorded.
static __always_inline int must_be_told(const struct bailiff_subject* subject,
                                        const struct bailiff_decision* d) {
    return (d->flags & BAILIFF_EVENT_RELAXED) || !subject || !is_observed(subject, d->profile);
}

// From the decision in the row's scratch, or the reason in `act`, to the record and to what the
// hook does: 1 is a denial. Hold and preserve need machinery that a rule can only name once it
// exists; until the daemon says so a verdict above audit is a denial. `subject` may be NULL.
__noinline int conclude_act(struct bailiff_task* row, const struct bailiff_subject* subject,
                            const struct act* act) {
    if (!row || !act) return 1;
    struct bailiff_decision* d = scratch_decision(row);
    row->scratch[SCRATCH_NOTED] = 1;
    if (act->reason) {
        __builtin_memset(d, 0, sizeof(*d));
        d->verdict = BAILIFF_VERDICT_DENY;
        d->reason = act->reason;
    }
    // A probe is for the programs of one generation, and these are denied in mode observe as well:
    // that proves that the hook runs. Its denials are not reported.
    int probe = subject && (subject->flags & BAILIFF_SUBJECT_CANARY);
    if (probe && subject->epoch != program_generation) return 0;
    if (d->verdict > BAILIFF_VERDICT_AUDIT) {
        const struct bailiff_config* c = read_config();
        if (c && (c->flags & BAILIFF_CONFIG_OBSERVE) && !probe) {
            d->verdict = BAILIFF_VERDICT_AUDIT;
            d->flags |= BAILIFF_EVENT_WOULD_DENY;
        } else {
            d->verdict = BAILIFF_VERDICT_DENY;
        }
    }
    if ((d->flags & BAILIFF_EVENT_WOULD_DENY) && row->scratch[SCRATCH_RELAXED] &&
        bailiff_can_relax(act->right))
        d->flags |= BAILIFF_EVENT_RELAXED;
    int told = probe || act->quiet || event_verdict(row, subject, act);
    int denied = d->verdict == BAILIFF_VERDICT_DENY || (!told && must_be_told(subject, d));
    if (denied && act->over) bpf_send_signal(SIGKILL);
    return denied;
}

// What a hook returns for what the functions above say: since 6.12 the verifier wants to see that
// it is 0 or an error.
static __always_inline int conclude(struct judgement* j) {
    j->act.dentry = (u64)j->dentry;
    return conclude_act(j->row, j->subject, &j->act) ? -EPERM : 0;
}

static __noinline int refuse(struct judgement* j, u8 reason) {
    j->act.reason = reason;
    return conclude(j);
}

// What the rules met so far and the profiles' defaults make together: is it a plain allow?
static __always_inline int is_allowed(struct judgement* j) {
    return settle_end(j->row, j->subject, j->policy, j->act.right) == BAILIFF_VERDICT_ALLOW;
}

static __always_inline int settle_defaults(struct judgement* j) {
    return is_allowed(j) ? 0 : conclude(j);
}

// A right over the system: no rule of an object speaks, only what the profiles grant.
static __noinline int settle_right(struct judgement* j) {
    u8 reason = subject_begin(j);
    if (reason) return refuse(j, reason);
    settle_begin(j->row, j->subject, j->policy, j->act.right);
    return settle_defaults(j);
}

// The same for the current task, from any hook: is it denied? 0 where it is no subject.
__noinline int refuses_right(u32 right, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = right}};
    j.row = subject_row();
    return j.row ? settle_right(&j) : 0;
}

// Is the session over?
static __always_inline int judge_session(struct judgement* j) {
    u8 reason = subject_begin(j);
    return reason ? refuse(j, reason) : 0;
}

// The same for the current task, from any hook: for what was allowed once and is done again and
// again.
__noinline int refuses_session(u32 right, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = right}};
    j.row = subject_row();
    return j.row ? judge_session(&j) : 0;
}

// on failure: deny, subjects only
static __always_inline int judge_right(u32 right, u32 hook) {
    return refuses_right(right, hook) ? -EPERM : 0;
}

// on failure: deny, subjects only
static __always_inline int judge_standing(u32 right, u32 hook) {
    return refuses_session(right, hook) ? -EPERM : 0;
}

#endif
