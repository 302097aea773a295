// Detachment: who ended all enforcement, when and why. bailiffctl writes it down beside the
// journal; bailiffd journals it, and removes it when the programs enforce again. It explains, and
// decides nothing. One thread.
#pragma once

#include <string>

#include "base/result.h"

namespace bailiff::kernel {

struct Detachment {
    std::string time;      // RFC 3339
    std::string by;        // "uid 0 (root)"
    std::string reason;    // the operator's words
    bool recorded = false; // it is in the journal
};

// kNotFound where there was none; kDataLoss where the file cannot be understood.
[[nodiscard]] Result<Detachment> load_detachment(const std::string& state_folder);
[[nodiscard]] Status save_detachment(const std::string& state_folder, const Detachment& what);
// Is there one that is not in the journal yet?
[[nodiscard]] bool is_new_detachment(const std::string& state_folder);
void forget_detachment(const std::string& state_folder);

// "detached by uid 0 (root) at 2026-11-25T01:02:03Z: REASON"
[[nodiscard]] std::string describe(const Detachment& what);

} // namespace bailiff::kernel
