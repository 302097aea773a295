// RenewalPlan: when to run the token command again. Times are of CLOCK_BOOTTIME, as the session's
// end is: a host that slept has less left. Pure; any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace bailiff::ctl {

class RenewalPlan {
public:
    using Time = std::chrono::nanoseconds; // since boot

    // After two thirds of the `seconds_left`.
    void opened(Time now, std::int64_t seconds_left) {
        expiry_ = now + std::chrono::seconds(seconds_left);
        due_ = now + std::chrono::seconds(seconds_left) * 2 / 3;
    }
    // Again after a third of what is left, at least a second and at most ten later; never once the
    // session is over.
    void failed(Time now) {
        due_ = now + std::clamp<Time>((expiry_ - now) / 3, kSoonest, kLatest);
        if (due_ >= expiry_) never();
    }
    void never() { due_ = Time::max(); }
    [[nodiscard]] bool is_due(Time now) const { return now >= due_; }
    [[nodiscard]] bool is_planned() const { return due_ != Time::max(); }
    [[nodiscard]] Time due() const { return due_; }

private:
    static constexpr std::chrono::seconds kSoonest{1};
    static constexpr std::chrono::seconds kLatest{10};
    Time due_ = Time::max();
    Time expiry_ = Time::max();
};

} // namespace bailiff::ctl
