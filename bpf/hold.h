// An act that waits for an answer. A hook cannot sleep: the task is stopped by a signal and the
// call returns ERESTARTNOINTR, so that it is made again when the task goes on. The answer is taken
// then, once, and only for the very acts that were asked for.
#ifndef BAILIFF_HOLD_H
#define BAILIFF_HOLD_H

#include "budget.h"
#include "held_calls.h"
#include "passed.h"
#include "question.h"

#define DESTROYS \
    (1u << BAILIFF_RIGHT_WRITE | 1u << BAILIFF_RIGHT_DELETE | 1u << BAILIFF_RIGHT_TRUNCATE)
#define KEEPING 50000000ULL // nanoseconds after which who waits for a file to be kept stops

// What an ended judgement says.
enum outcome {
    LET_THROUGH = 0,
    DENIED = 1,
    HELD = 2,      // the call is made again
    UNDECIDED = 3, // only from hold_act(): the decision in the row's scratch says more
};

// What a hook returns for it: since 6.12 the verifier wants to see that it is 0 or an error, which
// it does not where the compiler computes the number instead of choosing it.
static __always_inline int error_of(int outcome) {
    int error = -EPERM;
    asm volatile("" : "+r"(error));
    if (outcome == LET_THROUGH) error = 0;
    asm volatile("" : "+r"(error));
    if (outcome == HELD) error = -ERESTARTNOINTR;
    asm volatile("" : "+r"(error));
    return error;
}

// The same backwards.
static __always_inline int outcome_of(int error) {
    if (!error) return LET_THROUGH;
    return error == -ERESTARTNOINTR ? HELD : DENIED;
}

// Frees the seat, unless it is another's by now.
static __always_inline void leave_seat(u64 id) {
    u32 seat = bailiff_seat(id);
    const struct bailiff_hold* hold = bpf_map_lookup_elem(&holds, &seat);
    if (hold && hold->event.hold == id) bpf_map_delete_elem(&holds, &seat);
}

// Whatever waited or was approved does so no longer.
__noinline int forget_held(struct bailiff_task* row) {
    if (!row) return 0;
    u64 id = row->held.id;
    __builtin_memset(&row->held, 0, sizeof(row->held));
    if (!id) return 0;
    leave_seat(id);
    bpf_map_delete_elem(&answers, &id);
    return 0;
}

// Until when the process was given turns; 0 where it was not.
static __always_inline u64* turns_of_process(void) {
    u32 index = (u32)(bpf_get_current_pid_tgid() >> 32) & (BAILIFF_RESUMED - 1);
    return bpf_map_lookup_elem(&resumed, &index);
}

// Stops this thread, and so its process, before the call returns. Not process-wide: a second stop
// of that kind is dropped, and then the error reaches the program. While the process or the task
// has turns the stop is taken back at once: what is left of it is that the call is made again.
static __noinline int stop(const struct bailiff_task* row) {
    if (bpf_send_signal_thread(SIGSTOP)) return DENIED;
    const u64* turns = turns_of_process();
    u64 now = bpf_ktime_get_boot_ns();
    if (now < row->keeping.until || (turns && now < *turns)) bpf_send_signal_thread(SIGCONT);
    return HELD;
}

static __always_inline void end_turns(void) {
    u64* turns = turns_of_process();
    if (turns) *turns = 0;
}

// Nothing more is waited for.
static __always_inline int refuse_held(struct bailiff_task* row, u8 reason) {
    struct bailiff_decision* d = scratch_decision(row);
    d->verdict = BAILIFF_VERDICT_DENY;
    d->reason = reason;
    d->flags = 0;
    return UNDECIDED;
}

// It happens, and is on record.
static __always_inline int let_and_tell(struct bailiff_task* row, u8 reason) {
    struct bailiff_decision* d = scratch_decision(row);
    d->verdict = BAILIFF_VERDICT_AUDIT;
    d->reason = reason;
    return UNDECIDED;
}

// The act happens without a rule's allowing it: what it opens is used freely, and what it replaces
// is from now on what others rely on there.
static __always_inline void pass_on(struct bailiff_task* row, const struct act* act) {
    u64 placed = is_new_end(act) ? other_end(row, act) : 0;
    if (placed) disown((u64)BPF_CORE_READ((const struct dentry*)placed, d_inode));
    int kept = scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE;
    row->scratch[SCRATCH_APPROVED] = kept ? ONLY_KEPT : APPROVED;
    if (act->right == BAILIFF_RIGHT_CONNECT)
        note_passed(row, row->scratch[SCRATCH_OPEN], identify_peer(row, act));
}

// That an object is kept answers an act that a rule preserves, and no other.
static __always_inline int is_yes(struct bailiff_task* row, u64 answer) {
    return answer == BAILIFF_VERDICT_ALLOW ||
           (answer == BAILIFF_VERDICT_PRESERVE &&
            scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE);
}

// The act was asked for before. What was approved in time is worth nothing later.
static __noinline int ask_again(struct bailiff_task* row, const struct bailiff_subject* subject,
                                const struct act* act) {
    struct bailiff_held* held = &row->held;
    u64 id = held->id;
    if (bpf_ktime_get_boot_ns() >= held->deadline)
        return refuse_held(row, BAILIFF_REASON_TIMED_OUT);
    if (!held->approved) {
        const u64* answer = bpf_map_lookup_elem(&answers, &id);
        u64 verdict = answer ? *answer : BAILIFF_VERDICT_HOLD;
        if (!answer || bpf_map_delete_elem(&answers, &id))
            return stop(row) == HELD ? HELD : refuse_held(row, BAILIFF_REASON_CANNOT_WAIT);
        end_turns();
        if (!is_yes(row, verdict)) return refuse_held(row, BAILIFF_REASON_DISAPPROVED);
        held->approved = verdict == BAILIFF_VERDICT_PRESERVE ? BAILIFF_VERDICT_PRESERVE : 1;
        leave_seat(id);
    }
    held->passed |= 1u << (act->right & 31);
    pass_on(row, act);
    if (asks_at_first_contact(row, act)) note_contact(subject, act);
    // Of an exec it is its files that are approved, and for this one exec.
    if (is_of_exec(row, act)) note_approved_file(row, held->act, held->deadline);
    if (scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE) {
        row->keeping.act = 0;
        row->keeping.kept = held->act;
    }
    if (held->approved != BAILIFF_VERDICT_PRESERVE)
        return let_and_tell(row, BAILIFF_REASON_APPROVED);
    scratch_decision(row)->reason = BAILIFF_REASON_PRESERVED;
    return UNDECIDED;
}

// What was asked for needs no answer any more; one that was given is one all the same.
static __always_inline int answered_before(struct bailiff_task* row) {
    u64 id = row->held.id;
    const u64* answer = bpf_map_lookup_elem(&answers, &id);
    if (!answer || *answer == BAILIFF_VERDICT_ALLOW) return UNDECIDED;
    return refuse_held(row, BAILIFF_REASON_DISAPPROVED);
}

// A new one. First the stop and then the record: an answer that came before the stop would be lost.
static __noinline int ask(struct bailiff_task* row, const struct bailiff_subject* subject,
                          const struct act* act, u64 what) {
    forget_held(row);
    row->held.act = what;
    row->keeping.until = 0;
    if (scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE) {
        row->keeping.until = bpf_ktime_get_boot_ns() + KEEPING;
        row->keeping.times++;
    }
    struct bailiff_hold* hold = write_hold(row, subject, act);
    if (!hold) return refuse_held(row, BAILIFF_REASON_TOO_MANY_HOLDS);
    if (!hold->event.hold) {
        u32 seat = bailiff_seat(row->held.id);
        bpf_map_delete_elem(&holds, &seat);
        row->held.id = 0;
        return refuse_held(row, BAILIFF_REASON_ARGV_CHANGED);
    }
    if (stop(row) != HELD) return refuse_held(row, BAILIFF_REASON_CANNOT_WAIT);
    count(BAILIFF_COUNTER_EVENTS);
    if (bpf_ringbuf_output(&events, &hold->event, sizeof(hold->event), BPF_RB_FORCE_WAKEUP))
        count(BAILIFF_COUNTER_EVENTS_LOST);
    return HELD;
}

// Nothing is enforced here: in mode observe, or while break-glass relaxes the session. A probe is
// denied all the same, which proves that the hook runs.
static __always_inline int is_lenient(const struct bailiff_task* row, const struct act* act,
                                      u8 verdict, int probe) {
    if (probe) return 0;
    if (verdict != BAILIFF_VERDICT_DENY && row->scratch[SCRATCH_RELAXED] &&
        bailiff_can_relax(act->right))
        return 1;
    const struct bailiff_config* c = read_config();
    return c && (c->flags & BAILIFF_CONFIG_OBSERVE);
}

// What a rule preserves is kept for the acts that this can be said of; others wait for an answer.
// Returns 1 where the act destroys nothing.
static __always_inline int destroys_nothing(struct bailiff_task* row, const struct act* act) {
    struct bailiff_decision* d = scratch_decision(row);
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    if (!(DESTROYS >> (act->right & 31) & 1) || !dentry) {
        d->verdict = BAILIFF_VERDICT_HOLD;
        return 0;
    }
    if (act->right == BAILIFF_RIGHT_DELETE) return 0;
    // A lock changes nothing, and a descriptor that came is judged again when it is used.
    if (act->hook == BAILIFF_HOOK_FILE_LOCK || act->hook == BAILIFF_HOOK_FILE_RECEIVE) return 1;
    u32 type = BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT;
    return type == S_IFIFO || type == S_IFCHR || type == S_IFSOCK;
}

static __always_inline u64 identify_asked(struct bailiff_task* row, const struct act* act) {
    if (is_of_content(row, act)) return identify_image(row, act);
    u64 what = identify_act(row, act);
    return scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE
               ? identify_kept(row, act, what)
               : what;
}

// Is it an act to preserve whose object is kept, in a call that waits for another of its acts?
static __always_inline int is_kept(struct bailiff_task* row, u64 what) {
    return scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE && what == row->keeping.act;
}

// Does the caller only ask whether it might execute the file?
static __always_inline int only_asked(const struct act* act) {
    return act->hook == BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC && act->vague;
}

// The verdict is hold or preserve. Returns HELD; LET_THROUGH where nothing is to be recorded; else
// UNDECIDED, with the decision in the row's scratch: nothing is enforced, or it is approved or
// denied.
__noinline int hold_act(struct bailiff_task* row, const struct bailiff_subject* subject,
                        const struct act* act) {
    if (!row || !subject || !act) return UNDECIDED;
    if (act->exempt == ONLY_KEPT && scratch_decision(row)->verdict == BAILIFF_VERDICT_HOLD)
        return refuse_held(row, BAILIFF_REASON_CANNOT_WAIT);
    if (act->exempt || is_passed(row, act) || is_own(subject, act)) return LET_THROUGH;
    if (scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE && destroys_nothing(row, act))
        return LET_THROUGH;
    int lenient = is_lenient(row, act, scratch_decision(row)->verdict, 0);
    if (lenient && !row->held.id) return UNDECIDED;
    int in_exec =
        is_of_exec(row, act) || is_mapped_by_exec(row, act) || act->hook == BAILIFF_HOOK_SCHED_EXEC;
    int waits = !act->quiet && !act->vague && can_wait(act->right);
    if (lenient && !waits) return UNDECIDED;
    u64 what = waits || in_exec ? identify_asked(row, act) : 0;
    if (in_exec && !only_asked(act) && is_approved_file(row, what))
        return let_and_tell(row, BAILIFF_REASON_APPROVED);
    waits = waits && what;
    if (waits && is_kept(row, what)) {
        pass_on(row, act);
        return LET_THROUGH;
    }
    const struct bailiff_held* held = &row->held;
    int asked = waits && held->id && held->act == what && !(held->passed >> (act->right & 31) & 1);
    if (lenient) return asked ? answered_before(row) : UNDECIDED;
    int outcome = UNDECIDED;
    if (asked) {
        outcome = ask_again(row, subject, act);
    } else {
        int unasked =
            (row->standing.flags & BAILIFF_POLICY_HAS_BUDGETS) && !act->quiet && !only_asked(act)
                ? goes_unasked(row, subject, act)
                : ASKS;
        if (unasked != ASKS) {
            if (in_exec && what)
                note_approved_file(row, what, bpf_ktime_get_boot_ns() + patience(subject));
            pass_on(row, act);
            return unasked == KNOWN ? LET_THROUGH : let_and_tell(row, BAILIFF_REASON_WITHIN_BUDGET);
        }
        outcome =
            waits ? ask(row, subject, act, what) : refuse_held(row, BAILIFF_REASON_CANNOT_WAIT);
    }
    if (outcome == HELD) row->exec.act = 0; // the exec begins anew
    return outcome;
}

#endif
