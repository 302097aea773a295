// The row of map "holds" that says what an act waits for: for who is asked, and for who keeps its
// object.
#ifndef BAILIFF_QUESTION_H
#define BAILIFF_QUESTION_H

#include "identity.h"

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

#endif
