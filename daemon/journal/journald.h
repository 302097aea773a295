// The copy of each record that goes to journald, for the people and tools that watch there. The
// journal folder is the record; this is the bell. I/O thread only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bailiff/journal.pb.h"
#include "base/result.h"

namespace bailiff::journal {

using JournaldFields = std::vector<std::pair<std::string, std::string>>;

// MESSAGE (one_line), PRIORITY, SYSLOG_IDENTIFIER and BAILIFF_*; fields without a value are left
// out. Pure. MESSAGE, BAILIFF_ACTOR, BAILIFF_OBJECT and BAILIFF_RULE are escaped (describe.h); the
// rest is as recorded, newlines included, which journald's protocol carries safely.
[[nodiscard]] JournaldFields journald_fields(const v1::Record& record);

// sd_journal_sendv(3). kUnavailable when journald does not take it; a machine without journald is
// no error.
[[nodiscard]] Status send_to_journald(const v1::Record& record);

} // namespace bailiff::journal
