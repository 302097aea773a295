#include "kernel/objects.h"

#include <bpf/bpf.h>
#include <sys/stat.h>

#include <cerrno>

#include "bailiff/filter.h"

namespace bailiff::kernel {

bailiff_object_key inode_key(const bailiff_inode& inode, std::uint8_t policy) {
    bailiff_object_key key = {};
    key.ino = inode.ino;
    key.dev = inode.dev;
    key.generation = inode.generation;
    key.policy = policy;
    key.kind = S_ISDIR(inode.mode) ? BAILIFF_OBJECT_DIRECTORY : BAILIFF_OBJECT_INODE;
    return key;
}

Status count_change(int filter) {
    const std::uint32_t index = BAILIFF_FILTER_CHANGES;
    std::uint64_t changes = 0;
    if (bpf_map_lookup_elem(filter, &index, &changes) != 0)
        return fail_errno("read kernel map filter", errno);
    changes++;
    if (bpf_map_update_elem(filter, &index, &changes, BPF_ANY) != 0)
        return fail_errno("write kernel map filter", errno);
    return {};
}

Status write_object(int objects, int filter, const bailiff_object_key& key,
                    const bailiff_object& object) {
    if (key.ino != 0) {
        const struct bailiff_filter_place place = bailiff_filter_place(key.ino, key.dev);
        std::uint64_t word = 0;
        if (bpf_map_lookup_elem(filter, &place.word, &word) != 0)
            return fail_errno("read kernel map filter", errno);
        word |= place.bits;
        if (bpf_map_update_elem(filter, &place.word, &word, BPF_ANY) != 0)
            return fail_errno("write kernel map filter", errno);
    }
    if (bpf_map_update_elem(objects, &key, &object, BPF_ANY) == 0) return count_change(filter);
    if (errno == E2BIG || errno == ENOSPC)
        return fail(ErrorCode::kResourceExhausted, "kernel map objects is full: more than " +
                                                       std::to_string(BAILIFF_MAX_OBJECTS) +
                                                       " labelled objects");
    return fail_errno("write kernel map objects", errno);
}

} // namespace bailiff::kernel
