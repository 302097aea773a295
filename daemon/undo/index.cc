#include "undo/index.h"

#include <algorithm>

namespace bailiff::undo {

namespace {

void put(Usage& usage, const Kept& kept) {
    usage.bytes += kept.bytes;
    usage.entries++;
}

void take(Usage& usage, const Kept& kept) {
    usage.bytes -= kept.bytes;
    usage.entries--;
}

} // namespace

bool Index::add(std::int64_t time, const Kept& kept, const std::string& charged) {
    if (!times_.emplace(kept.action, time).second) return false;
    const auto share = shares_.try_emplace(charged).first;
    by_time_.emplace(time, Row{kept, share});
    last_ = std::max(last_, time);
    put(usage_, kept);
    put(share->second, kept);
    return true;
}

void Index::erase(std::uint64_t action) {
    const auto time = times_.find(action);
    if (time == times_.end()) return;
    auto [at, end] = by_time_.equal_range(time->second);
    at = std::find_if(at, end, [&](const auto& row) { return row.second.kept.action == action; });
    const auto& [kept, share] = at->second;
    take(usage_, kept);
    take(share->second, kept);
    if (share->second.entries == 0) shares_.erase(share);
    by_time_.erase(at);
    times_.erase(time);
}

std::optional<Kept> Index::find(std::uint64_t action) const {
    const auto time = times_.find(action);
    if (time == times_.end()) return std::nullopt;
    const auto [first, end] = by_time_.equal_range(time->second);
    return std::find_if(first, end,
                        [&](const auto& row) { return row.second.kept.action == action; })
        ->second.kept;
}

std::int64_t Index::time_of(std::uint64_t action) const {
    const auto time = times_.find(action);
    return time == times_.end() ? 0 : time->second;
}

std::vector<Kept> Index::after(std::int64_t time, std::size_t count) const {
    std::vector<Kept> found;
    for (auto at = by_time_.upper_bound(time); at != by_time_.end() && found.size() < count; ++at)
        found.push_back(at->second.kept);
    return found;
}

std::vector<Kept> Index::before(std::int64_t time) const {
    std::vector<Kept> found;
    for (auto at = by_time_.begin(); at != by_time_.lower_bound(time); ++at)
        found.push_back(at->second.kept);
    return found;
}

Usage Index::usage_of(const std::string& charged) const {
    const auto share = shares_.find(charged);
    return share == shares_.end() ? Usage{} : share->second;
}

std::int64_t Index::next_time(std::int64_t now) const {
    return std::max(now, last_ + 1);
}

} // namespace bailiff::undo
