// Clock: what time it is, handed in so that tests can say. Any thread.
#pragma once

#include <time.h>

#include <cstdint>

namespace bailiff {

// Nanoseconds since 1970-01-01 UTC of a file's time.
[[nodiscard]] inline std::int64_t unix_nanos(const timespec& time) {
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    // Nanoseconds since 1970-01-01 UTC (CLOCK_REALTIME).
    [[nodiscard]] virtual std::int64_t unix_nanos() const = 0;
    // Nanoseconds since boot, suspend included (CLOCK_BOOTTIME): what the kernel compares with.
    [[nodiscard]] virtual std::uint64_t boot_nanos() const = 0;

    [[nodiscard]] std::int64_t unix_seconds() const { return unix_nanos() / 1'000'000'000; }
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] std::int64_t unix_nanos() const override;
    [[nodiscard]] std::uint64_t boot_nanos() const override;
};

// RFC 3339 in UTC with milliseconds: 2026-11-24T02:03:04.005Z.
class TimeText {
public:
    explicit TimeText(std::int64_t unix_nanos);
    [[nodiscard]] const char* c_str() const { return text_; }

private:
    char text_[40];
};

} // namespace bailiff
