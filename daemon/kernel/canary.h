// Canaries: proof that the programs really deny. Each probe first succeeds without a subject, then
// the same act must fail with EPERM in a child that is a subject with no rights. Root; one thread.
#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "kernel/programs.h"
#include "kernel/wire.h"

namespace bailiff::kernel {

// The last slots of each table are the canaries' own.
inline constexpr std::uint32_t kCanarySubject = BAILIFF_MAX_SUBJECTS - 1;
inline constexpr std::uint32_t kCanarySession = BAILIFF_MAX_SESSIONS - 1;
inline constexpr std::uint32_t kCanaryPolicy = BAILIFF_MAX_POLICIES - 1;
inline constexpr std::uint32_t kCanaryLabel = BAILIFF_MAX_LABELS - 1;

// Writes the canaries' rows: a session, a policy whose one profile denies everything.
[[nodiscard]] Status prepare_canary(Programs& programs);

// Runs one probe of each family.
[[nodiscard]] Result<WirePosture> run_canaries(Programs& programs);

// Why no session is opened while optional programs are missing, and what to do.
[[nodiscard]] std::string why_not_complete(const Programs& programs);

} // namespace bailiff::kernel
