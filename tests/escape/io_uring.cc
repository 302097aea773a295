#include "tests/escape/io_uring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "tests/escape/support.h"

namespace bailiff::escape {

int io_uring_once(const io_uring_sqe& entry) {
    io_uring_params params{};
    const Fd ring(static_cast<int>(syscall(SYS_io_uring_setup, 1, &params)));
    if (!ring.ok()) return errno;
    const std::size_t size = 8192;
    auto map = [&](std::uint64_t offset) {
        return static_cast<unsigned char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                                MAP_SHARED | MAP_POPULATE, ring.get(),
                                                static_cast<off_t>(offset)));
    };
    unsigned char* queue = map(IORING_OFF_SQ_RING);
    auto* entries = reinterpret_cast<io_uring_sqe*>(map(IORING_OFF_SQES));
    if (queue == MAP_FAILED || entries == MAP_FAILED) return errno;
    entries[0] = entry;
    reinterpret_cast<unsigned*>(queue + params.sq_off.array)[0] = 0;
    __atomic_store_n(reinterpret_cast<unsigned*>(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring.get(), 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) < 0)
        return errno;
    // Since 5.4 both rings are one mapping.
    const auto* completion = reinterpret_cast<const io_uring_cqe*>(queue + params.cq_off.cqes);
    return completion->res < 0 ? -completion->res : 0;
}

} // namespace bailiff::escape
