#include "kernel/subject_slot.h"

#include <bpf/bpf.h>

#include <cerrno>

namespace bailiff::kernel {
namespace {

Result<bailiff_subject_slot> read_slot(int subjects, std::uint32_t slot) {
    bailiff_subject_slot held = {};
    if (bpf_map_lookup_elem(subjects, &slot, &held) != 0)
        return fail_errno("read map subjects, slot " + std::to_string(slot), errno);
    return held;
}

Status write_slot(int subjects, std::uint32_t slot, const bailiff_subject_slot& held) {
    if (bpf_map_update_elem(subjects, &slot, &held, BPF_ANY) != 0)
        return fail_errno("write map subjects, slot " + std::to_string(slot), errno);
    return {};
}

} // namespace

Status write_subject(int subjects, std::uint32_t slot, const bailiff_subject& row) {
    Result<bailiff_subject_slot> held = read_slot(subjects, slot);
    if (!held) return tl::unexpected(held.error());
    const std::uint32_t next = (held->current & 1U) ^ 1U;
    held->view[next] = row;
    if (Status filled = write_slot(subjects, slot, *held); !filled) return filled;
    held->current = next;
    return write_slot(subjects, slot, *held);
}

Result<bailiff_subject> read_subject(int subjects, std::uint32_t slot) {
    const Result<bailiff_subject_slot> held = read_slot(subjects, slot);
    if (!held) return tl::unexpected(held.error());
    return held->view[held->current & 1U];
}

} // namespace bailiff::kernel
