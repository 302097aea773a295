// What the daemon must know again after a restart: sessions that the kernel goes on enforcing, and
// which subject slot each agent has without one; sessions that are over, for who still asks. Holds
// no token. I/O thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "session/session.h"

namespace bailiff::session {

struct SavedState {
    std::string boot_id; // the kernel's tables do not outlive the boot they were made in
    std::vector<Session> sessions;
    std::map<std::string, std::uint32_t> agent_subjects; // by the agent's name
    std::vector<std::string> damaged = {}; // loaded: the entries left out, and what is wrong
};

// kNotFound if there is none; kDataLoss where it cannot be understood as a whole. A session that
// cannot be is left out and told in `damaged`.
[[nodiscard]] Result<SavedState> load_state(const std::string& file);
[[nodiscard]] Status save_state(const std::string& file, const SavedState& state);

} // namespace bailiff::session
