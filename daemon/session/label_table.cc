#include "session/label_table.h"

#include <algorithm>

#include "policy/limits.h"

namespace bailiff::session {

static_assert(kLabelsPerSlot == policy::kMaxLabels);
static_assert(kRowsPerSlot == policy::kMaxRows);
static_assert(BAILIFF_MAX_ROWS <= 0xffff, "a label has 16 bits for each");

Result<std::uint32_t> LabelTable::intern(const policy::Label& label) {
    if (label.empty()) return 0;
    if (const auto known = numbers_.find(label); known != numbers_.end()) return known->second;
    if (labels_.size() >= kLabelsPerSlot)
        return fail(ErrorCode::kResourceExhausted, "the policy and its sessions need more than " +
                                                       std::to_string(kLabelsPerSlot) +
                                                       " distinct labels");
    const auto number = first_ + static_cast<std::uint32_t>(labels_.size());
    const auto rows = label.rows();
    bailiff_label indices = {};
    for (std::uint32_t right = 0; right < BAILIFF_RIGHTS; right++) {
        const Result<std::uint16_t> row = intern(rows[right]);
        if (!row) return tl::unexpected(row.error());
        indices.row[right] = *row;
    }
    if (Status cleared = clear_failed(number); !cleared) return tl::unexpected(cleared.error());
    failed_ = true;
    if (Status written = write_budgets(number, label); !written)
        return tl::unexpected(written.error());
    if (Status written = port_.put_label(number, indices); !written)
        return tl::unexpected(written.error());
    for (const auto& [content, row] : label.listed()) {
        bailiff_listed_key key = {};
        key.label = number;
        std::copy(content.begin(), content.end(), std::begin(key.sha256));
        if (Status written = port_.put_listed(key, row); !written)
            return tl::unexpected(written.error());
    }
    const auto [at, fresh] = numbers_.emplace(label, number);
    labels_.push_back(&at->first);
    budgets_ += label.budgets();
    failed_ = false;
    return number;
}

Status LabelTable::write_budgets(std::uint32_t number, const policy::Label& label) {
    if (budgets_ + label.budgets() > policy::kMaxBudgets)
        return fail(ErrorCode::kResourceExhausted,
                    "the policy and its sessions hold more than " +
                        std::to_string(policy::kMaxBudgets) +
                        " things up to a budget or at the first contact");
    for (const policy::Saying& saying : label.sayings()) {
        const policy::Unasked& unasked = saying.unasked;
        if (!unasked.any()) continue;
        const bailiff_budget_key key = {number, saying.bit, saying.right, 0};
        bailiff_budget row = {};
        row.period = unasked.seconds == 0 ? ~0ULL : unasked.seconds * 1'000'000'000ULL;
        row.count = unasked.count;
        row.number = slot_ << 16U | unasked.number;
        row.flags = unasked.first_contact ? BAILIFF_BUDGET_CONTACT : 0;
        if (Status written = port_.put_budget(key, row); !written) return written;
    }
    return {};
}

Status LabelTable::clear_failed(std::uint32_t number) {
    if (!failed_) return {};
    if (Status cleared = port_.clear_budgets(number, 1); !cleared) return cleared;
    return port_.clear_listed(number, 1);
}

Result<std::uint16_t> LabelTable::intern(const bailiff_row& row) {
    const policy::RowKey key = policy::row_key(row);
    if (key == policy::RowKey{}) return 0;
    if (const auto known = rows_.find(key); known != rows_.end()) return known->second;
    if (rows_.size() >= kRowsPerSlot)
        return fail(ErrorCode::kResourceExhausted, "the policy and its sessions say more than " +
                                                       std::to_string(kRowsPerSlot) +
                                                       " different things of single rights");
    const auto number = static_cast<std::uint16_t>(first_row_ + rows_.size());
    if (Status written = port_.put_row(number, row); !written)
        return tl::unexpected(written.error());
    rows_.emplace(key, number);
    return number;
}

const policy::Label* LabelTable::find(std::uint32_t number) const {
    if (number < first_ || number - first_ >= labels_.size()) return nullptr;
    return labels_[number - first_];
}

} // namespace bailiff::session
