// Watcher: while the command runs, tells denials as they happen and renews the session. Its own
// thread between start() and stop(); every other method before or after.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "bailiff/control.pb.h"
#include "ctl/child.h"
#include "ctl/client.h"
#include "ctl/denial.h"

namespace bailiff::ctl {

// When to run the token command again.
class RenewalPlan {
public:
    using Time = std::chrono::steady_clock::time_point;

    // After two thirds of the `seconds_left`.
    void opened(Time now, std::int64_t seconds_left);
    // 10 s later, unless the session is over by then.
    void failed(Time now);
    void never() { due_ = Time::max(); }
    [[nodiscard]] bool is_due(Time now) const { return now >= due_; }
    [[nodiscard]] Time due() const { return due_; }

private:
    Time due_ = Time::max();
    Time expiry_ = Time::max();
};

class Watcher {
public:
    // `options` outlives it. Denials go to the standard error stream, one line each.
    Watcher(const RunOptions& options, const v1::Session& session);
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    ~Watcher() { stop(); }

    void start();
    void stop();
    // Tells what was not told yet; waits up to `wait` for a first record. After stop().
    void drain(Client& client, std::chrono::milliseconds wait);

private:
    // False where the answer may go on.
    [[nodiscard]] Status read_once(Client& client, std::chrono::milliseconds wait, bool& more);
    void watch();
    void renew();
    [[nodiscard]] Status try_renew();

    const RunOptions& options_;
    std::string session_;
    Denials denials_;
    RenewalPlan plan_;
    Client client_;
    std::thread thread_;
};

} // namespace bailiff::ctl
