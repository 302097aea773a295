// What a session is to be opened for, of what runs already. I/O thread only.
#pragma once

#include <optional>
#include <string>

#include "api/service.h"
#include "bailiff/control.pb.h"
#include "kernel/port.h"
#include "session/manager.h"

namespace bailiff::daemon {

// Where the kernel shows processes and control groups; tests have their own.
struct TargetRoots {
    std::string proc = "/proc";
    std::string cgroup = "/sys/fs/cgroup";
};

// The process or control group that the request names; nothing where it names none. The process is
// held by a pidfd, so that its number cannot pass to another one unnoticed; the group by its id.
// kInvalidArgument, kNotFound, kPermissionDenied where the caller may not bind it: another account
// needs the role operator, an agent without a session may name a process of its own only.
[[nodiscard]] Result<std::optional<session::Target>> find_target(
    const v1::OpenSessionRequest& request, const api::Caller& caller, kernel::KernelPort& port,
    const TargetRoots& roots = {});

} // namespace bailiff::daemon
