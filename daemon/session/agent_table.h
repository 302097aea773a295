// The kernel's table of what makes a task an agent without a session, from the policy and from what
// this host has now.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/port.h"
#include "policy/policy.h"
#include "session/layout.h"

namespace bailiff::session {

// An agent's subject in the kernel.
struct AgentSubject {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
};

struct AgentTable {
    std::vector<kernel::AgentMatch> matches;
    std::vector<std::string> notes; // matches that name nothing on this host now, for the log
    // What an agent's executables and scripts are: how a message about one begins.
    std::map<bailiff_object_key, std::string, KeyLess> files;
};

// `subjects` has each agent of the policy by its name. Files are looked up through `port`; one that
// is not there is a note, anything else that fails is an error: the table must not be used.
[[nodiscard]] Result<AgentTable> make_agent_table(
    kernel::KernelPort& port, const policy::Settings& settings,
    const std::map<std::string, AgentSubject>& subjects);

// bailiff_cgroup_hash() of a path such as "/agents.slice/a.service".
[[nodiscard]] std::uint64_t hash_cgroup(const bailiff_config& config, const std::string& path);

} // namespace bailiff::session
