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
    return number;
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
