// File hooks: every object is judged by its dentry. inode_* hooks and not path_*: the latter need
// CONFIG_SECURITY_PATH.
#ifndef BAILIFF_FILE_H
#define BAILIFF_FILE_H

#include "agent.h"
#include "network.h"
#include "special_files.h"

// What an act is besides its object.
struct detail {
    u32 bits;       // which attributes are set, or a device's number
    u16 mode;       // the mode that is set
    u8 exempt;      // as act.exempt
    u8 vague;       // as act.vague
    u64 words[2];   // what else is set
    u64 text;       // kernel address of a string, or 0: a link's target, an attribute's name
    u64 value;      // kernel address of an attribute's value, or 0
    u64 value_size; // its bytes
};

// One more word of what the act is, from a string. Of a long one the end is not known.
static __noinline int add_text(struct judgement* j, u64 text) {
    u32 length = read_name(j->row, text);
    u64 hash = hash_kept(j->row, length);
    __builtin_memcpy(&j->act.address[0], &hash, sizeof(hash));
    if (length >= BAILIFF_NAME_MAX - 1) j->act.vague = 1;
    return 0;
}

static __noinline int add_value(struct judgement* j, u64 value, u64 size) {
    char* bytes = (char*)&j->row->scratch[SCRATCH_NAME];
    u32 length = (u32)size & (BAILIFF_NAME_MAX - 1);
    __builtin_memset(bytes, 0, BAILIFF_NAME_MAX);
    if (bpf_probe_read_kernel(bytes, length, (const void*)value) || size >= BAILIFF_NAME_MAX)
        j->act.vague = 1;
    u64 hash = hash_kept(j->row, length);
    __builtin_memcpy(&j->act.address[8], &hash, sizeof(hash));
    return 0;
}

// on failure: deny, subjects only
static __always_inline int judge_change(struct dentry* dentry, u32 right, u32 hook,
                                        struct detail detail) {
    struct bailiff_task* row = subject_row();
    if (!row || inside_overlay(row, dentry)) return 0;
    if (goes_through(row, dentry, 1u << right)) {
        note_overlay(row, dentry);
        return 0;
    }
    struct judgement j = {.row = row, .act = {.hook = hook, .right = right}, .dentry = dentry};
    j.act.number = detail.bits;
    j.act.port = detail.mode;
    j.act.exempt = detail.exempt;
    j.act.vague = detail.vague;
    __builtin_memcpy(j.act.address, detail.words, sizeof(j.act.address));
    u8 reason = subject_begin(&j);
    if (detail.text) row->scratch[SCRATCH_OTHER] = detail.text;
    if (detail.text && tracks_made(row)) add_text(&j, detail.text);
    if (detail.value && tracks_made(row)) add_value(&j, detail.value, detail.value_size);
    u32 kind = kind_of(dentry);
    if (!reason && kind == FS_NAMELESS) return 0;
    if (!reason && sets_kernel(dentry, kind)) reason = BAILIFF_REASON_KERNEL_SETTING;
    int ret = reason ? refuse(&j, reason) : judge_path(&j);
    if (!ret) note_overlay(j.row, dentry);
    return ret;
}

// With a text: a symbolic link's target, or the name of an attribute.
static __always_inline int judge_text(struct dentry* dentry, u32 right, u32 hook, u64 text) {
    struct detail detail = {.text = text};
    return judge_change(dentry, right, hook, detail);
}

static __always_inline int judge_dentry(struct dentry* dentry, u32 right, u32 hook) {
    struct detail none = {};
    return judge_change(dentry, right, hook, none);
}

// A name goes, and with the last one what it stood for.
// on failure: deny, subjects only
static __always_inline int on_removal(struct dentry* dentry, u32 hook) {
    int ret = judge_dentry(dentry, BAILIFF_RIGHT_DELETE, hook);
    struct bailiff_task* row = ret ? 0 : task_row();
    if (row) note_removal(row, (u64)BPF_CORE_READ(dentry, d_inode));
    return ret;
}

// Does this very opening make the file? On others than these FMODE_CREATED can be said before it is
// known; and the flag for a file without a name is looked at by few of those who take it.
static __noinline int makes(const struct file* file) {
    u64 inode = (u64)BPF_CORE_READ(file, f_inode);
    if (!(file->f_mode & FMODE_CREATED)) return !BPF_CORE_READ((const struct inode*)inode, i_nlink);
    if (file->f_flags & O_EXCL) return 1;
    u64 at = content_inode(inode);
    u64 magic = at ? file_system_magic(at) : 0;
    return has_own_numbers(magic) || magic == BTRFS_SUPER_MAGIC;
}

static __always_inline int is_new(const struct file* file) {
    return ((file->f_mode & FMODE_CREATED) || (file->f_flags & __O_TMPFILE)) && makes(file);
}

// An opening that is allowed and made the file. What overlayfs makes inside is a copy of what is
// there already.
static __always_inline int note_opened(struct bailiff_task* row, struct file* file) {
    if (!tracks_made(row) || !is_new(file) || inside_overlay(row, file->f_path.dentry)) return 0;
    return note_made(row, (u64)BPF_CORE_READ(file, f_inode));
}

// Is it an error? Of a function that returns an int, and of one that returns a pointer.
static __always_inline int is_error(u64 returned) {
    u32 high = returned >> 32;
    return (!high || high == ~0u) && (u32)returned > ~(u32)MAX_ERRNO;
}

// A call that was to make `dentry` is done.
static __noinline int on_made(u64* ctx, struct dentry* dentry) {
    struct bailiff_task* row = subject_row();
    u64 returned = 0;
    if (!row || bpf_get_func_ret(ctx, &returned) || is_error(returned)) return 0;
    if (returned) dentry = (struct dentry*)returned; // since 6.15 the one that is there now
    u64 inode = (u64)BPF_CORE_READ(dentry, d_inode);
    u64 sb = (u64)BPF_CORE_READ(dentry, d_sb);
    return row->overlay_cred && overlay_acts(row, sb) ? 0 : note_made(row, inode);
}

// For who is asked: the other name of a rename or a link.
static __always_inline void note_other(struct dentry* other) {
    struct bailiff_task* row = task_row();
    if (row) row->scratch[SCRATCH_OTHER] = (u64)other;
}

// Reading, writing or both of a file that is open, or about to be.
static __always_inline int judge_mode(struct judgement* j, unsigned int mode) {
    j->act.right = right_of(mode);
    if (judge_device(j)) return -EPERM;
    if ((mode & FMODE_WRITE) && judge_special_write(j)) return -EPERM;
    int ret = judge_path(j);
    if (ret || !(mode & FMODE_WRITE) || !(mode & FMODE_READ)) return ret;
    j->act.right = BAILIFF_RIGHT_READ;
    return judge_path(j);
}

static __always_inline int opens_for_execution(const struct file* file) {
    return (file->f_flags & FMODE_EXEC_FLAG) != 0;
}

// The same question as goes_through(), of a file that is about to be open. What overlayfs does
// inside goes through as well.
static __noinline int open_goes_through(struct bailiff_task* row, struct file* file) {
    struct dentry* dentry = file->f_path.dentry;
    if (inside_overlay(row, dentry)) return 1;
    if (opens_for_execution(file)) return 0;
    if (!goes_through(row, dentry, rights_of(file->f_mode))) return 0;
    note_overlay(row, dentry);
    return 1;
}

// The right by which a file is opened, before the rules of its place are asked.
static __always_inline u32 opened_for(const struct file* file) {
    if (opens_for_execution(file)) return BAILIFF_RIGHT_EXEC;
    return right_of(file->f_mode);
}

// on failure: deny, subjects only
static __noinline int on_file_open(struct bailiff_task* row, struct file* file) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_OPEN}, .dentry = file->f_path.dentry};
    j.row = row;
    if (!row->subject && !watched_open(row, j.dentry)) return 0;
    u8 reason = subject_begin(&j);
    j.act.right = opened_for(file);
    if (reason) return refuse(&j, reason);
    // A probe's exec is left to bprm_check, or it would prove nothing about that hook.
    if (opens_for_execution(file) && (j.subject->flags & BAILIFF_SUBJECT_CANARY)) return 0;
    if (is_nameless(j.dentry)) return opens_for_execution(file) ? judge_unnamed(&j) : 0;
    // What is executed waits at the hooks of the exec, which know the arguments; what interprets it
    // is opened behind the first of these.
    j.act.exempt = is_new(file) || (opens_for_execution(file) && !row->exec.act);
    row->scratch[SCRATCH_APPROVED] = 0;
    row->truncates = 0;
    int ret = opens_for_execution(file) ? judge_path(&j) : judge_mode(&j, file->f_mode);
    if (ret) return ret;
    // What was approved when it was opened is not asked for again when it is used.
    if (row->scratch[SCRATCH_APPROVED]) {
        u64 inode = (u64)BPF_CORE_READ(file, f_inode);
        u64 answer = row->scratch[SCRATCH_APPROVED];
        note_passed(row, (u64)file, opened_mark(inode, answer));
        if (file->f_flags & O_TRUNC) row->truncates = inode | answer;
    }
    note_overlay(j.row, j.dentry);
    return 0;
}

// A descriptor that was not opened here was inherited or received: its file is judged at its first
// use. 0, or the reason to deny.
static __always_inline int judge_use(struct judgement* j, struct file* file, u32 mode) {
    if (is_seen(j->row, file, rights_of(mode))) return 0;
    j->row->scratch[SCRATCH_NOTED] = 0;
    j->row->scratch[SCRATCH_OPEN] = (u64)file;
    int ret = is_nameless(j->dentry) ? 0 : judge_mode(j, mode);
    if (!ret && !j->row->scratch[SCRATCH_NOTED]) remember_seen(j->row, file, rights_of(mode));
    return ret;
}

// What read(2) and write(2) are about to do, as a file's mode.
static __always_inline u32 mode_of(int mask) {
    return (mask & MAY_WRITE ? FMODE_WRITE : 0) | (mask & MAY_READ ? FMODE_READ : 0);
}

// Is the session found to stand, and is the descriptor one that it was found to have? What
// overlayfs does inside goes through as well.
static __noinline int use_goes_through(struct bailiff_task* row, struct file* file, u32 mode) {
    struct dentry* dentry = file->f_path.dentry;
    if (inside_overlay(row, dentry)) return 1;
    if (!mode || !is_seen(row, file, rights_of(mode)) || !stands(row)) return 0;
    note_overlay(row, dentry);
    return 1;
}

// Every read(2) and write(2), also of what was opened before the session.
// on failure: deny, subjects only
static __noinline int on_file_permission(struct bailiff_task* row, struct file* file, u32 mode) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_PERMISSION},
                          .dentry = file->f_path.dentry};
    j.row = row;
    u8 reason = subject_begin(&j);
    j.act.right = right_of(mode);
    if (reason) return refuse(&j, reason);
    int ret = mode ? judge_use(&j, file, mode) : 0;
    if (ret) return ret;
    note_overlay(j.row, j.dentry);
    return 0;
}

// Data that an account attached to a file. Other attributes are the kernel's: every ls(1) asks.
// on failure: deny, subjects only
static __always_inline int on_inode_getxattr(struct dentry* dentry, u64 name) {
    if ((name_start(name) & 0xffffffffffULL) != USER_ATTRIBUTE) return 0;
    return judge_dentry(dentry, BAILIFF_RIGHT_READ, BAILIFF_HOOK_INODE_GETXATTR);
}

// A lock asks for no more than an open descriptor, and keeps others from what they do under theirs.
// on failure: deny, subjects only
static __always_inline int on_file_lock(struct file* file, unsigned int command) {
    if (command == F_WRLCK)
        return judge_dentry(file->f_path.dentry, BAILIFF_RIGHT_WRITE, BAILIFF_HOOK_FILE_LOCK);
    return judge_standing(BAILIFF_RIGHT_READ, BAILIFF_HOOK_FILE_LOCK);
}

// inotify(7) and fanotify(7) tell what others do with a file.
// on failure: deny, subjects only
static __always_inline int on_path_notify(const struct path* path) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_PATH_NOTIFY, .right = BAILIFF_RIGHT_READ},
                          .dentry = path->dentry};
    j.row = subject_row();
    if (!j.row) return 0;
    u8 reason = subject_begin(&j);
    return reason ? refuse(&j, reason) : judge_path(&j);
}

// A descriptor that came over a Unix socket, or was inherited over an exec that changed who may.
// on failure: deny, subjects only
static __noinline int on_file_receive(struct file* file) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_RECEIVE},
                          .dentry = file->f_path.dentry};
    j.row = subject_row();
    if (!j.row || inside_overlay(j.row, j.dentry)) return 0;
    j.act.right = BAILIFF_RIGHT_READ;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    if (is_io_uring(j.dentry)) {
        j.act.right = BAILIFF_RIGHT_IO_URING;
        return settle_right(&j);
    }
    if (is_nameless(j.dentry)) return 0;
    return judge_mode(&j, file->f_mode);
}

// Both ends of a rename and of a link are programs of their own, which keeps each small for the
// verifier.

// Under the new name the file has the rules of the new place, so who moves it must have the right
// to read it where it was; a folder moves all that is in it.
// on failure: deny, subjects only
static __always_inline int on_rename_from(struct dentry* from, struct dentry* to) {
    note_other(to);
    int ret = judge_dentry(from, BAILIFF_RIGHT_RENAME, BAILIFF_HOOK_INODE_RENAME);
    return ret ? ret : judge_dentry(from, BAILIFF_RIGHT_READ, BAILIFF_HOOK_INODE_RENAME);
}

// Making the new name, and losing what it replaces.
// on failure: deny, subjects only
static __always_inline int on_rename_to(struct dentry* from, struct dentry* to) {
    note_other(from);
    int ret = judge_dentry(to, BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_RENAME);
    if (!ret && to->d_inode) ret = on_removal(to, BAILIFF_HOOK_INODE_RENAME);
    return ret;
}

// A Unix socket is found by its inode wherever it is moved to, and no right to read it says that it
// may be connected to. What a folder holds nobody can say here. `to_folder` is the new place's.
static __noinline int carries_sockets(struct dentry* from, struct dentry* to_folder) {
    struct inode* inode = from->d_inode;
    u32 type = inode ? inode->i_mode & S_IFMT : 0;
    return type == S_IFSOCK || (type == S_IFDIR && from->d_parent != to_folder);
}

// The right to connect does not grow by a rename.
// on failure: deny, subjects only
static __always_inline int on_rename_socket(struct dentry* from, struct dentry* to) {
    struct judgement j = {
        .act = {.hook = BAILIFF_HOOK_INODE_RENAME, .right = BAILIFF_RIGHT_CONNECT_UNIX}};
    j.row = subject_row();
    if (!j.row || !carries_sockets(from, to->d_parent) || inside_overlay(j.row, from)) return 0;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    j.dentry = to;
    j.act.quiet = 1;
    j.row->scratch[SCRATCH_NOTED] = 0;
    if (judge_path(&j) || j.row->scratch[SCRATCH_NOTED]) return 0;
    j.dentry = from;
    j.act.quiet = 0;
    return judge_path(&j);
}

// A second name gives every right that the new place has, so the source must grant the strongest.
// on failure: deny, subjects only
static __always_inline int on_link_from(struct dentry* from, struct dentry* to) {
    note_other(to);
    int ret = judge_dentry(from, BAILIFF_RIGHT_WRITE, BAILIFF_HOOK_INODE_LINK);
    return ret ? ret : judge_dentry(from, BAILIFF_RIGHT_READ, BAILIFF_HOOK_INODE_LINK);
}

// on failure: deny, subjects only
static __always_inline int on_link_to(struct dentry* from, struct dentry* to) {
    note_other(from);
    return judge_dentry(to, BAILIFF_RIGHT_CREATE, BAILIFF_HOOK_INODE_LINK);
}

// The truncation that is part of an opening: how that was answered, or 0.
static __always_inline u8 answer_to_opening(struct dentry* dentry, unsigned int valid) {
    struct bailiff_task* row = valid & ATTR_OPEN ? subject_row() : 0;
    if (!row || !row->truncates) return 0;
    u64 truncates = row->truncates;
    row->truncates = 0;
    return (truncates & ~3ULL) == (u64)BPF_CORE_READ(dentry, d_inode) ? (u8)(truncates & 3) : 0;
}

static __always_inline u64 nanos_of(const struct timespec64* time) {
    return (u64)time->tv_sec * 1000000000ULL + (u64)time->tv_nsec;
}

// on failure: deny, subjects only
static __always_inline int on_inode_setattr(struct dentry* dentry, const struct iattr* attr) {
    unsigned int valid = attr->ia_valid;
    struct detail detail = {.bits = valid};
    // What is not set is whatever lay there.
    if (valid & ATTR_MODE) detail.mode = attr->ia_mode;
    if (valid & ATTR_UID) detail.words[0] = attr->ia_uid.val;
    if (valid & ATTR_GID) detail.words[0] |= (u64)attr->ia_gid.val << 32;
    if (valid & ATTR_ATIME_SET) detail.words[0] = nanos_of(&attr->ia_atime);
    if (valid & ATTR_MTIME_SET) detail.words[1] = nanos_of(&attr->ia_mtime);
    if (valid & ATTR_SIZE) {
        detail.words[1] = (u64)attr->ia_size;
        detail.exempt = answer_to_opening(dentry, valid);
        return judge_change(dentry, BAILIFF_RIGHT_TRUNCATE, BAILIFF_HOOK_INODE_SETATTR, detail);
    }
    if (valid & ATTR_FORCE)
        return 0; // the kernel itself drops set-uid bits of a file that was written
    return judge_change(dentry, BAILIFF_RIGHT_METADATA, BAILIFF_HOOK_INODE_SETATTR, detail);
}

#endif
