#include "kernel/holds.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <map>

namespace bailiff::kernel {

// After a key that went meanwhile the kernel begins anew, so that some come twice.
std::vector<bailiff_hold> read_holds(int map) {
    std::map<std::uint32_t, bailiff_hold> found;
    std::uint32_t key = 0;
    int more = bpf_map_get_next_key(map, nullptr, &key);
    for (int steps = 0; more == 0 && steps < 4 * BAILIFF_MAX_HOLDS; steps++) {
        bailiff_hold row{};
        if (bpf_map_lookup_elem(map, &key, &row) == 0) found.insert_or_assign(key, row);
        const std::uint32_t last = key;
        more = bpf_map_get_next_key(map, &last, &key);
    }
    std::vector<bailiff_hold> rows;
    rows.reserve(found.size());
    for (const auto& [seat, row] : found) rows.push_back(row);
    return rows;
}

Result<std::optional<bailiff_hold>> read_hold(int map, std::uint64_t hold) {
    const std::uint32_t seat = bailiff_seat(hold);
    bailiff_hold row{};
    if (bpf_map_lookup_elem(map, &seat, &row) == 0)
        return row.event.hold == hold ? std::optional(row) : std::nullopt;
    if (errno == ENOENT) return std::nullopt;
    return fail_errno("read kernel map holds", errno);
}

} // namespace bailiff::kernel
