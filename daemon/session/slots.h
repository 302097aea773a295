// Slots: which rows of a kernel table are free. The slot free the longest is given out first, so
// that what an old one said stays readable as long as possible. I/O thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace bailiff::session {

class Slots {
public:
    // Slots `first` to `last`, all free.
    Slots(std::uint32_t first, std::uint32_t last) {
        for (std::uint32_t slot = first; slot <= last; slot++) free_.push_back(slot);
    }
    [[nodiscard]] std::optional<std::uint32_t> take() {
        if (free_.empty()) return std::nullopt;
        const std::uint32_t slot = free_.front();
        free_.pop_front();
        return slot;
    }
    void take(std::uint32_t slot) { std::erase(free_, slot); }
    void give_back(std::uint32_t slot) { free_.push_back(slot); }

private:
    std::deque<std::uint32_t> free_;
};

} // namespace bailiff::session
