#include "bailiffd/lost_events.h"

#include <sstream>
#include <utility>

#include "base/file.h"

namespace bailiff::daemon {

LostEvents::LostEvents(std::string file, std::string boot_id)
    : file_(std::move(file)), boot_id_(std::move(boot_id)) {
    const Result<std::string> text = read_file(file_, 256);
    if (!text) return;
    std::istringstream words(*text);
    std::string boot;
    std::uint64_t told = 0;
    if (words >> boot >> told && boot == boot_id_) told_ = told;
}

std::uint64_t LostEvents::news(std::uint64_t counted) {
    if (counted == told_) return 0;
    // Below what was told: the maps are new ones, which count from 0.
    const std::uint64_t fresh = counted > told_ ? counted - told_ : counted;
    told_ = counted;
    // Where this cannot be written the next run tells the same loss again: better than never.
    (void)write_file_atomic(file_, boot_id_ + " " + std::to_string(told_) + "\n", 0600);
    return fresh;
}

} // namespace bailiff::daemon
