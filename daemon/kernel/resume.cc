#include "kernel/resume.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <cerrno>
#include <string>

#include "bailiff/abi.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/unique_fd.h"

namespace bailiff::kernel {
namespace {

constexpr std::uint64_t kNanos = 1'000'000'000;
constexpr std::uint64_t kTurns = kNanos / 10;

} // namespace

void give_turns(int map, std::uint32_t pid) {
    const std::uint64_t until = SystemClock().boot_nanos() + kTurns;
    const std::uint32_t index = pid % BAILIFF_RESUMED;
    bpf_map_update_elem(map, &index, &until, BPF_ANY);
}

// The descriptor is opened first: what is read of the pid then is either of its process, or the
// process is gone and the signal reaches nobody.
Status resume(std::uint32_t pid, std::uint64_t start_time) {
    const std::string who = "process " + std::to_string(pid);
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process && errno != ESRCH) return fail_errno("open " + who, errno);
    const Result<std::uint64_t> ticks = start_time_of(static_cast<pid_t>(pid));
    if (process && !ticks && ticks.error().code() != ErrorCode::kNotFound)
        return tl::unexpected(ticks.error());
    const auto a_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    if (!process || !ticks || *ticks != start_time / (kNanos / a_second))
        return fail(ErrorCode::kNotFound, who + " is gone");
    if (syscall(SYS_pidfd_send_signal, process.get(), SIGCONT, nullptr, 0) == 0) return {};
    if (errno == ESRCH) return fail(ErrorCode::kNotFound, who + " is gone");
    return fail_errno("let " + who + " go on", errno);
}

} // namespace bailiff::kernel
