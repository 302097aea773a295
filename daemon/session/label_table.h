// LabelTable: gives every distinct label of one policy slot a number, and every distinct row of
// these labels, and writes them. Numbers live as long as the slot's policy. I/O thread only.
#pragma once

#include <map>
#include <vector>

#include "kernel/port.h"
#include "policy/image.h"

namespace bailiff::session {

// Each policy slot has its own range of labels and of rows, so that a policy can be written while
// another is in force, also by a daemon that knows nothing of its predecessor. The last label is
// the probes'.
inline constexpr std::uint32_t kPolicySlots = BAILIFF_MAX_POLICIES - 1;
inline constexpr std::uint32_t kLabelsPerSlot = (BAILIFF_MAX_LABELS - 2) / kPolicySlots;
inline constexpr std::uint32_t kRowsPerSlot = (BAILIFF_MAX_ROWS - 1) / kPolicySlots;

class LabelTable {
public:
    LabelTable(kernel::KernelPort& port, std::uint32_t policy_slot)
        : port_(port),
          slot_(policy_slot),
          first_(1 + policy_slot * kLabelsPerSlot),
          first_row_(1 + policy_slot * kRowsPerSlot) {}

    // The label's number; 0 for a label that says nothing. kResourceExhausted when a range is used
    // up.
    [[nodiscard]] Result<std::uint32_t> intern(const policy::Label& label);

    [[nodiscard]] std::uint32_t first() const { return first_; }
    [[nodiscard]] const std::vector<const policy::Label*>& labels() const { return labels_; }

    // Null where the number is not one of this table's.
    [[nodiscard]] const policy::Label* find(std::uint32_t number) const;

private:
    // The row's number; 0 for one that says nothing.
    [[nodiscard]] Result<std::uint16_t> intern(const bailiff_row& row);

    // What goes without asking by this label, before anything can meet it.
    [[nodiscard]] Status write_budgets(std::uint32_t number, const policy::Label& label);
    // A label that was not all written left its number to the next: nothing of it may stay.
    [[nodiscard]] Status clear_failed(std::uint32_t number);

    kernel::KernelPort& port_;
    std::uint32_t slot_;
    std::uint32_t first_;
    std::uint32_t first_row_;
    std::size_t budgets_ = 0; // rows of map "budgets"
    bool failed_ = false;     // at the next number
    std::map<policy::RowKey, std::uint16_t> rows_;
    std::map<policy::Label, std::uint32_t> numbers_;
    std::vector<const policy::Label*> labels_; // by number, less first_
};

} // namespace bailiff::session
