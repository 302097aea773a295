// The kernel memory of bailiff's maps, told three ways.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bailiff::bench {

struct MapMemory {
    std::string name;
    std::uint64_t measured = 0; // what the kernel allocated for equal maps with equal contents
    std::uint64_t memlock = 0;  // `memlock` in /proc/self/fdinfo
    std::uint64_t declared = 0; // max_entries * (key + value) of bpf_map_info
};

// Of every map in this kernel: nobody else's are here. The truth is `measured`: each map is made
// once more, with the same entries, inside a memory cgroup of its own, and the cgroup's kernel
// memory is read before and after. `memlock` is no measurement: up to 6.3 the kernel computes it
// from the declared sizes, so that an empty hash map that allocates on demand counts as a full one
// and its buckets not at all. `declared` is the same without rounding. Task storage cannot be made
// again that way: it costs nothing without subjects, and a row and its header for each task of one.
[[nodiscard]] std::vector<MapMemory> map_memory();

} // namespace bailiff::bench
