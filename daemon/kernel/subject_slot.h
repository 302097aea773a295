// Writing the kernel's table of subjects so that no hook ever sees half of a row.
#pragma once

#include <cstdint>

#include "bailiff/abi.h"
#include "base/result.h"

namespace bailiff::kernel {

// `subjects` is the descriptor of the map of that name. One writer at a time; a hook that runs
// meanwhile decides by the old row or by the new one.
[[nodiscard]] Status write_subject(int subjects, std::uint32_t slot, const bailiff_subject& row);
[[nodiscard]] Result<bailiff_subject> read_subject(int subjects, std::uint32_t slot);

} // namespace bailiff::kernel
