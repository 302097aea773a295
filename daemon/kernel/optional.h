// The programs that bailiff can do without, at a price. Where the running kernel refuses one of
// them, or has no such hook, the others are loaded, no session is opened until an operator accepts
// the gap (bailiff-kernel --without), and the posture names it. Constant; any thread.
#pragma once

#include <span>
#include <string_view>

#include "kernel/wire.h"

namespace bailiff::kernel {

struct OptionalProgram {
    std::string_view name;
    Family family;
    std::string_view gap; // what a subject can do without it: "watch files outside ..."
    // The kernel that brought the hook; on one before that nothing is missing. 0.0: all have it.
    unsigned since_major = 0;
    unsigned since_minor = 0;
};

[[nodiscard]] std::span<const OptionalProgram> optional_programs();

// Null for what is not optional.
[[nodiscard]] const OptionalProgram* find_optional(std::string_view program);

} // namespace bailiff::kernel
