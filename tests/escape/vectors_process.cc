// Processes of the same account outside the session: signals, tracing, limits, what /proc gives.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr int kSignal = SIGUSR1; // the victim tells of it
constexpr int kGetFd = 438;      // pidfd_getfd
constexpr int kMadvise = 440;    // process_madvise

std::string proc(const Place& place, const std::string& file) {
    return "/proc/" + std::to_string(victim_of(place)) + "/" + file;
}

Fd pidfd_of(const Place& place) {
    return Fd(static_cast<int>(syscall(SYS_pidfd_open, victim_of(place), 0)));
}

// The call succeeded; did the signal arrive?
int sent(long result, const Place& place) {
    return result < 0 ? errno : expect_hit(place);
}

siginfo_t queued(int signal_number) {
    siginfo_t info{};
    info.si_signo = signal_number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    return info;
}

// An address that is mapped in the victim too, for it is the same static program.
char shared_address[64] = "escape";

int attach(const Place& place, bool seize) {
    const pid_t victim = victim_of(place);
    if (ptrace(seize ? PTRACE_SEIZE : PTRACE_ATTACH, victim, nullptr, nullptr) != 0) return errno;
    if (seize) ptrace(PTRACE_INTERRUPT, victim, nullptr, nullptr);
    int status = 0;
    waitpid(victim, &status, __WALL);
    return outcome(ptrace(PTRACE_DETACH, victim, nullptr, nullptr));
}

int notify_by_descriptor(const Place& place, int owner_command) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    const Fd read_end(ends[0]);
    const Fd write_end(ends[1]);
    const pid_t victim = victim_of(place);
    f_owner_ex owner{F_OWNER_PID, victim};
    const int owned = owner_command == F_SETOWN ? fcntl(read_end.get(), F_SETOWN, victim)
                                                : fcntl(read_end.get(), F_SETOWN_EX, &owner);
    if (owned != 0) return errno;
    if (fcntl(read_end.get(), F_SETSIG, kSignal) != 0) return errno;
    if (fcntl(read_end.get(), F_SETFL, O_ASYNC | O_NONBLOCK) != 0) return errno;
    return sent(write(write_end.get(), "x", 1), place);
}

int notify_by_socket(const Place& place, unsigned long owner_command) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    const Fd here(ends[0]);
    const Fd there(ends[1]);
    int victim = victim_of(place);
    int on = 1;
    if (ioctl(here.get(), owner_command, &victim) != 0) return errno;
    if (ioctl(here.get(), FIOASYNC, &on) != 0) return errno;
    return sent(write(there.get(), "x", 1), place);
}

constexpr Extra kVictim{.victim = true};

constexpr Vector kVectors[] = {
    {"process_kill", "sends a signal to a process outside", Who::kUser,
     [](const Place& place) { return sent(kill(victim_of(place), kSignal), place); }, kVictim},
    {"process_kill_hard", "kills a process outside", Who::kUser,
     [](const Place& place) { return outcome(kill(victim_of(place), SIGKILL)); }, kVictim},
    {"process_stop", "stops a process outside", Who::kUser,
     [](const Place& place) { return outcome(kill(victim_of(place), SIGSTOP)); }, kVictim},
    {"process_kill_group", "sends a signal to a process group outside", Who::kUser,
     [](const Place& place) { return sent(kill(-victim_of(place), kSignal), place); }, kVictim},
    {"process_kill_all", "sends a signal to all processes it may (kill -1)", Who::kUser,
     [](const Place& place) { return sent(kill(-1, SIGWINCH), place); }, kVictim},
    {"process_tkill", "sends a signal with tkill(2)", Who::kUser,
     [](const Place& place) { return sent(syscall(SYS_tkill, victim_of(place), kSignal), place); },
     kVictim},
    {"process_tgkill", "sends a signal with tgkill(2)", Who::kUser,
     [](const Place& place) {
         const pid_t victim = victim_of(place);
         return sent(syscall(SYS_tgkill, victim, victim, kSignal), place);
     },
     kVictim},
    {"process_pidfd_signal", "sends a signal by a descriptor of the process", Who::kUser,
     [](const Place& place) {
         const Fd fd = pidfd_of(place);
         return sent(syscall(SYS_pidfd_send_signal, fd.get(), kSignal, nullptr, 0), place);
     },
     kVictim},
    {"process_sigqueue", "queues a signal with rt_sigqueueinfo(2)", Who::kUser,
     [](const Place& place) {
         siginfo_t info = queued(kSignal);
         return sent(syscall(SYS_rt_sigqueueinfo, victim_of(place), kSignal, &info), place);
     },
     kVictim},
    {"process_tgsigqueue", "queues a signal with rt_tgsigqueueinfo(2)", Who::kUser,
     [](const Place& place) {
         siginfo_t info = queued(kSignal);
         const pid_t victim = victim_of(place);
         return sent(syscall(SYS_rt_tgsigqueueinfo, victim, victim, kSignal, &info), place);
     },
     kVictim},
    {"process_signal_by_owner", "has the kernel signal a process by F_SETOWN and F_SETSIG",
     Who::kUser, [](const Place& place) { return notify_by_descriptor(place, F_SETOWN); }, kVictim},
    {"process_signal_by_owner_ex", "the same with F_SETOWN_EX", Who::kUser,
     [](const Place& place) { return notify_by_descriptor(place, F_SETOWN_EX); }, kVictim},
    {"process_signal_by_socket", "has the kernel signal a process by ioctl FIOSETOWN on a socket",
     Who::kUser, [](const Place& place) { return notify_by_socket(place, FIOSETOWN); }, kVictim},
    {"process_signal_by_socket_group", "the same with SIOCSPGRP", Who::kUser,
     [](const Place& place) { return notify_by_socket(place, SIOCSPGRP); }, kVictim},
    {"process_ptrace_attach", "attaches to a process outside", Who::kUser,
     [](const Place& place) { return attach(place, false); }, kVictim},
    {"process_ptrace_seize", "seizes a process outside", Who::kUser,
     [](const Place& place) { return attach(place, true); }, kVictim},
    {"process_traceme", "asks a parent outside (init) to be its tracer", Who::kUser,
     [](const Place&) {
         return in_orphan([] { return outcome(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); });
     }},
    {"process_read_memory", "reads the memory of a process outside over /proc/PID/mem", Who::kUser,
     [](const Place& place) {
         const Fd fd(open(proc(place, "mem").c_str(), O_RDONLY));
         char byte = 0;
         if (!fd.ok()) return errno;
         return outcome(pread(fd.get(), &byte, 1, reinterpret_cast<off_t>(shared_address)));
     },
     kVictim},
    {"process_write_memory", "writes to the memory of a process outside over /proc/PID/mem",
     Who::kUser,
     [](const Place& place) {
         const Fd fd(open(proc(place, "mem").c_str(), O_RDWR));
         if (!fd.ok()) return errno;
         return outcome(pwrite(fd.get(), "e", 1, reinterpret_cast<off_t>(shared_address)));
     },
     kVictim},
    {"process_vm_readv", "reads the memory of a process outside with process_vm_readv(2)",
     Who::kUser,
     [](const Place& place) {
         char copy[8];
         const iovec local{copy, 1};
         const iovec remote{shared_address, 1};
         return outcome(process_vm_readv(victim_of(place), &local, 1, &remote, 1, 0));
     },
     kVictim},
    {"process_vm_writev", "writes to the memory of a process outside with process_vm_writev(2)",
     Who::kUser,
     [](const Place& place) {
         const iovec local{shared_address, 1};
         const iovec remote{shared_address, 1};
         return outcome(process_vm_writev(victim_of(place), &local, 1, &remote, 1, 0));
     },
     kVictim},
    {"process_madvise", "advises the kernel about the memory of a process outside", Who::kRoot,
     [](const Place& place) {
         const Fd fd = pidfd_of(place);
         void* page =
             reinterpret_cast<void*>(reinterpret_cast<unsigned long>(shared_address) & ~4095UL);
         const iovec range{page, 4096};
         return outcome(syscall(kMadvise, fd.get(), &range, 1, MADV_COLD, 0));
     },
     kVictim},
    {"process_move_pages", "asks where the pages of a process outside lie", Who::kUser,
     [](const Place& place) {
         void* pages[] = {
             reinterpret_cast<void*>(reinterpret_cast<unsigned long>(shared_address) & ~4095UL)};
         int status = 0;
         return outcome(syscall(SYS_move_pages, victim_of(place), 1UL, pages, nullptr, &status, 0));
     },
     kVictim},
    {"process_pidfd_getfd", "takes a descriptor out of a process outside", Who::kUser,
     [](const Place& place) {
         const Fd fd = pidfd_of(place);
         return outcome_of_fd(syscall(kGetFd, fd.get(), 9, 0));
     },
     kVictim},
    {"process_proc_fd", "opens a descriptor of a process outside over /proc/PID/fd", Who::kUser,
     [](const Place& place) { return read_file(proc(place, "fd/9")); }, kVictim},
    {"process_proc_root", "reads a file outside over /proc/PID/root", Who::kUser,
     [](const Place& place) { return read_file(proc(place, "root" + place.secret)); }, kVictim},
    {"process_proc_map_files", "opens the program of a process outside over /proc/PID/exe",
     Who::kUser, [](const Place& place) { return read_file(proc(place, "exe")); }, kVictim},
    {"process_environ", "reads the environment of a process outside", Who::kUser,
     [](const Place& place) { return read_file(proc(place, "environ")); }, kVictim},
    {"process_maps", "reads the memory map of a process outside", Who::kUser,
     [](const Place& place) { return read_file(proc(place, "maps")); }, kVictim},
    {"process_kcmp", "compares descriptors with a process outside", Who::kUser,
     [](const Place& place) {
         return outcome(syscall(SYS_kcmp, getpid(), victim_of(place), KCMP_FILE, 0, 0));
     },
     kVictim},
    {"process_prlimit", "sets a limit of a process outside", Who::kUser,
     [](const Place& place) {
         const rlimit limit{16, 64};
         return outcome(prlimit(victim_of(place), RLIMIT_NOFILE, &limit, nullptr));
     },
     kVictim},
    {"process_priority", "sets the priority of a process outside", Who::kUser,
     [](const Place& place) {
         return outcome(setpriority(PRIO_PROCESS, static_cast<id_t>(victim_of(place)), 10));
     },
     kVictim},
    {"process_scheduler", "sets the scheduler of a process outside", Who::kUser,
     [](const Place& place) {
         const sched_param param{};
         return outcome(sched_setscheduler(victim_of(place), SCHED_IDLE, &param));
     },
     kVictim},
    {"process_affinity", "sets the processors of a process outside", Who::kUser,
     [](const Place& place) {
         cpu_set_t set;
         CPU_ZERO(&set);
         CPU_SET(0, &set);
         return outcome(sched_setaffinity(victim_of(place), sizeof set, &set));
     },
     kVictim},
    {"process_io_priority", "sets the I/O priority of a process outside", Who::kUser,
     [](const Place& place) {
         return outcome(syscall(SYS_ioprio_set, 1, victim_of(place), 3 << 13));
     },
     kVictim},
    {"process_oom_score", "has a process outside killed first when memory is short", Who::kUser,
     [](const Place& place) { return write_text(proc(place, "oom_score_adj"), "900"); }, kVictim},
    {"process_oom_score_granted", "the same where a rule for a path grants writing it", Who::kRoot,
     [](const Place& place) { return write_text(proc(place, "oom_score_adj"), "900"); }, kVictim},
    {"process_set_ns", "enters the namespaces of a process outside", Who::kRoot,
     [](const Place& place) {
         const Fd fd(open(proc(place, "ns/uts").c_str(), O_RDONLY));
         return fd.ok() ? outcome(setns(fd.get(), CLONE_NEWUTS)) : errno;
     },
     kVictim},
    {"process_set_ns_pidfd", "enters the mounts of a process outside by its descriptor", Who::kRoot,
     [](const Place& place) {
         const Fd fd = pidfd_of(place);
         return fd.ok() ? outcome(setns(fd.get(), CLONE_NEWNS)) : errno;
     },
     kVictim},
    {"process_leave_cgroup", "moves itself into the root cgroup", Who::kRoot,
     [](const Place&) {
         return write_text("/sys/fs/cgroup/cgroup.procs", std::to_string(getpid()));
     }},
    {"process_move_other", "moves a process outside into another cgroup", Who::kRoot,
     [](const Place& place) {
         return write_text("/sys/fs/cgroup/cgroup.procs", std::to_string(victim_of(place)));
     },
     kVictim},
    {"process_clone_into_cgroup",
     "starts a child in another cgroup (CLONE_INTO_CGROUP)",
     Who::kRoot,
     [](const Place&) {
         const Fd fd(open("/sys/fs/cgroup/escape-other", O_RDONLY | O_DIRECTORY));
         if (!fd.ok()) return errno;
         clone_args arguments{};
         arguments.flags = 0x200000000ULL;
         arguments.exit_signal = SIGCHLD;
         arguments.cgroup = static_cast<unsigned>(fd.get());
         const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
         if (child == 0) _exit(0);
         if (child < 0) return errno;
         waitpid(static_cast<pid_t>(child), nullptr, 0);
         return 0;
     },
     {.setup =
          [](const Place&) {
              return mkdir("/sys/fs/cgroup/escape-other", 0755) == 0 || errno == EEXIST ? 0 : errno;
          }}},
    {"process_double_fork", "reads a file outside from a process that left parent and terminal",
     Who::kUser,
     [](const Place& place) { return in_orphan([&] { return read_file(place.secret); }); }},
};

} // namespace

std::span<const Vector> process_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
