// An act that waits for an answer. A hook cannot sleep: the task is stopped by a signal and the
// call returns ERESTARTNOINTR, so that it is made again when the task goes on. The answer is taken
// then, once, and only for the very acts that were asked for.
#ifndef BAILIFF_HOLD_H
#define BAILIFF_HOLD_H

#include "budget.h"
#include "event.h"
#include "own.h"

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

#define BIT_OF(right) (1u << BAILIFF_RIGHT_##right)
#define OPENS (BIT_OF(WRITE) | BIT_OF(TRUNCATE))
#define RENAMES (BIT_OF(RENAME) | BIT_OF(CREATE) | BIT_OF(DELETE))
#define STARTS (BIT_OF(EXEC) | BIT_OF(ARGV) | BIT_OF(GAIN))
#define CALLS 512

// For which rights a system call can be held: those that it has no effect before, and whose error
// it hands on as it is. By its number on x86-64; 32-bit calls are not here, nor io_uring_enter(2),
// whose errors go elsewhere. Creating by open(2) is not: its hook is asked before the kernel knows
// whether the file is there already.
static const volatile u32 held_calls[CALLS] = {
    [0] = BIT_OF(CONNECT),                  // read
    [1] = BIT_OF(WRITE) | BIT_OF(CONNECT),  // write
    [2] = OPENS,                            // open
    [9] = BIT_OF(WRITE) | BIT_OF(LOAD),     // mmap
    [18] = BIT_OF(WRITE),                   // pwrite64
    [19] = BIT_OF(CONNECT),                 // readv
    [20] = BIT_OF(WRITE) | BIT_OF(CONNECT), // writev
    [42] = BIT_OF(CONNECT),                 // connect
    [43] = BIT_OF(BIND),                    // accept
    [44] = BIT_OF(CONNECT),                 // sendto
    [45] = BIT_OF(CONNECT),                 // recvfrom
    [46] = BIT_OF(CONNECT),                 // sendmsg
    [47] = BIT_OF(CONNECT),                 // recvmsg
    [49] = BIT_OF(BIND) | BIT_OF(CREATE),   // bind
    [50] = BIT_OF(BIND),                    // listen
    [CALL_EXECVE] = STARTS,                 // execve
    [62] = BIT_OF(SIGNAL),                  // kill
    [76] = BIT_OF(TRUNCATE),                // truncate
    [77] = BIT_OF(TRUNCATE),                // ftruncate
    [82] = RENAMES,                         // rename
    [83] = BIT_OF(CREATE),                  // mkdir
    [84] = BIT_OF(DELETE),                  // rmdir
    [85] = OPENS,                           // creat
    [86] = BIT_OF(WRITE) | BIT_OF(CREATE),  // link
    [87] = BIT_OF(DELETE),                  // unlink
    [88] = BIT_OF(CREATE),                  // symlink
    [90] = BIT_OF(METADATA),                // chmod
    [91] = BIT_OF(METADATA),                // fchmod
    [92] = BIT_OF(METADATA),                // chown
    [93] = BIT_OF(METADATA),                // fchown
    [94] = BIT_OF(METADATA),                // lchown
    [129] = BIT_OF(SIGNAL),                 // rt_sigqueueinfo
    [132] = BIT_OF(METADATA),               // utime
    [133] = BIT_OF(CREATE),                 // mknod
    [188] = BIT_OF(METADATA),               // setxattr
    [189] = BIT_OF(METADATA),               // lsetxattr
    [190] = BIT_OF(METADATA),               // fsetxattr
    [197] = BIT_OF(METADATA),               // removexattr
    [198] = BIT_OF(METADATA),               // lremovexattr
    [199] = BIT_OF(METADATA),               // fremovexattr
    [200] = BIT_OF(SIGNAL),                 // tkill
    [234] = BIT_OF(SIGNAL),                 // tgkill
    [235] = BIT_OF(METADATA),               // utimes
    [257] = OPENS,                          // openat
    [258] = BIT_OF(CREATE),                 // mkdirat
    [259] = BIT_OF(CREATE),                 // mknodat
    [260] = BIT_OF(METADATA),               // fchownat
    [261] = BIT_OF(METADATA),               // futimesat
    [263] = BIT_OF(DELETE),                 // unlinkat
    [264] = RENAMES,                        // renameat
    [265] = BIT_OF(WRITE) | BIT_OF(CREATE), // linkat
    [266] = BIT_OF(CREATE),                 // symlinkat
    [268] = BIT_OF(METADATA),               // fchmodat
    [280] = BIT_OF(METADATA),               // utimensat
    [285] = BIT_OF(WRITE),                  // fallocate
    [288] = BIT_OF(BIND),                   // accept4
    [296] = BIT_OF(WRITE),                  // pwritev
    [297] = BIT_OF(SIGNAL),                 // rt_tgsigqueueinfo
    [316] = RENAMES,                        // renameat2
    [CALL_EXECVEAT] = STARTS,               // execveat
    [326] = BIT_OF(WRITE),                  // copy_file_range
    [328] = BIT_OF(WRITE),                  // pwritev2
    [424] = BIT_OF(SIGNAL),                 // pidfd_send_signal
    [437] = OPENS,                          // openat2
    [452] = BIT_OF(METADATA),               // fchmodat2
    [463] = BIT_OF(METADATA),               // setxattrat
    [466] = BIT_OF(METADATA),               // removexattrat
};

#define CALL_KILL 62
#define CALL_RENAMEAT2 316
#define CALL_PIDFD_SEND_SIGNAL 424
#define NEVER_STOPS (PF_EXITING | PF_KTHREAD | PF_DUMPCORE | PF_IO_WORKER | PF_USER_WORKER)

// Can the current task wait in this call for this right? Not where the error would not reach the
// call's own exit, where a tracer would have the stop's say, and where the call acts on several.
static __noinline int can_wait(u32 right) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct pt_regs* regs = (const struct pt_regs*)bpf_task_pt_regs(task);
    if ((task->flags & NEVER_STOPS) || task->ptrace || task->io_uring) return 0;
    if (task->cred != task->real_cred) return 0;
    if (is_compat(task)) return 0;
    u64 call = regs->orig_ax;
    if (call >= CALLS) return 0;
    if (call == CALL_KILL && (int)regs->di <= 0) return 0;
    if (call == CALL_PIDFD_SEND_SIGNAL && regs->r10) return 0;
    if (call == CALL_RENAMEAT2 && (regs->r8 & RENAME_EXCHANGE)) return 0;
    return (held_calls[call] >> (right & 31) & 1) != 0;
}

static __always_inline u64 two(u32 low, u32 high) {
    return low | (u64)high << 32;
}

#define PEER_WORDS 3
#define ACT_WORDS 14

// The keyed hash of the act's address.
static __always_inline u64 identify_peer(struct bailiff_task* row, const struct act* act) {
    u64* word = &row->scratch[SCRATCH_NAME];
    __builtin_memcpy(&word[0], act->address, sizeof(act->address));
    word[2] = two(act->port, act->protocol);
    return hash_kept(row, PEER_WORDS * 8);
}

// An entry of a folder and what it names, as four words.
static __always_inline void identify_entry(u64* word, const struct dentry* dentry, u64 name) {
    const struct inode* inode = BPF_CORE_READ(dentry, d_inode);
    const struct inode* folder = BPF_CORE_READ(dentry, d_parent, d_inode);
    word[0] = name ^ (inode ? BPF_CORE_READ(inode, i_generation) : 0);
    word[1] = BPF_CORE_READ(folder, i_ino);
    word[2] = two(BPF_CORE_READ(dentry, d_sb, s_dev), BPF_CORE_READ(folder, i_generation));
    word[3] = inode ? BPF_CORE_READ(inode, i_ino) : 0;
}

static __always_inline u64 name_of(struct bailiff_task* row, const struct dentry* dentry) {
    return dentry ? hash_name(row, (u64)BPF_CORE_READ(dentry, d_name.name)) : 0;
}

// The dentry of the other name of a rename or a link; 0 for other acts.
static __always_inline u64 other_end(const struct bailiff_task* row, const struct act* act) {
    int two_ends = act->hook == BAILIFF_HOOK_INODE_RENAME || act->hook == BAILIFF_HOOK_INODE_LINK;
    return two_ends ? row->scratch[SCRATCH_OTHER] : 0;
}

// Is it about the name that a rename or a link makes or replaces?
static __always_inline int is_new_end(const struct act* act) {
    return act->right == BAILIFF_RIGHT_CREATE || act->right == BAILIFF_RIGHT_DELETE;
}

// Is the file mapped as code by the exec under way?
static __always_inline int is_mapped_by_exec(const struct bailiff_task* row,
                                             const struct act* act) {
    return act->hook == BAILIFF_HOOK_MMAP_FILE && row->exec.act && is_starting();
}

// Is it about what a file holds now?
static __always_inline int is_of_content(const struct bailiff_task* row, const struct act* act) {
    return is_of_exec(row, act) || act->right == BAILIFF_RIGHT_LOAD ||
           (act->hook == BAILIFF_HOOK_SCHED_EXEC && row->exec.act);
}

// The keyed hash of a file and of all that tells of a write to it, with the exec it is part of; 0
// where nobody could tell of one. It is one for all that is judged of the file in the exec.
static __noinline u64 identify_image(struct bailiff_task* row, const struct act* act) {
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    u64 inode = dentry ? (u64)BPF_CORE_READ(dentry, d_inode) : 0;
    u64 at = content_inode(inode);
    struct bailiff_file_key key = {};
    u32 nanos = 0;
    if (!at || writers_of(at) > 0) return 0;
    file_key(&key, at);
    u64 opened = watch_openings(&key);
    if (!opened) return 0;
    u64* word = &row->scratch[SCRATCH_NAME];
    word[0] = two(row->subject, row->generation);
    word[1] = row->exec.act;
    word[2] = two(key.dev, key.generation);
    word[3] = key.ino;
    word[4] = (u64)change_time(at, &nanos);
    word[5] = two(nanos, BPF_CORE_READ(dentry, d_sb, s_dev));
    word[6] = size_of_file(at);
    word[7] = opened;
    word[8] = BPF_CORE_READ((const struct inode*)inode, i_ino);
    return hash_kept(row, 9 * sizeof(u64));
}

// The keyed hash of all that the act is; 0 where that cannot be told. Of a rename and a link it is
// one for all their rights, the old end first: a dentry of a name that is free may be another when
// the call is made again.
__noinline u64 identify_act(struct bailiff_task* row, const struct act* act) {
    if (!row || !act) return 0;
    if (is_of_content(row, act)) return identify_image(row, act);
    u64* word = &row->scratch[SCRATCH_NAME];
    u64 one = act->dentry;
    u64 other = other_end(row, act);
    if (other && is_new_end(act)) {
        u64 swap = one;
        one = other;
        other = swap;
    }
    u64 name = name_of(row, (const struct dentry*)one);
    u64 other_name = name_of(row, (const struct dentry*)other);
    __builtin_memset(word, 0, ACT_WORDS * 8);
    word[0] = two(other ? 0 : act->right, act->hook);
    word[1] = two(row->subject, row->generation);
    word[2] = two(act->port, act->protocol);
    word[3] = two(act->family, act->number);
    __builtin_memcpy(&word[4], act->address, sizeof(act->address));
    if (one) identify_entry(&word[6], (const struct dentry*)one, name);
    if (other) identify_entry(&word[10], (const struct dentry*)other, other_name);
    return hash_kept(row, ACT_WORDS * 8);
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
// of that kind is dropped, and then the error reaches the program. While the process has turns the
// stop is taken back at once: what is left of it is that the call is made again.
static __noinline int stop(void) {
    if (bpf_send_signal_thread(SIGSTOP)) return DENIED;
    const u64* turns = turns_of_process();
    if (turns && bpf_ktime_get_boot_ns() < *turns) bpf_send_signal_thread(SIGCONT);
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

// A number for an inode at which note_passed() finds no two of a folder at one place.
static __always_inline u64 inode_mark(u64 inode) {
    return inode ^ inode >> 12;
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
    if (act->hook != BAILIFF_HOOK_FILE_PERMISSION && act->hook != BAILIFF_HOOK_MMAP_FILE) return 0;
    const struct dentry* dentry = (const struct dentry*)act->dentry;
    return dentry && is_noted(row, open, inode_mark((u64)BPF_CORE_READ(dentry, d_inode)));
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
    row->scratch[SCRATCH_APPROVED] = 1;
    if (act->right == BAILIFF_RIGHT_CONNECT)
        note_passed(row, row->scratch[SCRATCH_OPEN], identify_peer(row, act));
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
            return stop() == HELD ? HELD : refuse_held(row, BAILIFF_REASON_CANNOT_WAIT);
        end_turns();
        if (verdict != BAILIFF_VERDICT_ALLOW) return refuse_held(row, BAILIFF_REASON_DISAPPROVED);
        held->approved = 1;
        leave_seat(id);
    }
    held->passed |= 1u << (act->right & 31);
    pass_on(row, act);
    if (asks_at_first_contact(row, act)) note_contact(subject, act);
    // Of an exec it is its files that are approved, and for this one exec.
    if (is_of_exec(row, act)) note_approved_file(row, held->act, held->deadline);
    return let_and_tell(row, BAILIFF_REASON_APPROVED);
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
    struct bailiff_hold* hold = write_hold(row, subject, act);
    if (!hold) return refuse_held(row, BAILIFF_REASON_TOO_MANY_HOLDS);
    if (!hold->event.hold) {
        u32 seat = bailiff_seat(row->held.id);
        bpf_map_delete_elem(&holds, &seat);
        row->held.id = 0;
        return refuse_held(row, BAILIFF_REASON_ARGV_CHANGED);
    }
    if (stop() != HELD) return refuse_held(row, BAILIFF_REASON_CANNOT_WAIT);
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
    if (verdict == BAILIFF_VERDICT_HOLD && row->scratch[SCRATCH_RELAXED] &&
        bailiff_can_relax(act->right))
        return 1;
    const struct bailiff_config* c = read_config();
    return c && (c->flags & BAILIFF_CONFIG_OBSERVE);
}

// Does the caller only ask whether it might execute the file?
static __always_inline int only_asked(const struct act* act) {
    return act->hook == BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC && act->vague;
}

// The verdict is hold. Returns HELD; LET_THROUGH where nothing is to be recorded; else UNDECIDED,
// with the decision in the row's scratch: nothing is enforced, or it is approved or denied.
__noinline int hold_act(struct bailiff_task* row, const struct bailiff_subject* subject,
                        const struct act* act) {
    if (!row || !subject || !act) return UNDECIDED;
    if (act->exempt || is_passed(row, act) || is_own(subject, act)) return LET_THROUGH;
    int lenient = is_lenient(row, act, BAILIFF_VERDICT_HOLD, 0);
    if (lenient && !row->held.id) return UNDECIDED;
    int in_exec =
        is_of_exec(row, act) || is_mapped_by_exec(row, act) || act->hook == BAILIFF_HOOK_SCHED_EXEC;
    int waits = !act->quiet && !act->vague && can_wait(act->right);
    if (lenient && !waits) return UNDECIDED;
    u64 what = waits || in_exec ? identify_act(row, act) : 0;
    if (in_exec && !only_asked(act) && is_approved_file(row, what))
        return let_and_tell(row, BAILIFF_REASON_APPROVED);
    waits = waits && what;
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
