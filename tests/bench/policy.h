// Filling bailiff's maps for the measurement. All that knows how a rule is laid out in the maps is
// in policy.cc.
#pragma once

#include <cstdint>

#include "kernel/programs.h"

namespace bailiff::bench {

inline constexpr std::uint32_t kSubject = 1;
inline constexpr std::uint32_t kGeneration = 1;
inline constexpr std::uint32_t kPolicy = 1;
inline constexpr std::uint32_t kHoldLabel = 3;

// One profile that denies by default: all rights below /tmp/ub, UDP to 127.0.0.1 on one port, on
// another with a record. `rules` of file rules in all, the others about files nobody opens.
// `sessions` of them, each with a subject and a rule for a workspace of its own; kSubject belongs
// to the last. Without a session only kSubject is there, and no task has it.
void write_policy(kernel::Programs& programs, std::uint32_t rules, std::uint32_t sessions);

// After it: what is deleted below /tmp/ub waits, or, with `commands`, these are looked for.
void hold_deletions(kernel::Programs& programs);
void look_for_commands(kernel::Programs& programs, std::uint32_t commands);

} // namespace bailiff::bench
