// Images: which program each process runs, from what the kernel reports of executions, and from
// /proc where that was not seen: of a child that did not execute anything itself, or of a process
// that is older than this daemon. I/O thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bailiff/abi.h"

namespace bailiff::session {

struct Image {
    std::uint64_t start_time = 0; // of the process, nanoseconds of CLOCK_BOOTTIME
    std::uint32_t subject = 0;
    std::string executable; // empty where nobody can tell
    std::vector<std::string> argv;
    bool truncated = false;
};

class Images {
public:
    explicit Images(std::string proc = "/proc") : proc_(std::move(proc)) {}

    // An execution.
    void learn(const bailiff_event& event);
    // An exit. The image is kept for a while: a child may run it still.
    void leave(const bailiff_event& event);
    // Of the process that the event is about; null where nothing is known. Valid until the next
    // call.
    [[nodiscard]] const Image* find(const bailiff_event& event);

private:
    using Key = std::pair<std::uint32_t, std::uint64_t>; // pid and start time
    [[nodiscard]] std::optional<Image> look(const bailiff_event& event) const;
    [[nodiscard]] const Image* parent_of(const bailiff_event& event) const;
    [[nodiscard]] const Image* like(const Image& image) const;

    std::string proc_;
    std::map<Key, Image> images_;
    std::deque<Key> left_; // oldest first
};

} // namespace bailiff::session
