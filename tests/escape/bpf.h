// The few calls of bpf(2) that acts make, raw: no library stands between the attempt and the
// kernel.
#pragma once

#include <linux/bpf.h>

namespace bailiff::escape {

int bpf_make_map();
int bpf_load_program();
int bpf_get_pin(const char* path);
int bpf_link_to_cgroup(const char* folder);
// A descriptor of the first object; BPF_PROG_GET_NEXT_ID or BPF_MAP_GET_NEXT_ID says of which kind.
int bpf_first_by_id(bpf_cmd next);

// 0 or an errno; a descriptor below 0 gives the errno it came with.
int bpf_pin(int fd, const char* path);
int bpf_detach_link(int link);

} // namespace bailiff::escape
