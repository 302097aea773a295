// From the outcome of a settling to what the hook returns.
#ifndef BAILIFF_VERDICT_END_H
#define BAILIFF_VERDICT_END_H

#include "hold.h"

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

// Leaves in the row's scratch why the act is denied before any rule spoke.
static __always_inline void note_reason(struct bailiff_task* row, const struct act* act) {
    struct bailiff_decision* d = scratch_decision(row);
    if (!act->reason) return;
    __builtin_memset(d, 0, sizeof(*d));
    d->verdict = BAILIFF_VERDICT_DENY;
    d->reason = act->reason;
}

// A probe is for the programs of one generation, and its denials are not reported.
static __always_inline int is_probe(const struct bailiff_subject* subject) {
    return subject && (subject->flags & BAILIFF_SUBJECT_CANARY);
}

// From the decision in the row's scratch, or the reason in `act`, to the record and to what the
// hook does: LET_THROUGH or DENIED. Nothing waits here, and what is not kept by now is not kept:
// such a verdict is a denial. `subject` may be NULL.
__noinline int conclude_act(struct bailiff_task* row, const struct bailiff_subject* subject,
                            const struct act* act) {
    if (!row || !act) return DENIED;
    struct bailiff_decision* d = scratch_decision(row);
    note_reason(row, act);
    int kept = d->reason == BAILIFF_REASON_PRESERVED;
    if (d->reason != BAILIFF_REASON_APPROVED && !kept) row->scratch[SCRATCH_NOTED] = 1;
    int probe = is_probe(subject);
    if (probe && subject->epoch != program_generation) return LET_THROUGH;
    if (d->verdict > BAILIFF_VERDICT_AUDIT && !kept) {
        if (is_lenient(row, act, d->verdict, probe)) {
            if (d->verdict != BAILIFF_VERDICT_PRESERVE || row->scratch[SCRATCH_RELAXED])
                d->flags |= BAILIFF_EVENT_WOULD_DENY;
            d->verdict = BAILIFF_VERDICT_AUDIT;
        } else {
            d->verdict = BAILIFF_VERDICT_DENY;
        }
    }
    if ((d->flags & BAILIFF_EVENT_WOULD_DENY) && row->scratch[SCRATCH_RELAXED] &&
        bailiff_can_relax(act->right))
        d->flags |= BAILIFF_EVENT_RELAXED;
    int told = probe || act->quiet || event_verdict(row, subject, act);
    if (row->held.approved && d->reason == BAILIFF_REASON_APPROVED && is_of_exec(row, act))
        forget_held(row);
    if (d->verdict != BAILIFF_VERDICT_DENY && (told || !must_be_told(subject, d)))
        return LET_THROUGH;
    forget_held(row);
    row->exec.act = 0;
    if (act->over) bpf_send_signal(SIGKILL);
    return DENIED;
}

static __noinline int refuse(struct judgement* j, u8 reason) {
    j->act.reason = reason;
    j->act.dentry = (u64)j->dentry;
    return error_of(conclude_act(j->row, j->subject, &j->act));
}

// The same for an act that may have to wait, whose reason is in no other place than its rules.
static __always_inline int conclude(struct judgement* j) {
    j->act.dentry = (u64)j->dentry;
    int outcome = UNDECIDED;
    u8 verdict = scratch_decision(j->row)->verdict;
    if ((verdict == BAILIFF_VERDICT_HOLD || verdict == BAILIFF_VERDICT_PRESERVE) &&
        !is_probe(j->subject))
        outcome = hold_act(j->row, j->subject, &j->act);
    if (outcome == UNDECIDED) outcome = conclude_act(j->row, j->subject, &j->act);
    return error_of(outcome);
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

// The same for the current task, from any hook: enum outcome. LET_THROUGH where it is no subject.
__noinline int refuses_right(u32 right, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = right}};
    j.row = subject_row();
    return j.row ? outcome_of(settle_right(&j)) : LET_THROUGH;
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
    return j.row ? outcome_of(judge_session(&j)) : LET_THROUGH;
}

// on failure: deny, subjects only
static __always_inline int judge_right(u32 right, u32 hook) {
    return error_of(refuses_right(right, hook));
}

// on failure: deny, subjects only
static __always_inline int judge_standing(u32 right, u32 hook) {
    return error_of(refuses_session(right, hook));
}

#endif
