// Approvals: the acts that wait in the kernel for an answer, from the question to the task's taking
// the answer. What waits is the kernel's to know; this adds what people need to decide, and lets
// the tasks go on. I/O thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bailiff/journal.pb.h"
#include "base/clock.h"
#include "base/result.h"
#include "kernel/port.h"

namespace bailiff::decision {

struct Approval {
    std::uint64_t hold = 0; // the kernel's id
    std::string id;         // the same as people type it, see approval_id()
    v1::Record asked;
    std::uint32_t pid = 0;
    std::uint64_t start_time = 0;          // of the process, nanoseconds of CLOCK_BOOTTIME
    std::uint64_t deadline = 0;            // nanoseconds of CLOCK_BOOTTIME
    std::optional<bailiff_verdict> answer; // given, and not taken yet
    std::uint64_t answered_at = 0;         // nanoseconds of CLOCK_BOOTTIME
    std::uint64_t let_go_at = 0; // when its task could first find that its time is over; the same
    bailiff_event act{};
};

class Approvals {
public:
    // Both outlive it.
    Approvals(kernel::KernelPort& port, const Clock& clock) : port_(port), clock_(clock) {}

    // An act waits. `asked` is its record in the journal.
    void add(const bailiff_hold& row, v1::Record asked);
    // The task of a hold went on: it took the answer, or was denied.
    void settled(std::uint64_t hold);
    // Can it be answered? kNotFound where no such act waits, kFailedPrecondition where it was
    // answered before or its time is over.
    [[nodiscard]] Status check(const std::string& id);
    // Answers one, allow or deny, and lets the task go on. As check(), and kUnavailable.
    [[nodiscard]] Status answer(const std::string& id, bailiff_verdict verdict);

    // kNotFound.
    [[nodiscard]] Result<const Approval*> find(const std::string& id) const;
    // The oldest first.
    [[nodiscard]] std::vector<const Approval*> list() const;
    [[nodiscard]] std::size_t count() const { return waiting_.size(); }
    // Has a task yet to take an answer that was just given? Then tick() is to be called soon.
    [[nodiscard]] bool hurries() const;

    // Lets go on what is answered, what is due, and what belongs to a session that is over: these
    // find out by themselves that they are denied. So many at a time, in turn. Forgets what waits
    // no more, and what was let go for long: its task does something else by now.
    void tick(const std::function<bool(const v1::Record&)>& is_over);

private:
    [[nodiscard]] bool waits(const Approval& approval);

    kernel::KernelPort& port_;
    const Clock& clock_;
    std::map<std::uint64_t, Approval> waiting_; // by hold
    std::uint64_t turn_ = 0;                    // the hold that tick() begins with
};

} // namespace bailiff::decision
