// Settling, in the scratch of a task's row (bailiff/verdict.h).
//
// The functions that are not static are verified once, on their own, and not again at each of their
// many call sites: that is what keeps every program far below the verifier's limit. Their pointer
// arguments may be NULL as far as the verifier knows.
#ifndef BAILIFF_SETTLE_H
#define BAILIFF_SETTLE_H

#include "digest.h"

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

#endif
