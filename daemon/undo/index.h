// Index: which entries there are and what they take up, in memory. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "undo/store.h"

namespace bailiff::undo {

struct Kept {
    std::uint64_t action = 0;
    std::size_t folder = 0; // of the store's, by number
    std::uint64_t bytes = 0;
};

class Index {
public:
    Index() = default;
    Index(const Index&) = delete; // a row points into the shares
    Index& operator=(const Index&) = delete;
    ~Index() = default;

    // `charged`: whom, see charged_to(). False, and nothing is added, where there is an entry of
    // that action.
    bool add(std::int64_t time, const Kept& kept, const std::string& charged);
    // What lies there and belongs to no entry.
    void count_stray(std::uint64_t bytes) { usage_.bytes += bytes; }
    void erase(std::uint64_t action);

    [[nodiscard]] std::optional<Kept> find(std::uint64_t action) const;
    // When it was kept; 0 where there is none.
    [[nodiscard]] std::int64_t time_of(std::uint64_t action) const;
    // The oldest first.
    [[nodiscard]] std::vector<Kept> after(std::int64_t time, std::size_t count) const;
    [[nodiscard]] std::vector<Kept> before(std::int64_t time) const;
    [[nodiscard]] const Usage& usage() const { return usage_; }
    // Of one whom entries are charged to.
    [[nodiscard]] Usage usage_of(const std::string& charged) const;
    // How many there are of whom something is kept.
    [[nodiscard]] std::size_t sharers() const { return shares_.size(); }
    // A time for a new entry: now, or later than every one before.
    [[nodiscard]] std::int64_t next_time(std::int64_t now) const;

private:
    using Shares = std::map<std::string, Usage>; // by whom entries are charged to
    // A million rows have no text each.
    struct Row {
        Kept kept;
        Shares::iterator share;
    };

    Shares shares_;
    std::multimap<std::int64_t, Row> by_time_;
    std::unordered_map<std::uint64_t, std::int64_t> times_;
    std::int64_t last_ = 0;
    Usage usage_;
};

} // namespace bailiff::undo
