// Files by which the kernel is told what to do: sysctl, sysfs, tracing, cgroups. The policy of the
// root session grants their paths, as a careless one would. What is written changes nothing.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/escape/bpf.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr char kBinfmt[] = "/proc/sys/fs/binfmt_misc";

int mkdir_and_rmdir(const std::string& path) {
    if (mkdir(path.c_str(), 0755) != 0) return errno;
    return outcome(rmdir(path.c_str()));
}

int file_system_at(const char* type, const char* where) {
    return mount(type, where, type, 0, nullptr) == 0 || errno == EBUSY ? 0 : errno;
}

int pin_map(const Place& place) {
    return bpf_pin(bpf_make_map(), ("/sys/fs/bpf/" + place.name).c_str());
}

constexpr Vector kVectors[] = {
    {"sys_write_core_pattern", "says which program takes core dumps", Who::kRoot,
     [](const Place&) { return rewrite("/proc/sys/kernel/core_pattern"); }},
    {"sys_write_modprobe", "says which program loads modules", Who::kRoot,
     [](const Place&) { return rewrite("/proc/sys/kernel/modprobe"); }},
    {"sys_write_ftrace_enabled", "switches tracing, and with it every BPF program of a hook",
     Who::kRoot, [](const Place&) { return rewrite("/proc/sys/kernel/ftrace_enabled"); }},
    {"sys_write_bpf_sysctl", "writes the sysctl of BPF statistics", Who::kRoot,
     [](const Place&) { return rewrite("/proc/sys/kernel/bpf_stats_enabled"); }},
    {"sys_write_vm_sysctl", "writes the sysctl of another subsystem, vm.overcommit_memory",
     Who::kRoot, [](const Place&) { return rewrite("/proc/sys/vm/overcommit_memory"); }},
    {"sys_write_net_sysctl", "writes a network sysctl", Who::kRoot,
     [](const Place&) { return rewrite("/proc/sys/net/ipv4/ip_forward"); }},
    {"sys_sysrq", "asks for the help of the magic system request key", Who::kRoot,
     [](const Place&) { return write_text("/proc/sysrq-trigger", "h"); }},
    {"sys_uevent_helper", "says which program handles device events", Who::kRoot,
     [](const Place&) { return write_text("/sys/kernel/uevent_helper", "\n"); }},
    {"sys_uevent", "makes up a device event", Who::kRoot,
     [](const Place&) { return write_text("/sys/class/mem/null/uevent", "change"); }},
    {"sys_sysfs_write", "writes a disk's setting in sysfs", Who::kRoot,
     [](const Place&) { return rewrite("/sys/block/vda/queue/read_ahead_kb"); }},
    {"sys_module_parameter", "writes a module's parameter", Who::kRoot,
     [](const Place&) { return rewrite("/sys/module/printk/parameters/time"); }},
    {"sys_tracefs_write", "switches tracing on or off in tracefs", Who::kRoot,
     [](const Place&) { return rewrite("/sys/kernel/tracing/tracing_on"); }},
    {"sys_tracefs_kprobe",
     "makes a kernel probe in tracefs",
     Who::kRoot,
     [](const Place&) {
         return write_text("/sys/kernel/tracing/kprobe_events", "p:escape do_sys_openat2\n",
                           O_APPEND);
     },
     {.cleanup =
          [](const Place&) {
              return write_text("/sys/kernel/tracing/kprobe_events", "-:escape\n", O_APPEND);
          }}},
    {"sys_tracefs_mkdir", "makes a trace instance", Who::kRoot,
     [](const Place&) { return mkdir_and_rmdir("/sys/kernel/tracing/instances/escape"); }},
    {"sys_debugfs_write", "writes in debugfs", Who::kRoot,
     [](const Place&) { return write_text("/sys/kernel/debug/clear_warn_once", "1"); }},
    {"sys_securityfs_write", "opens in securityfs what loads AppArmor profiles", Who::kRoot,
     [](const Place&) { return open_and_close("/sys/kernel/security/apparmor/.load", O_WRONLY); }},
    {"sys_cgroupfs_mkdir", "makes a cgroup", Who::kRoot,
     [](const Place&) { return mkdir_and_rmdir("/sys/fs/cgroup/escape-new"); }},
    {"sys_cgroupfs_kill",
     "writes cgroup.kill of a cgroup outside",
     Who::kRoot,
     [](const Place&) { return write_text("/sys/fs/cgroup/escape-kill/cgroup.kill", "1"); },
     {.setup =
          [](const Place&) {
              return mkdir("/sys/fs/cgroup/escape-kill", 0755) == 0 || errno == EEXIST ? 0 : errno;
          }}},
    {"sys_cgroupfs_freeze",
     "freezes a cgroup outside",
     Who::kRoot,
     [](const Place&) { return write_text("/sys/fs/cgroup/escape-freeze/cgroup.freeze", "1"); },
     {.setup =
          [](const Place&) {
              return mkdir("/sys/fs/cgroup/escape-freeze", 0755) == 0 || errno == EEXIST ? 0
                                                                                         : errno;
          }}},
    {"sys_bpffs_mkdir", "makes a folder for pins", Who::kRoot,
     [](const Place&) { return mkdir_and_rmdir("/sys/fs/bpf/escape-folder"); }},
    {"sys_bpffs_unlink",
     "removes a pin that is not bailiff's",
     Who::kRoot,
     [](const Place& place) { return outcome(unlink(("/sys/fs/bpf/" + place.name).c_str())); },
     {.setup = pin_map}},
    {"sys_configfs_write",
     "writes in configfs",
     Who::kRoot,
     [](const Place&) { return mkdir_and_rmdir("/sys/kernel/config/netconsole/escape"); },
     {.setup = [](const Place&) { return file_system_at("configfs", "/sys/kernel/config"); }}},
    {"sys_binfmt_misc",
     "registers an interpreter for a kind of file",
     Who::kRoot,
     [](const Place&) {
         return write_text(std::string(kBinfmt) + "/register", ":escape:M::escape::/bin/true:");
     },
     {.setup = [](const Place&) { return file_system_at("binfmt_misc", kBinfmt); },
      .cleanup = [](const Place&) { return write_text(std::string(kBinfmt) + "/escape", "-1"); }}},
    {"sys_write_sysctl_inherited",
     "writes a sysctl by a descriptor from before the session",
     Who::kRoot,
     [](const Place& place) { return outcome(pwrite(place.inherited, "core", 4, 0)); },
     {.inherit = [](const Place&) { return open("/proc/sys/kernel/core_pattern", O_WRONLY); }}},
};

} // namespace

std::span<const Vector> system_write_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
