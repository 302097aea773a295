// Watcher: while the command runs, tells denials as they happen and renews the session. Its own
// thread between start() and stop(); every other method before or after.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "bailiff/control.pb.h"
#include "base/clock.h"
#include "ctl/child.h"
#include "ctl/client.h"
#include "ctl/denial.h"
#include "ctl/renewal_plan.h"

namespace bailiff::ctl {

class Watcher {
public:
    // `options` outlives it. Denials go to the standard error stream, one line each; those up to
    // the record `after` are not looked for.
    Watcher(const RunOptions& options, const v1::Session& session, std::uint64_t after);
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
    [[nodiscard]] RenewalPlan::Time now() const;
    void watch();
    void renew();
    [[nodiscard]] Status try_renew();

    const RunOptions& options_;
    std::string session_;
    Denials denials_;
    SystemClock clock_;
    RenewalPlan plan_;
    Client client_;
    std::thread thread_;
};

} // namespace bailiff::ctl
