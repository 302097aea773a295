// One denial as a line for the person who runs the agent. Pure; any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "bailiff/journal.pb.h"

namespace bailiff::ctl {

// "bailiff: denied write /etc/passwd by git (pid 123): policy.yaml:41 deny ...; to allow: ..."
// Everything in it that the agent chose is escaped.
[[nodiscard]] std::string denial_line(const v1::Record& record);

// Which denials have been told: the same right, object and rule only once.
class Denials {
public:
    // True the first time, and only for what was really denied.
    [[nodiscard]] bool is_news(const v1::Record& record);
    // No further denial is news, whatever it is: an agent must not fill our memory with new names.
    [[nodiscard]] bool is_full() const { return told_.size() >= kMaxTold; }
    [[nodiscard]] std::uint64_t after() const { return after_; }
    void set_after(std::uint64_t sequence) { after_ = sequence; }

private:
    static constexpr std::size_t kMaxTold = 10'000;
    std::set<std::string> told_;
    std::uint64_t after_ = 0; // of the next ReadEvents
};

} // namespace bailiff::ctl
