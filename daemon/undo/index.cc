#include "undo/index.h"

#include <algorithm>

namespace bailiff::undo {

bool Index::add(std::int64_t time, const Kept& kept) {
    if (!times_.emplace(kept.action, time).second) return false;
    by_time_.emplace(time, kept);
    last_ = std::max(last_, time);
    usage_.bytes += kept.bytes;
    usage_.entries++;
    return true;
}

void Index::erase(std::uint64_t action) {
    const auto time = times_.find(action);
    if (time == times_.end()) return;
    auto [at, end] = by_time_.equal_range(time->second);
    at = std::find_if(at, end, [&](const auto& row) { return row.second.action == action; });
    usage_.bytes -= at->second.bytes;
    usage_.entries--;
    by_time_.erase(at);
    times_.erase(time);
}

std::optional<Kept> Index::find(std::uint64_t action) const {
    const auto time = times_.find(action);
    if (time == times_.end()) return std::nullopt;
    const auto [first, end] = by_time_.equal_range(time->second);
    return std::find_if(first, end, [&](const auto& row) { return row.second.action == action; })
        ->second;
}

std::vector<Kept> Index::after(std::int64_t time, std::size_t count) const {
    std::vector<Kept> found;
    for (auto at = by_time_.upper_bound(time); at != by_time_.end() && found.size() < count; ++at)
        found.push_back(at->second);
    return found;
}

std::vector<Kept> Index::before(std::int64_t time) const {
    std::vector<Kept> found;
    for (auto at = by_time_.begin(); at != by_time_.lower_bound(time); ++at)
        found.push_back(at->second);
    return found;
}

std::int64_t Index::next_time(std::int64_t now) const {
    return std::max(now, last_ + 1);
}

} // namespace bailiff::undo
