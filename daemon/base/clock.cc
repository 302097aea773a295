#include "base/clock.h"

#include <time.h>

#include <cstdio>

namespace bailiff {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t read_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return std::int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

} // namespace

std::int64_t SystemClock::unix_nanos() const {
    return read_clock(CLOCK_REALTIME);
}

std::uint64_t SystemClock::boot_nanos() const {
    return static_cast<std::uint64_t>(read_clock(CLOCK_BOOTTIME));
}

TimeText::TimeText(std::int64_t unix_nanos) {
    const time_t seconds = unix_nanos / kSecond;
    const int millis = static_cast<int>(unix_nanos % kSecond / 1'000'000);
    tm parts{};
    gmtime_r(&seconds, &parts);
    char whole[24];
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text_, sizeof(text_), "%s.%03dZ", whole, millis);
}

} // namespace bailiff
