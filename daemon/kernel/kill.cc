#include "kernel/kill.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "kernel/enrolment.h"

namespace bailiff::kernel {
namespace {

using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(2);
constexpr int kPauseMs = 10;
constexpr std::size_t kAtOnce = 512; // descriptors

// A pidfd is readable when its process has ended, reaped or not.
bool has_ended(const UniqueFd& pidfd) {
    pollfd ended{pidfd.get(), POLLIN, 0};
    return poll(&ended, 1, 0) > 0;
}

// Lists the subject's tasks again and again. A descriptor is opened in one pass and signalled in a
// later one that finds the pid still the subject's: the process that it stands for held the pid all
// the time, so it is the subject's and no other.
class Hunt {
public:
    Status pass(const std::vector<bailiff_enrolled>& tasks) {
        passes_++;
        more_ = false;
        for (const bailiff_enrolled& task : tasks) {
            const auto known = processes_.find(task.pid);
            const Status done = known == processes_.end() ? meet(task.pid) : kill(task.pid);
            if (!done) return done;
        }
        std::erase_if(processes_, [this](const auto& entry) {
            const Process& process = entry.second;
            return has_ended(process.pidfd) || (!process.signalled && process.since < passes_);
        });
        return {};
    }
    // Are there processes that the last pass met and did not signal?
    [[nodiscard]] bool more() const { return more_; }
    [[nodiscard]] Killed result() const {
        return {killed_, static_cast<std::uint32_t>(processes_.size())};
    }

private:
    struct Process {
        UniqueFd pidfd;
        int since = 0; // the pass that met it
        bool signalled = false;
    };

    Status meet(std::uint32_t pid) {
        if (processes_.size() >= kAtOnce) {
            more_ = true; // the end of those that are known makes room
            return {};
        }
        UniqueFd opened(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        // Gone, or a thread: its process has an entry of its own.
        if (!opened && (errno == ESRCH || errno == EINVAL || errno == ENOENT)) return {};
        if (!opened) return fail_errno("open process " + std::to_string(pid), errno);
        if (has_ended(opened)) return {};
        processes_[pid] = {std::move(opened), passes_, false};
        more_ = true;
        return {};
    }

    Status kill(std::uint32_t pid) {
        Process& process = processes_.at(pid);
        if (process.signalled || has_ended(process.pidfd)) return {};
        if (syscall(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL, nullptr, 0) != 0)
            return errno == ESRCH ? Status()
                                  : fail_errno("kill process " + std::to_string(pid), errno);
        process.signalled = true;
        killed_++;
        return {};
    }

    std::map<std::uint32_t, Process> processes_; // by pid
    int passes_ = 0;
    std::uint32_t killed_ = 0;
    bool more_ = false;
};

} // namespace

Result<Killed> kill_tasks(Programs& programs, std::uint32_t subject, std::uint32_t generation) {
    const auto deadline = steady_clock::now() + kPatience;
    Hunt hunt;
    while (true) {
        const auto tasks = list_tasks(programs, 0, subject, generation);
        if (!tasks) return tl::unexpected(tasks.error());
        if (Status done = hunt.pass(*tasks); !done) return tl::unexpected(done.error());
        const bool over = !hunt.more() && hunt.result().left == 0;
        if (over || steady_clock::now() >= deadline) return hunt.result();
        if (!hunt.more()) poll(nullptr, 0, kPauseMs);
    }
}

} // namespace bailiff::kernel
