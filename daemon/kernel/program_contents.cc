#include "kernel/program_contents.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bailiff::kernel {

// By a map and an iterator that nothing else uses: it runs beside the thread of the socket.
Result<bailiff_file> ProgramContents::examine(int fd) {
    const Result<int> map = programs_.map_fd("examined");
    if (!map) return tl::unexpected(map.error());
    const std::uint32_t zero = 0;
    const bailiff_examined wanted = {static_cast<std::uint32_t>(getpid()),
                                     static_cast<std::uint32_t>(fd)};
    if (bpf_map_update_elem(*map, &zero, &wanted, BPF_ANY) != 0)
        return fail_errno("write map examined", errno);
    const Result<std::string> bytes = programs_.read_iterator("examine", wanted.pid);
    if (!bytes) return tl::unexpected(bytes.error());
    bailiff_file file{};
    if (bytes->size() != sizeof(file))
        return fail(ErrorCode::kInternal, "the kernel does not show the file's descriptor");
    std::memcpy(&file, bytes->data(), sizeof(file));
    return file;
}

// Every row can be had again: what is used is hashed once more.
void ProgramContents::forget_all() {
    for (const char* name : {"digests", "openings"}) {
        const Result<int> map = programs_.map_fd(name);
        bailiff_file_key key{};
        while (map && bpf_map_get_next_key(*map, nullptr, &key) == 0)
            if (bpf_map_delete_elem(*map, &key) != 0) break;
    }
}

// Before the first row: an opening is counted only where somebody may have a row.
Status ProgramContents::start_counting() {
    const Result<int> map = programs_.map_fd("counting");
    if (!map) return tl::unexpected(map.error());
    const std::uint32_t zero = 0;
    const std::uint32_t yes = 1;
    if (bpf_map_update_elem(*map, &zero, &yes, BPF_ANY) == 0) return {};
    return fail_errno("write map counting", errno);
}

Result<std::uint64_t> ProgramContents::openings(const bailiff_file_key& key) {
    const Result<int> map = programs_.map_fd("openings");
    if (!map) return tl::unexpected(map.error());
    if (Status counting = start_counting(); !counting) return tl::unexpected(counting.error());
    const std::uint64_t none = 0;
    int made = bpf_map_update_elem(*map, &key, &none, BPF_NOEXIST);
    if (made != 0 && errno == E2BIG) {
        forget_all();
        made = bpf_map_update_elem(*map, &key, &none, BPF_NOEXIST);
    }
    if (made != 0 && errno != EEXIST) return fail_errno("write map openings", errno);
    std::uint64_t count = 0;
    if (bpf_map_lookup_elem(*map, &key, &count) != 0) return fail_errno("read map openings", errno);
    return count;
}

std::optional<bailiff_digest> ProgramContents::find(const bailiff_file_key& key) {
    const Result<int> map = programs_.map_fd("digests");
    bailiff_digest row{};
    if (!map || bpf_map_lookup_elem(*map, &key, &row) != 0) return std::nullopt;
    return row;
}

Status ProgramContents::put(const bailiff_file_key& key, const bailiff_digest& row) {
    const Result<int> map = programs_.map_fd("digests");
    if (!map) return tl::unexpected(map.error());
    if (bpf_map_update_elem(*map, &key, &row, BPF_ANY) == 0) return {};
    const int error = errno;
    if (error == E2BIG) forget_all();
    return fail_errno("write map digests", error);
}

} // namespace bailiff::kernel
