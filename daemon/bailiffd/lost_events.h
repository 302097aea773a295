// How many kernel events never reached the journal, counted across restarts of bailiffd. The kernel
// counts since its maps were made; the last count that was told is kept in a file. I/O thread only.
#pragma once

#include <cstdint>
#include <string>

namespace bailiff::daemon {

class LostEvents {
public:
    // `file` holds the boot id and the count; one that is damaged or of another boot counts as 0.
    LostEvents(std::string file, std::string boot_id);

    // How many were lost since the last call, in this run of bailiffd or an earlier one.
    std::uint64_t news(std::uint64_t counted);

private:
    std::string file_;
    std::string boot_id_;
    std::uint64_t told_ = 0;
};

} // namespace bailiff::daemon
