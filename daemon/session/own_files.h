// What counts of the check that no match swallows the host: the files that agents are told by,
// compared as the kernel will compare them. The policy's own check (policy/lint.h) runs where the
// policy was written and by who wrote it; this one where it takes effect. I/O thread only.
#pragma once

#include <vector>

#include "kernel/port.h"
#include "policy/own_host.h"
#include "session/agent_table.h"

namespace bailiff::session {

// kInvalidArgument with the policy's line where a file of an agent is one of `own`, under whatever
// name. Files that are not there are none; one that cannot be looked up is an error.
[[nodiscard]] Status check_own_files(kernel::KernelPort& port, const AgentTable& table,
                                     const std::vector<policy::HostFile>& own);

} // namespace bailiff::session
