// An act that waits for an answer. A hook cannot sleep: the task is stopped by a signal and the
// call returns ERESTARTNOINTR, so that it is made again when the task goes on. The answer is taken
// then, once, and only for the very acts that were asked for.
#ifndef BAILIFF_HOLD_H
#define BAILIFF_HOLD_H

#include "budget.h"
#include "event.h"
#include "held_calls.h"
#include "identity.h"

#define DESTROYS \
    (1u << BAILIFF_RIGHT_WRITE | 1u << BAILIFF_RIGHT_DELETE | 1u << BAILIFF_RIGHT_TRUNCATE)
#define KEEPING 50000000ULL // nanoseconds after which who waits for a file to be kept stops

// How an opening was answered: that its file is kept is no approval of what else it does.
#define APPROVED 1
#define ONLY_KEPT 2

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

// Remembers a descriptor that was approved: a struct file or sock, and what it is open to.
static __always_inline void note_passed(struct bailiff_task* row, u64 open, u64 what) {
    struct bailiff_passed* passed = &row->passed[what & (BAILIFF_PASSED - 1)];
    passed->open = open;
    passed->what = what;
}

static __always_inline int is_noted(const struct bailiff_task* row, u64 open, u64 what) {
    const struct bailiff_passed* passed = &row->passed[what & (BAILIFF_PASSED - 1)];
    return passed->open == open && passed->what == what;
}

// What note_passed() is told of a file that is open to write: its inode, so that no two of a folder
// have one place, and the answer to its opening, APPROVED or ONLY_KEPT.
static __always_inline u64 opened_mark(u64 inode, u64 answer) {
    return ((inode ^ inode >> 12) & ~3ULL) | answer;
}

// Is it the use of a descriptor whose opening or connecting was approved? To make a connection asks
// each time.
static __always_inline int is_passed(struct bailiff_task* row, const struct act* act) {
    u64 open = row->scratch[SCRATCH_OPEN];
    if (!open) return 0;
    if (act->right == BAILIFF_RIGHT_CONNECT)
        return act->hook != BAILIFF_HOOK_SOCKET_CONNECT &&
               is_noted(row, open, identify_peer(row, act));
    if (act->right != BAILIFF_RIGHT_WRITE) return 0;
    if (act->hook != BAILIFF_HOOK_FILE_PERMISSION && act->hook != BAILIFF_HOOK_MMAP_FILE &&
        act->hook != BAILIFF_HOOK_FILE_MPROTECT)
        return 0;
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    if (!dentry) return 0;
    u64 inode = (u64)BPF_CORE_READ(dentry, d_inode);
    if (is_noted(row, open, opened_mark(inode, APPROVED))) return 1;
    return scratch_decision(row)->verdict == BAILIFF_VERDICT_PRESERVE &&
           is_noted(row, open, opened_mark(inode, ONLY_KEPT));
}

// It happens, and is on record.
static __always_inline int let_and_tell(struct bailiff_task* row, u8 reason) {
    struct bailiff_decision* d = scratch_decision(row);
    d->verdict = BAILIFF_VERDICT_AUDIT;
    d->reason = reason;
    return UNDECIDED;
}

// Was the file, as it is, approved for the exec under way? It was asked for once, with the
// arguments; that is its mapping as well, and what is found out only when nothing can wait any
// more.
static __noinline int is_approved_file(const struct bailiff_task* row, u64 what) {
    const struct bailiff_exec* exec = &row->exec;
    if (!what || exec->approved_for != exec->act || bpf_ktime_get_boot_ns() >= exec->until)
        return 0;
    for (u32 i = 0; i < BAILIFF_EXEC_FILES; i++)
        if (i < exec->approvals && exec->approved[i] == what) return 1;
    return 0;
}

static __always_inline void note_approved_file(struct bailiff_task* row, u64 what, u64 until) {
    struct bailiff_exec* exec = &row->exec;
    exec->approved[exec->approvals++ & (BAILIFF_EXEC_FILES - 1)] = what;
    exec->until = until;
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

// How long an act of the subject waits, in nanoseconds.
static __always_inline u64 patience(const struct bailiff_subject* subject) {
    u32 slot = subject->policy;
    const struct bailiff_policy* policy = bpf_map_lookup_elem(&policies, &slot);
    return policy ? policy->hold_seconds * 1000000000ULL : 0;
}

// The search for a free seat of a session.
struct seating {
    const struct bailiff_hold* zeros;
    u32 session;
    u32 first;
    u32 seat;
    u32 found;
};

static long try_seat(u32 number, struct seating* s) {
    s->seat = s->session * BAILIFF_MAX_HOLDS_OF_SESSION +
              ((s->first + number) & (BAILIFF_MAX_HOLDS_OF_SESSION - 1));
    s->found = !bpf_map_update_elem(&holds, &s->seat, s->zeros, BPF_NOEXIST);
    return s->found;
}

// Makes a row of zeros in "holds". Returns the id of the new hold, or 0.
static __noinline u64 take_seat(u32 session) {
    u32 zero = 0;
    struct seating s = {.session = session, .first = bpf_get_prandom_u32()};
    s.zeros = bpf_map_lookup_elem(&blank, &zero);
    if (!s.zeros) return 0;
    bpf_loop(BAILIFF_MAX_HOLDS_OF_SESSION, try_seat, &s, 0);
    return s.found ? two(s.seat, bpf_get_prandom_u32() | 1) : 0;
}

// For who is asked: what may be lost.
static __always_inline void describe_file(struct bailiff_hold* hold, const struct dentry* dentry) {
    const struct inode* inode = BPF_CORE_READ(dentry, d_inode);
    if (!inode) return;
    hold->size = (u64)BPF_CORE_READ(inode, i_size);
    hold->owner = BPF_CORE_READ(inode, i_uid.val);
    hold->mode = BPF_CORE_READ(inode, i_mode);
}

// Writes the row that says what is waited for. NULL where there is no room; its id is 0 where what
// it says is not what was judged.
static __always_inline struct bailiff_hold* write_hold(struct bailiff_task* row,
                                                       const struct bailiff_subject* subject,
                                                       const struct act* act) {
    u64 id = take_seat(subject->session);
    u32 seat = bailiff_seat(id);
    struct bailiff_hold* hold = id ? bpf_map_lookup_elem(&holds, &seat) : 0;
    if (!hold) return 0;
    row->held.id = id;
    row->held.deadline = bpf_ktime_get_boot_ns() + patience(subject);
    hold->deadline = row->held.deadline;
    event_fill(&hold->event, row, subject, act, scratch_decision(row));
    if (act->dentry) {
        describe_file(hold, (const struct dentry*)act->dentry);
        event_object(&hold->event, (const struct dentry*)act->dentry);
        u64 other = other_end(row, act);
        if (other) event_other(&hold->event, (const struct dentry*)other);
        if (names_text(act)) event_string(&hold->event, row->scratch[SCRATCH_OTHER]);
        if (is_of_exec(row, act)) {
            __builtin_memcpy(hold->event.address, &row->held.act, sizeof(row->held.act));
            if (!event_argv(&hold->event, row)) return hold;
        }
    }
    hold->event.hold = id; // last: before it the row says nothing
    return hold;
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
