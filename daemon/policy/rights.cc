// The words for rights, in the order of enum bailiff_right.
#include <array>

#include "policy/image.h"

namespace bailiff::policy {
namespace {

constexpr std::array<const char*, BAILIFF_RIGHT_MODULE + 1> kRights = {
    "exec",     "read",           "write",         "create",      "delete",  "rename",
    "truncate", "metadata",       "connect_unix",  "load",        "connect", "bind",
    "argv",     "socket",         "abstract_unix", "signal",      "ptrace",  "schedule",
    "jit",      "anonymous_exec", "gain",          "namespace",   "mount",   "bpf",
    "perf",     "keyring",        "io_uring",      "userfaultfd", "ipc",     "ioctl",
    "device",   "module",
};

constexpr std::array<const char*, BAILIFF_CAPABILITIES> kCapabilities = {
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
};

} // namespace

const char* right_name(std::uint8_t right) {
    if (right < kRights.size()) return kRights[right];
    const unsigned capability = right - unsigned{BAILIFF_RIGHT_CAPABILITY};
    return capability < kCapabilities.size() ? kCapabilities[capability] : "none";
}

std::optional<std::uint8_t> right_by_name(std::string_view name) {
    for (std::uint8_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        if (name != "none" && name == right_name(right)) return right;
    return std::nullopt;
}

} // namespace bailiff::policy
