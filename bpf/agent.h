// Which tasks that are no subject become one: an agent without a session. By the file they execute,
// the script they open, their uid, or their cgroup. If the row cannot be made, the act that would
// have made it fails: an agent never runs unwatched.
#ifndef BAILIFF_AGENT_H
#define BAILIFF_AGENT_H

#include "label.h"

#define MAX_CGROUP_LEVELS 16 // deeper levels belong to the agent of a level above, if any

static __always_inline void inode_key(struct bailiff_object_key* key, struct dentry* dentry) {
    struct inode* inode = dentry->d_inode;
    struct super_block* sb = dentry->d_sb;
    key->dev = sb->s_dev;
    if (inode) {
        key->ino = inode->i_ino;
        key->generation = inode->i_generation;
    }
}

// A folder is nobody's script, though on overlayfs it can have a script's number.
static __always_inline struct bailiff_task* agent_of_file(struct dentry* dentry) {
    struct bailiff_object_key key = {.kind = BAILIFF_OBJECT_INODE};
    struct inode* inode = dentry->d_inode;
    if (!inode || (inode->i_mode & S_IFMT) == S_IFDIR) return 0;
    inode_key(&key, dentry);
    return bpf_map_lookup_elem(&agents, &key);
}

// The keyed hash of the cgroup's name at kernel address `from`; of its path where `above`, the hash
// of the path above it, is not 0 or `from` lies directly below the root.
__noinline u64 hash_cgroup(u64 from, u64 above) {
    const struct bailiff_config* c = read_config();
    u64 name[BAILIFF_NAME_MAX / 8] = {};
    if (!c) return 0;
    long n = bpf_probe_read_kernel_str(name, sizeof(name), (const void*)from);
    if (n <= 1 || n > BAILIFF_NAME_MAX) return 0;
    return bailiff_cgroup_hash(name, (u32)n - 1, above, c->name_key[0], c->name_key[1]);
}

// Podman's monitor of a container: it runs on the host, in a cgroup beside the container's, and
// starts the runtime that makes it. "conmon", or "libpod-conmon-ID.scope".
static __always_inline int is_monitor(struct cgroup* leaf) {
    u64 name[2] = {};
    const char* from = BPF_CORE_READ(leaf, kn, name);
    bpf_probe_read_kernel_str(name, sizeof(name), from);
    if (name[0] == 0x00006e6f6d6e6f63) return name[1] == 0;
    return name[0] == 0x632d646f7062696c && (name[1] & 0xffffffffffff) == 0x2d6e6f6d6e6f;
}

// The session that a cgroup on the way is bound to goes before every agent, and of two agents the
// one nearer to the root.
static __always_inline struct bailiff_task* agent_of_cgroup(struct task_struct* task) {
    struct bailiff_object_key key = {};
    struct bailiff_task* agent = 0;
    struct cgroup* leaf = BPF_CORE_READ(task, cgroups, dfl_cgrp);
    int levels = BPF_CORE_READ(leaf, level);
    u64 ancestors = (u64)leaf + bpf_core_field_offset(struct cgroup, ancestors);
    u64 path = 0;
    int monitor = is_monitor(leaf);
    for (int level = 1; level < MAX_CGROUP_LEVELS && level <= levels; level++) {
        struct cgroup* at = 0;
        bpf_probe_read_kernel(&at, sizeof(at), (const void*)(ancestors + (u64)level * 8));
        key.kind = BAILIFF_OBJECT_CGROUP;
        key.ino = BPF_CORE_READ(at, kn, id);
        key.name = 0;
        struct bailiff_task* bound = bpf_map_lookup_elem(&agents, &key);
        if (bound) return bound;
        if (agent || monitor) continue;
        u64 name = (u64)BPF_CORE_READ(at, kn, name);
        key.kind = BAILIFF_OBJECT_UNIT;
        key.ino = 0;
        key.name = hash_cgroup(name, 0);
        agent = bpf_map_lookup_elem(&agents, &key);
        if (agent) continue;
        path = hash_cgroup(name, path);
        key.kind = BAILIFF_OBJECT_CGROUP;
        key.name = path;
        agent = bpf_map_lookup_elem(&agents, &key);
    }
    return agent;
}

static __always_inline struct bailiff_task* agent_of_uid(struct task_struct* task) {
    struct bailiff_object_key key = {.kind = BAILIFF_OBJECT_UID};
    key.ino = BPF_CORE_READ(task, cred, uid.val);
    return bpf_map_lookup_elem(&agents, &key);
}

// The agent that a task is by where it runs and as whom, whatever it executes.
static __always_inline struct bailiff_task* agent_of_task(struct task_struct* task) {
    const struct bailiff_config* c = read_config();
    struct bailiff_task* found = 0;
    if (!c) return 0;
    if (c->flags & (BAILIFF_CONFIG_MATCH_UNIT | BAILIFF_CONFIG_MATCH_CGROUP))
        found = agent_of_cgroup(task);
    if (!found && (c->flags & BAILIFF_CONFIG_MATCH_UID)) found = agent_of_uid(task);
    return found;
}

// The agent that a task is by what it executes, else by its place. A row without a subject is an
// interpreter's, which is watched.
static __always_inline struct bailiff_task* agent_of_image(struct task_struct* task,
                                                           struct dentry* image) {
    struct bailiff_task* by_file = agent_of_file(image);
    if (by_file && by_file->subject) return by_file;
    struct bailiff_task* by_place = agent_of_task(task);
    return by_place && !is_runtime(task, image) ? by_place : by_file;
}

// An agent's own file or place makes the executing task a subject; an interpreter makes it watched.
static __noinline int adopt_at_exec(struct dentry* dentry) {
    struct task_struct* task = bpf_get_current_task_btf();
    struct bailiff_task* fresh = agent_of_image(task, dentry);
    if (!fresh) return 0;
    struct bailiff_task* row =
        bpf_task_storage_get(&tasks, task, fresh, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!row) {
        count(BAILIFF_COUNTER_STORAGE_FAILED);
        return -EPERM;
    }
    row->generation = fresh->generation; // it may have been watched before
    row->subject = fresh->subject;
    return 0;
}

// What a watched task executed is no interpreter: it is no longer watched.
static __always_inline void forget_unless_interpreter(struct bailiff_task* row,
                                                      struct dentry* dentry) {
    if (!row->subject && !agent_of_file(dentry))
        bpf_task_storage_delete(&tasks, bpf_get_current_task_btf());
}

// The script behind a compiled Python module: DIRECTORY/__pycache__/MODULE.*.pyc.
static __always_inline struct bailiff_task* agent_of_module(struct bailiff_task* row,
                                                            struct dentry* dentry) {
    static const char folder[] = "__pycache__";
    struct dentry* cache = dentry->d_parent;
    struct dentry* directory = cache->d_parent;
    char name[sizeof(folder)] = {};
    const unsigned char* from = BPF_CORE_READ(cache, d_name.name);
    if (bpf_probe_read_kernel_str(name, sizeof(name), from) != sizeof(folder)) return 0;
    for (u32 i = 0; i < sizeof(folder); i++)
        if (name[i] != folder[i]) return 0;
    struct bailiff_object_key key = {.kind = BAILIFF_OBJECT_MODULE};
    inode_key(&key, directory);
    key.name = hash_stem(row, name_address(dentry));
    return bpf_map_lookup_elem(&agents, &key);
}

// A watched task opens a file. Returns its row if that makes it an agent, or made it one before.
static __noinline int watched_open(struct bailiff_task* row, struct dentry* dentry) {
    if (!row || !dentry) return 0;
    if (follow_leader(row)) return 1;
    struct bailiff_task* found = agent_of_file(dentry);
    if (!found || !found->subject) found = agent_of_module(row, dentry);
    if (!found || !found->subject) return 0;
    struct task_struct* task = bpf_get_current_task_btf();
    struct task_struct* leader = task->group_leader;
    struct bailiff_task* first = leader ? bpf_task_storage_get(&tasks, leader, 0, 0) : 0;
    row->generation = found->generation;
    row->subject = found->subject;
    if (first && !first->subject) {
        first->generation = found->generation;
        first->subject = found->subject;
    }
    const struct bailiff_subject* subject = find_subject(row->subject);
    struct bailiff_event* e = event_reserve();
    if (!e) return 1;
    event_who(e, row, subject);
    e->kind = BAILIFF_EVENT_UNBOUND;
    e->hook = BAILIFF_HOOK_FILE_OPEN;
    event_object(e, dentry);
    bpf_ringbuf_submit(e, 0);
    return 1;
}

#endif
