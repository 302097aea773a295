// Enrolling what runs already: a process tree or a control group that somebody names. Nothing is
// changed before all of it is known to be fit. Root; one thread.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/port.h"
#include "kernel/programs.h"

namespace bailiff::kernel {

// How many tasks the target has, if every one may become a subject's: see KernelPort::check_target.
// `daemon` is the process of bailiffd.
[[nodiscard]] Result<std::uint32_t> check_target(Programs& programs, const Target& target,
                                                 std::uint32_t daemon);

// Checks, then enrols. What starts or comes between the two is enrolled as well, unless it is
// another session's. Returns how many tasks are the subject's.
[[nodiscard]] Result<std::uint32_t> enrol_target(Programs& programs, const Target& target,
                                                 std::uint32_t daemon, std::uint32_t subject,
                                                 std::uint32_t generation);

} // namespace bailiff::kernel
