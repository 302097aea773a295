// For calls of the C library that want a buffer and answer ERANGE where it is too small, such as
// getpwnam_r(3). Any thread.
#pragma once

#include <cerrno>
#include <cstddef>
#include <vector>

namespace bailiff {

inline constexpr std::size_t kFirstBuffer = 4096;
inline constexpr std::size_t kLastBuffer = std::size_t{1} << 20;

// Calls `ask(char*, std::size_t)` with larger buffers until it answers something else than ERANGE,
// and returns that; ERANGE if kLastBuffer bytes do not do. What `ask` leaves in the buffer is gone
// when this returns.
template <typename Ask>
[[nodiscard]] int ask_with_buffer(const Ask& ask) {
    for (std::size_t size = kFirstBuffer; size <= kLastBuffer; size *= 4) {
        std::vector<char> buffer(size);
        if (const int answer = ask(buffer.data(), buffer.size()); answer != ERANGE) return answer;
    }
    return ERANGE;
}

} // namespace bailiff
