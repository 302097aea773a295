// A clock that stands still until the test moves it.
#pragma once

#include "base/clock.h"

namespace bailiff::tests {

class ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t unix_seconds = 1'795'430'400)
        : unix_nanos_(unix_seconds * 1'000'000'000) {}
    [[nodiscard]] std::int64_t unix_nanos() const override { return unix_nanos_; }
    [[nodiscard]] std::uint64_t boot_nanos() const override { return boot_nanos_; }
    void advance(std::int64_t seconds) {
        unix_nanos_ += seconds * 1'000'000'000;
        boot_nanos_ += static_cast<std::uint64_t>(seconds) * 1'000'000'000;
    }

private:
    std::int64_t unix_nanos_;
    std::uint64_t boot_nanos_ = 1'000'000'000'000;
};

} // namespace bailiff::tests
