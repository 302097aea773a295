// Reading map "holds": for bailiffd, and for who detaches with the daemons dead. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bailiff/abi.h"
#include "base/result.h"

namespace bailiff::kernel {

// The acts that wait, each once. `map` is the map's descriptor; none where it cannot be read.
[[nodiscard]] std::vector<bailiff_hold> read_holds(int map);
// One of them, by its id; none where it waits no more. kInternal.
[[nodiscard]] Result<std::optional<bailiff_hold>> read_hold(int map, std::uint64_t hold);

} // namespace bailiff::kernel
