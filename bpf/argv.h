// The arguments that a program is started with, read piece by piece: before, from the memory of who
// starts it; afterwards, from that of the new image. They are told apart by a keyed hash.
#ifndef BAILIFF_ARGV_H
#define BAILIFF_ARGV_H

#include "name.h"

#define PIECE (BAILIFF_NAME_MAX - 1) // bytes that are read at once
#define MAX_PIECES 4096              // of all arguments together
#define READ_CALL (MAX_PIECES + 1)   // rounds: one more finds that there is no further one
#define READ_IMAGE (MAX_PIECES + 64) // with what interpreters have before them

enum reading {
    READING = 0,    // there is more, or there was too much
    READ = 1,       // all of it
    UNREADABLE = 2, // a page was not there
};

#define CALL_EXECVE 59
#define CALL_EXECVEAT 322
#define CALL_EXECVE_32 11
#define CALL_EXECVEAT_32 358

static __always_inline int is_compat(const struct task_struct* task) {
    return (task->thread_info.status & TS_COMPAT) != 0;
}

// Is the current task in a call that starts a program? By the 64-bit table.
static __always_inline int is_starting(void) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct pt_regs* regs = (const struct pt_regs*)bpf_task_pt_regs(task);
    u64 call = regs->orig_ax;
    return !is_compat(task) && (call == CALL_EXECVE || call == CALL_EXECVEAT);
}

// The arguments of the call that the current task is in. No call that starts a program: unreadable.
static __always_inline void read_from_call(struct bailiff_strings* s) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct pt_regs* regs = (const struct pt_regs*)bpf_task_pt_regs(task);
    u64 call = regs->orig_ax;
    __builtin_memset(s, 0, sizeof(*s));
    s->skip = 1;
    s->narrow = is_compat(task) != 0;
    if (call == (s->narrow ? CALL_EXECVE_32 : CALL_EXECVE)) {
        s->array = s->narrow ? (u32)regs->cx : regs->si;
    } else if (call == (s->narrow ? CALL_EXECVEAT_32 : CALL_EXECVEAT)) {
        s->array = s->narrow ? (u32)regs->dx : regs->dx;
    } else {
        s->state = UNREADABLE;
        return;
    }
    if (!s->array) s->state = READ; // none
}

// Those of the image that the current task is from now on. The first `skip` but one are not what
// was asked for: an interpreter and what it is told.
static __always_inline void read_from_image(struct bailiff_strings* s, u32 skip) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct mm_struct* mm = task->mm;
    __builtin_memset(s, 0, sizeof(*s));
    s->at = mm->arg_start;
    s->end = mm->arg_end;
    s->skip = skip;
    if (s->at >= s->end) s->state = READ;
}

// Finds the next string. 0 where there is none.
static __always_inline u64 next_string(struct bailiff_strings* s) {
    u64 size = s->narrow ? sizeof(u32) : sizeof(u64);
    u64 from = s->array + s->count * size;
    u64 address = 0;
    if (bpf_probe_read_user(&address, s->narrow ? sizeof(u32) : sizeof(u64), (const void*)from)) {
        s->state = UNREADABLE;
        return 0;
    }
    if (!address) s->state = READ;
    return address;
}

// Reads the next piece into the row's name buffer, zero-padded, and adds it to the hashes. Returns
// its length, which is PIECE where its string may go on; or -1.
static __always_inline int take_piece(struct bailiff_task* row) {
    struct bailiff_strings* s = &row->exec.reading;
    if (s->state != READING) return -1;
    u64 at = s->at;
    if (!at) at = next_string(s);
    if (!at) return -1;
    char* piece = (char*)&row->scratch[SCRATCH_NAME];
    __builtin_memset(piece, 0, BAILIFF_NAME_MAX);
    long n = bpf_probe_read_user_str(piece, BAILIFF_NAME_MAX, (const void*)at);
    if (n < 0) {
        s->state = UNREADABLE;
        return -1;
    }
    // With its NUL; but of an empty one 0 bytes.
    u32 length = n ? ((u32)n - 1) & (BAILIFF_NAME_MAX - 1) : 0;
    if (!s->count) s->first = hash_onto(row, length, s->first);
    if (s->count >= s->skip) s->rest = hash_onto(row, length, s->rest);
    s->inside = length == PIECE;
    s->at = at + length + !s->inside;
    if (s->inside) return (int)length;
    s->count++;
    if (!s->end)
        s->at = 0;
    else if (s->at >= s->end)
        s->state = READ;
    return (int)length;
}

struct argv_loop {
    struct bailiff_task* row;
};

static long next_piece(u32 number, struct argv_loop* loop) {
    (void)number;
    return take_piece(loop->row) < 0;
}

// Is what was read now what was judged?
static __always_inline int same_strings(const struct bailiff_strings* a,
                                        const struct bailiff_strings* b) {
    return a->state == b->state && a->count == b->count && a->first == b->first &&
           a->rest == b->rest;
}

#define MAX_EXEC_PATH 512 // bytes of a file's names before its arguments

// Arguments that are written to a record.
struct argv_copy {
    struct bailiff_task* row;
    struct bailiff_event* e;
};

static long copy_piece(u32 number, struct argv_copy* c) {
    (void)number;
    struct bailiff_strings* s = &c->row->exec.reading;
    int length = take_piece(c->row);
    if (length < 0) return 1;
    u32 used = c->e->text_length;
    if (used > BAILIFF_EVENT_TEXT - BAILIFF_NAME_MAX) {
        c->e->flags |= BAILIFF_EVENT_TRUNCATED;
        return 0; // all of it is hashed all the same
    }
    const char* piece = (const char*)&c->row->scratch[SCRATCH_NAME];
    long n = bpf_probe_read_kernel_str(&c->e->text[used], BAILIFF_NAME_MAX, piece);
    if (n > 0) c->e->text_length = used + (u32)n - (s->inside != 0);
    return 0;
}

// The arguments behind the names of the file, for who is asked. 0 where they are not those that
// were judged: another thread changed them meanwhile, and the record has none.
static __always_inline int event_argv(struct bailiff_event* e, struct bailiff_task* row) {
    struct argv_copy c = {.row = row, .e = e};
    u32 used = e->text_length;
    if (used > MAX_EXEC_PATH) {
        e->flags |= BAILIFF_EVENT_TRUNCATED;
        e->text[MAX_EXEC_PATH - 1] = 0;
        used = MAX_EXEC_PATH;
    }
    asm volatile("" : "+r"(used));
    used &= BAILIFF_EVENT_TEXT - 1; // for the verifier
    e->text[used] = 0;
    e->text_length = used + 1;
    read_from_call(&row->exec.reading);
    bpf_loop(READ_CALL, copy_piece, &c, 0);
    return same_strings(&row->exec.reading, &row->exec.judged);
}

#endif
