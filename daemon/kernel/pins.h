// Pins: what the kernel programs hold and decide by while no daemon runs, read from the maps and
// links that bailiff-kernel pinned. Reads only; needs root. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace bailiff::kernel {

inline constexpr const char* kPinRoot = "/sys/fs/bpf/bailiff";

// A session whose row is active; its time may be over.
struct PinnedSession {
    Id id{};
    std::uint64_t expires_at = 0; // nanoseconds of CLOCK_BOOTTIME
    std::uint32_t subjects = 0;   // rows that name it
};

// All times are nanoseconds of CLOCK_BOOTTIME. Rows of the canaries and session 0 are left out.
struct Pins {
    std::size_t links = 0;            // of the programs that decide
    std::size_t attached = 0;         // how many links these had; 0: not known
    std::vector<std::string> missing; // programs whose links are gone, by name
    std::size_t other_links = 0;      // of another start of bailiff-kernel, which was not finished
    bool maps = false;                // some are pinned
    bool other_version = false;       // the maps are another version's: what follows was not read
    std::uint64_t loaded_at = 0;      // 0: nobody finished loading
    bool observe = false;
    bool policy = false; // some slot holds profiles
    std::vector<PinnedSession> sessions;
    std::uint64_t denied = 0;
    std::uint64_t events_lost = 0;
};

// kNotFound where nothing is pinned below `pin_root`, kPermissionDenied without the right to look.
[[nodiscard]] Result<Pins> read_pins(const std::string& pin_root);

} // namespace bailiff::kernel
