// File systems that a container mounted for itself. No host path leads to them, so bailiffd cannot
// label their root before the container's first process runs.
#ifndef BAILIFF_CONTAINER_H
#define BAILIFF_CONTAINER_H

#include "kernel_types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MAX_MOUNTS 256 // of one file system

// The address of the super block that bailiff-kernel's root is on, the host's, and of the root
// folder itself. 0 until they are known.
unsigned long long host_root = 0;
unsigned long long host_root_folder = 0;

static __always_inline u64 root_of(const struct task_struct* task) {
    return (u64)BPF_CORE_READ(task, fs, root.mnt, mnt_sb);
}

static __always_inline u64 root_folder_of(const struct task_struct* task) {
    return (u64)BPF_CORE_READ(task, fs, root.dentry);
}

// In a program that bailiff-kernel runs.
static __always_inline void note_host_root(void) {
    host_root = root_of(bpf_get_current_task_btf());
    host_root_folder = root_folder_of(bpf_get_current_task_btf());
}

// Is the task's root another file system than the host's?
static __always_inline int has_root_of_its_own(const struct task_struct* task) {
    u64 own = root_of(task);
    return host_root && own && own != host_root;
}

// Is the name at kernel address `from` that of a container's control group: ID, docker-ID or
// libpod-ID, where ID has 64 hexadecimal digits (the last one is not looked at)?
__noinline int names_container(u64 from) {
    u64 prefix = 0;
    bpf_probe_read_kernel(&prefix, 7, (const void*)from);
    if (prefix == 0x2d72656b636f64 || prefix == 0x2d646f7062696c) from += 7;
    char id[64] = {};
    bpf_probe_read_kernel_str(id, sizeof(id), (const void*)from); // all but the last digit
    for (u32 i = 0; i < sizeof(id) - 1; i++)
        if (!(id[i] >= '0' && id[i] <= '9') && !(id[i] >= 'a' && id[i] <= 'f')) return 0;
    return 1;
}

// runc, by a copy of itself or its own file, before it has entered the container's root: docker's
// runtime executes itself again in the container's cgroup, as root, and makes the container from
// there. What it executes next has the container's root. (Podman's crun executes nothing but that.)
static __always_inline int is_runtime(const struct task_struct* task, const struct dentry* image) {
    u64 name[3] = {};
    const unsigned char* from = BPF_CORE_READ(image, d_name.name);
    bpf_probe_read_kernel_str(name, sizeof(name), from);
    int copy = name[0] == 0x75723a64666d656d && name[1] == 0x656e6f6c635f636e; // memfd:runc_cloned
    if (!copy && name[0] != 0x636e7572) return 0;                              // runc
    if (!host_root_folder || root_folder_of(task) != host_root_folder) return 0;
    if (BPF_CORE_READ(task, cred, uid.val)) return 0;
    return names_container((u64)BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, name));
}

// What a runtime mounts anew for each container. Not what shows other files under other names, as
// an overlay does.
static __always_inline int is_made_anew(u64 magic) {
    return magic == TMPFS_MAGIC || magic == PROC_SUPER_MAGIC || magic == SYSFS_MAGIC ||
           magic == DEVPTS_SUPER_MAGIC || magic == MQUEUE_MAGIC;
}

// A walk over the mounts of a file system, by address.
struct mounts {
    u64 next;   // the link of the mount to look at
    u64 end;    // what the last one links to
    u64 mnt_ns; // where all should be
};

// From 6.18 on the list is linked by a pointer to the next mount.
static __always_inline int is_linked(void) {
    return bpf_core_field_exists(struct mount___linked, mnt_next_for_sb) != 0;
}

// One mount. Returns 1 to end the walk.
static long mounts_step(u32 number, struct mounts* m) {
    (void)number;
    u64 at = m->next;
    if (at == m->end) return 1;
    if (!is_linked()) at -= bpf_core_field_offset(struct mount, mnt_instance);
    const struct mount* mount = (const struct mount*)at;
    if ((u64)BPF_CORE_READ(mount, mnt_ns) != m->mnt_ns) return 1;
    if (is_linked())
        m->next = (u64)BPF_CORE_READ((const struct mount___linked*)at, mnt_next_for_sb);
    else
        m->next = (u64)BPF_CORE_READ(mount, mnt_instance.next);
    return 0;
}

// Is the super block at this address mounted in the mount namespace of the current task and nowhere
// else, and is that a container's? The list is read without its lock: what is half linked looks
// like a mount elsewhere.
__noinline int mounted_in_container(u64 super_block) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct super_block* of = (const struct super_block*)super_block;
    if (!has_root_of_its_own(task) || !is_made_anew(BPF_CORE_READ(of, s_magic))) return 0;
    struct mounts m = {.mnt_ns = (u64)BPF_CORE_READ(task, nsproxy, mnt_ns)};
    u64 first = 0;
    if (is_linked()) {
        const struct super_block___linked* sb = (const struct super_block___linked*)super_block;
        first = (u64)BPF_CORE_READ(sb, s_mounts);
    } else {
        first = (u64)BPF_CORE_READ(of, s_mounts.next);
        m.end = super_block + bpf_core_field_offset(struct super_block, s_mounts);
    }
    m.next = first;
    bpf_loop(MAX_MOUNTS, mounts_step, &m, 0);
    return m.mnt_ns && first != m.end && m.next == m.end;
}

#endif
