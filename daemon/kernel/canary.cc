#include "kernel/canary.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <string>

#include "bailiff/abi.h"
#include "base/unique_fd.h"
#include "kernel/enrolment.h"
#include "kernel/kernel_version.h"
#include "kernel/subject_slot.h"

namespace bailiff::kernel {
namespace {

std::uint64_t boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

template <typename Value>
Status write_map(Programs& programs, const char* map, std::uint32_t index, const Value& value) {
    const Result<int> fd = programs.map_fd(map);
    if (!fd) return tl::unexpected(fd.error());
    if (bpf_map_update_elem(*fd, &index, &value, BPF_ANY) != 0)
        return fail_errno(std::string("write map ") + map, errno);
    return {};
}

Status write_session(Programs& programs, bailiff_session_state state) {
    bailiff_session session = {};
    session.state = state;
    session.expires_at = ~0ULL;
    return write_map(programs, "sessions", kCanarySession, session);
}

// The acts. Each returns 0 or an errno, and changes nothing.
int act_fork() {
    const pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    return 0;
}

int act_exec() {
    char* const arguments[] = {const_cast<char*>("bailiff-kernel"), const_cast<char*>("--probe"),
                               nullptr};
    char* const environment[] = {nullptr};
    execve("/proc/self/exe", arguments, environment);
    return errno;
}

int act_open() {
    const UniqueFd fd(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    return fd ? 0 : errno;
}

int act_connect() {
    const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return errno;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Connecting a datagram socket sends nothing.
    return connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ? 0
                                                                                          : errno;
}

// bailiff-kernel, the parent, ignores it.
int act_signal() {
    return kill(getppid(), SIGWINCH) == 0 ? 0 : errno;
}

int act_map_code() {
    void* const page =
        mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : 0;
}

int act_bpf() {
    std::uint32_t id = 0;
    return bpf_map_get_next_id(0, &id) == 0 ? 0 : errno;
}

int act(Family family) {
    switch (family) {
        case Family::kTask:
            return act_fork();
        case Family::kExec:
            return act_exec();
        case Family::kFile:
            return act_open();
        case Family::kNetwork:
            return act_connect();
        case Family::kProcess:
            return act_signal();
        case Family::kMemory:
            return act_map_code();
        case Family::kSystem:
            return act_bpf();
    }
    return EINVAL;
}

// What the probe waits for, in memory that both share: nothing passes through a descriptor of a
// session that is over.
class Gate {
public:
    static Result<Gate> make() {
        void* const page = mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return fail_errno("map memory for a probe", errno);
        return Gate(new (page) std::atomic<bool>(false));
    }
    void open() { open_->store(true); }
    void wait() const {
        while (!open_->load()) sched_yield();
    }

private:
    struct Unmap {
        void operator()(std::atomic<bool>* flag) const { munmap(flag, sizeof(*flag)); }
    };
    explicit Gate(std::atomic<bool>* flag) : open_(flag) {}
    std::unique_ptr<std::atomic<bool>, Unmap> open_;
};

// Runs the act in a child; as a subject where `enrolled`. Returns 0 or the act's errno.
Result<int> probe(Programs& programs, Family family, bool enrolled) {
    Result<Gate> gate = Gate::make();
    if (!gate) return tl::unexpected(gate.error());
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) return fail_errno("fork for a probe", errno);
    if (child == 0) {
        // Nobody opens the gate of a parent that was killed.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(EINTR);
        gate->wait();
        _exit(act(family));
    }
    const auto pid = static_cast<std::uint32_t>(child);
    Status enrolment;
    if (enrolled) {
        const Result<std::uint64_t> started = process_start_time(pid);
        const Result<std::uint32_t> tasks =
            started ? enrol(programs, pid, *started, kCanarySubject, 1)
                    : Result<std::uint32_t>(tl::unexpected(started.error()));
        if (!tasks) enrolment = tl::unexpected(tasks.error());
    }
    gate->open();
    int state = 0;
    if (waitpid(child, &state, 0) != child) return fail_errno("wait for a probe", errno);
    if (!enrolment) return tl::unexpected(enrolment.error());
    return WIFEXITED(state) ? WEXITSTATUS(state) : EINTR;
}

bool kernel_preempts() {
    // /sys/kernel/debug/sched/preempt exists only with dynamic preemption and debugfs; the version
    // string always names what the kernel was built for.
    std::ifstream dynamic("/sys/kernel/debug/sched/preempt");
    std::string line;
    if (std::getline(dynamic, line))
        return line.find("(full)") != std::string::npos || line.find("(lazy)") != std::string::npos;
    utsname kernel{};
    uname(&kernel);
    const std::string built = kernel.version;
    std::ifstream command_line("/proc/cmdline");
    std::string boot;
    std::getline(command_line, boot);
    if (boot.find("preempt=none") != std::string::npos ||
        boot.find("preempt=voluntary") != std::string::npos)
        return false;
    if (boot.find("preempt=full") != std::string::npos ||
        boot.find("preempt=lazy") != std::string::npos)
        return true;
    // Which of them a kernel with dynamic preemption runs cannot be told here: the worst is
    // assumed.
    return built.find("PREEMPT") != std::string::npos;
}

// Before 6.2 a task that was preempted inside its storage leaves that of every other task on its
// processor unreadable meanwhile, and a subject without its row passes for none.
bool storage_can_be_busy(bool preempts) {
    const auto version = kernel_version();
    return preempts && (!version || *version < std::pair(6U, 2U));
}

bool ftrace_enabled() {
    std::ifstream file("/proc/sys/kernel/ftrace_enabled");
    int value = 1; // kernels without the switch cannot be switched off
    file >> value;
    return value != 0;
}

// As "a, b"; ends with "..." where cut.
template <typename Names, std::size_t size>
void tell_names(const Names& names, char (&into)[size]) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    if (text.size() >= size) {
        text.resize(size - 4);
        text += "...";
    }
    std::memcpy(into, text.data(), text.size());
}

void tell(const Mending& mending, WirePosture& posture) {
    posture.mended_pins = static_cast<std::uint32_t>(mending.mended.size());
    posture.unpinned_pins = static_cast<std::uint32_t>(mending.unpinned.size());
    tell_names(mending.unpinned.empty() ? mending.mended : mending.unpinned, posture.pins);
}

} // namespace

Status prepare_canary(Programs& programs) {
    bailiff_policy policy = {};
    policy.layer[BAILIFF_LAYER_HOST].word[0] = 1;
    bailiff_row row = {};
    row.says[BAILIFF_VERDICT_DENY].word[0] = 1;
    bailiff_subject subject = {};
    subject.profiles.word[0] = 1;
    subject.session = kCanarySession;
    subject.policy = kCanaryPolicy;
    subject.generation = 1;
    subject.flags = BAILIFF_SUBJECT_CANARY;
    subject.epoch = programs.generation();
    for (std::uint32_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        if (Status written =
                write_map(programs, "defaults", kCanaryPolicy * BAILIFF_ALL_RIGHTS + right, row);
            !written)
            return written;
    if (Status written = write_map(programs, "policies", kCanaryPolicy, policy); !written)
        return written;
    if (Status written = write_session(programs, BAILIFF_SESSION_ACTIVE); !written) return written;
    const Result<int> subjects = programs.map_fd("subjects");
    if (!subjects) return tl::unexpected(subjects.error());
    return write_subject(*subjects, kCanarySubject, subject);
}

std::string why_not_complete(const Programs& programs) {
    std::string names;
    std::string options;
    for (const std::string& name : programs.missing()) {
        names += (names.empty() ? "" : ", ") + name;
        options += " --without " + name;
    }
    return "this kernel does not take the programs " + names +
           ", so no session is opened; bailiff-kernel" + options + " accepts that";
}

Result<WirePosture> run_canaries(Programs& programs) {
    WirePosture posture = {};
    posture.attachment = programs.attachment() == Attachment::kLsm ? 0 : 1;
    posture.preemptible = kernel_preempts() ? 1 : 0;
    posture.ftrace_enabled = ftrace_enabled() ? 1 : 0;
    const Result<std::uint64_t> misses = programs.recursion_misses();
    if (!misses) return tl::unexpected(misses.error());
    posture.recursion_misses = *misses;
    posture.storage_busy = storage_can_be_busy(posture.preemptible != 0) ? 1 : 0;
    tell(programs.mend_pins(), posture);
    tell_names(programs.waived(), posture.waived);
    tell_names(programs.missing(), posture.missing);
    for (std::size_t i = 0; i < kFamilyNames.size(); i++) {
        const auto family = static_cast<Family>(i);
        // A fork is refused only where the session is over; the rest is refused by a rule.
        if (Status set = write_session(
                programs, family == Family::kTask ? BAILIFF_SESSION_ENDED : BAILIFF_SESSION_ACTIVE);
            !set)
            return tl::unexpected(set.error());
        const Result<int> control = probe(programs, family, false);
        if (!control) return tl::unexpected(control.error());
        const Result<int> denied = probe(programs, family, true);
        if (!denied) return tl::unexpected(denied.error());
        posture.enforcing[static_cast<std::uint32_t>(family)] = *control == 0 && *denied == EPERM;
    }
    posture.checked_at = boot_time();
    return posture;
}

} // namespace bailiff::kernel
