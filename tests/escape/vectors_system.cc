// System calls that reach beyond files and processes: programs for the kernel, devices, the
// machine.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fuse.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <sys/acct.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "tests/escape/bpf.h"
#include "tests/escape/io_uring.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr int kTerminalShift = 6; // TIOCL_GETSHIFTSTATE

int reading_of_module(long result) {
    // The image is no module: ENOEXEC comes after permission was given.
    return result < 0 && errno != ENOEXEC ? errno : 0;
}

int swap_file(const Place& place) {
    const std::string path = place.in_work("swap");
    const Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    const std::string zeros(1 << 20, '\0');
    if (!fd.ok() || write(fd.get(), zeros.data(), zeros.size()) < 0 || fsync(fd.get()) != 0)
        return errno;
    return status_of({"/usr/sbin/mkswap", "-q", path});
}

int open_performance(const perf_event_attr& what, pid_t pid, int cpu) {
    return outcome_of_fd(syscall(SYS_perf_event_open, &what, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

perf_event_attr counter() {
    perf_event_attr what{};
    what.type = PERF_TYPE_SOFTWARE;
    what.size = sizeof what;
    what.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
    return what;
}

// The slave end of a terminal of somebody else.
int terminal(const Place&) {
    const int leader = posix_openpt(O_RDWR | O_NOCTTY);
    if (leader < 0 || grantpt(leader) != 0 || unlockpt(leader) != 0) return -1;
    return open(ptsname(leader), O_RDWR | O_NOCTTY);
}

int pin_map(const Place& place) {
    return bpf_pin(bpf_make_map(), ("/sys/fs/bpf/" + place.name).c_str());
}

int unpin(const Place& place) {
    return outcome(unlink(("/sys/fs/bpf/" + place.name).c_str()));
}

constexpr Vector kVectors[] = {
    {"sys_block_device_inherited",
     "reads a disk over a descriptor from before the session",
     Who::kRoot,
     [](const Place& place) {
         char byte = 0;
         return outcome(pread(place.inherited, &byte, 1, 0));
     },
     {.inherit = [](const Place&) { return open("/dev/vda", O_RDONLY); }}},
    {"sys_bpf_map", "makes a BPF map", Who::kRoot,
     [](const Place&) { return outcome_of_fd(bpf_make_map()); }},
    {"sys_bpf_program", "loads a BPF program", Who::kRoot,
     [](const Place&) { return outcome_of_fd(bpf_load_program()); }},
    {"sys_bpf_get_pin",
     "opens a pinned BPF map that is not bailiff's",
     Who::kRoot,
     [](const Place& place) {
         return outcome_of_fd(bpf_get_pin(("/sys/fs/bpf/" + place.name).c_str()));
     },
     {.setup = pin_map, .cleanup = unpin}},
    {"sys_bpf_next_program", "walks over all loaded BPF programs", Who::kRoot,
     [](const Place&) { return outcome_of_fd(bpf_first_by_id(BPF_PROG_GET_NEXT_ID)); }},
    {"sys_bpf_next_map", "walks over all BPF maps", Who::kRoot,
     [](const Place&) { return outcome_of_fd(bpf_first_by_id(BPF_MAP_GET_NEXT_ID)); }},
    {"sys_bpf_link_detach",
     "detaches a BPF program from a cgroup by its link",
     Who::kRoot,
     [](const Place& place) {
         const Fd link(bpf_get_pin(("/sys/fs/bpf/" + place.name).c_str()));
         return link.ok() ? bpf_detach_link(link.get()) : errno;
     },
     {.setup =
          [](const Place& place) {
              return bpf_pin(bpf_link_to_cgroup("/sys/fs/cgroup"),
                             ("/sys/fs/bpf/" + place.name).c_str());
          },
      .cleanup = unpin}},
    {"sys_perf_event", "watches all processors with perf_event_open(2)", Who::kRoot,
     [](const Place&) { return open_performance(counter(), -1, 0); }},
    {"sys_perf_tracepoint", "opens a kernel tracepoint with perf_event_open(2)", Who::kRoot,
     [](const Place&) {
         perf_event_attr what = counter();
         what.type = PERF_TYPE_TRACEPOINT;
         const std::string id = text_of("/sys/kernel/tracing/events/sched/sched_switch/id");
         what.config = static_cast<__u64>(std::atoi(id.c_str()));
         return open_performance(what, -1, 0);
     }},
    {"sys_perf_self", "counts its own events with perf_event_open(2)", Who::kRoot,
     [](const Place&) { return open_performance(counter(), 0, -1); }},
    {"sys_init_module", "gives the kernel a module from memory", Who::kRoot,
     [](const Place&) {
         const std::string image(4096, 'x');
         return reading_of_module(syscall(SYS_init_module, image.data(), image.size(), ""));
     }},
    {"sys_finit_module", "gives the kernel a module from a file", Who::kRoot,
     [](const Place& place) {
         const Fd fd(open(place.in_work("file").c_str(), O_RDONLY));
         return fd.ok() ? reading_of_module(syscall(SYS_finit_module, fd.get(), "", 0)) : errno;
     }},
    {"sys_kexec_load", "unloads the kernel that kexec(8) would start", Who::kRoot,
     [](const Place&) { return outcome(syscall(SYS_kexec_load, 0UL, 0UL, nullptr, 0UL)); }},
    {"sys_kexec_file_load", "the same with kexec_file_load(2)", Who::kRoot,
     [](const Place&) {
         constexpr unsigned long kUnload = 1;
         return outcome(syscall(SYS_kexec_file_load, -1, -1, 0UL, "", kUnload));
     }},
    {"sys_io_uring", "makes an io_uring", Who::kUser,
     [](const Place&) {
         io_uring_params params{};
         return outcome_of_fd(syscall(SYS_io_uring_setup, 1, &params));
     }},
    {"sys_io_uring_open", "opens a file outside by io_uring", Who::kUser,
     [](const Place& place) {
         io_uring_sqe entry{};
         entry.opcode = IORING_OP_OPENAT;
         entry.fd = AT_FDCWD;
         entry.addr = reinterpret_cast<std::uint64_t>(place.secret.c_str());
         entry.open_flags = O_RDONLY;
         return io_uring_once(entry);
     }},
    {"sys_userfaultfd", "handles its own page faults in user space", Who::kUser,
     [](const Place&) {
         return outcome_of_fd(syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC));
     }},
    {"sys_reboot", "says what the machine does at ctrl-alt-del", Who::kRoot,
     [](const Place&) {
         return outcome(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                                LINUX_REBOOT_CMD_CAD_OFF, nullptr));
     }},
    {"sys_swap_on",
     "swaps to a file of the workspace",
     Who::kRoot,
     [](const Place& place) {
         if (swapon(place.in_work("swap").c_str(), 0) != 0) return errno;
         return outcome(swapoff(place.in_work("swap").c_str()));
     },
     {.setup = swap_file}},
    {"sys_set_clock", "sets the clock", Who::kRoot,
     [](const Place&) {
         timespec now{};
         clock_gettime(CLOCK_REALTIME, &now);
         return outcome(clock_settime(CLOCK_REALTIME, &now));
     }},
    {"sys_set_time_of_day", "sets the clock with settimeofday(2)", Who::kRoot,
     [](const Place&) {
         timeval now{};
         gettimeofday(&now, nullptr);
         return outcome(settimeofday(&now, nullptr));
     }},
    {"sys_adjust_clock", "adjusts the clock's rate", Who::kRoot,
     [](const Place&) {
         timex rate{};
         if (adjtimex(&rate) < 0) return errno;
         rate.modes = ADJ_TICK;
         return outcome(adjtimex(&rate));
     }},
    {"sys_host_name", "sets the host's name", Who::kRoot,
     [](const Place&) {
         char name[256] = {};
         gethostname(name, sizeof name - 1);
         return outcome(sethostname(name, std::strlen(name)));
     }},
    {"sys_domain_name", "sets the host's domain", Who::kRoot,
     [](const Place&) { return outcome(setdomainname("(none)", 6)); }},
    {"sys_io_level", "takes the right to use I/O ports (iopl)", Who::kRoot,
     [](const Place&) { return outcome(iopl(3)); }},
    {"sys_io_ports", "takes the right to one I/O port (ioperm)", Who::kRoot,
     [](const Place&) { return outcome(ioperm(0x80, 1, 1)); }},
    {"sys_accounting", "switches process accounting off", Who::kRoot,
     [](const Place&) { return outcome(acct(nullptr)); }},
    {"sys_kernel_log", "reads the kernel's log with syslog(2)", Who::kRoot,
     [](const Place&) {
         char buffer[64];
         return outcome(klogctl(3, buffer, sizeof buffer));
     }},
    {"sys_dev_mem", "opens the machine's memory, /dev/mem", Who::kRoot,
     [](const Place&) { return open_and_close("/dev/mem", O_RDONLY); }},
    {"sys_dev_port", "opens the machine's I/O ports, /dev/port", Who::kRoot,
     [](const Place&) { return open_and_close("/dev/port", O_RDWR); }},
    {"sys_dev_kmsg_write", "writes into the kernel's log", Who::kRoot,
     [](const Place&) { return write_text("/dev/kmsg", "escape\n"); }},
    {"sys_dev_kmsg_read", "reads the kernel's log by /dev/kmsg", Who::kRoot,
     [](const Place&) {
         const Fd fd(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
         char buffer[8192];
         return fd.ok() ? outcome(read(fd.get(), buffer, sizeof buffer)) : errno;
     }},
    {"sys_loop_device", "asks for a loop device", Who::kRoot,
     [](const Place&) {
         const Fd fd(open("/dev/loop-control", O_RDWR));
         return fd.ok() ? outcome(ioctl(fd.get(), LOOP_CTL_GET_FREE)) : errno;
     }},
    {"sys_tun_device", "makes a network interface with /dev/net/tun", Who::kRoot,
     [](const Place&) {
         const Fd fd(open("/dev/net/tun", O_RDWR));
         ifreq request{};
         request.ifr_flags = IFF_TUN;
         return fd.ok() ? outcome(ioctl(fd.get(), TUNSETIFF, &request)) : errno;
     }},
    {"sys_fuse_device", "opens /dev/fuse", Who::kRoot,
     [](const Place&) { return open_and_close("/dev/fuse", O_RDWR); }},
    {"sys_net_interface", "changes a network interface", Who::kRoot,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
         ifreq request{};
         std::strcpy(request.ifr_name, "lo");
         if (ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return errno;
         return outcome(ioctl(fd.get(), SIOCSIFFLAGS, &request));
     }},
    {"sys_type_into_terminal",
     "types into somebody else's terminal (TIOCSTI)",
     Who::kRoot,
     [](const Place& place) { return outcome(ioctl(place.inherited, TIOCSTI, "x")); },
     {.inherit = terminal}},
    {"sys_console_selection", "speaks to the console (TIOCLINUX)", Who::kRoot,
     [](const Place&) {
         const Fd fd(open("/dev/tty1", O_RDWR | O_NOCTTY));
         char subcode = kTerminalShift;
         return fd.ok() ? outcome(ioctl(fd.get(), TIOCLINUX, &subcode)) : errno;
     }},
    {"sys_become_other", "becomes another account with setuid(2)", Who::kRoot,
     [](const Place&) { return outcome(setresuid(65534, 65534, 65534)); }},
};

} // namespace

std::span<const Vector> system_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
