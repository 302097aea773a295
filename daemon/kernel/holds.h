// Reading map "holds": for bailiffd, and for who detaches with the daemons dead. Any thread.
#pragma once

#include <vector>

#include "bailiff/abi.h"

namespace bailiff::kernel {

// The acts that wait, each once. `map` is the map's descriptor; none where it cannot be read.
[[nodiscard]] std::vector<bailiff_hold> read_holds(int map);

} // namespace bailiff::kernel
