// Collapser: stands before the writer and makes one record of many identical ones. The first of a
// kind always passes at once; what collapses comes out as one record when its window is over. The
// sum of the counts is the number offered. Owned by the daemon; I/O thread only.
//
// Observations (verdict "audit", and what was executed): identical ones within 5 s. Denials:
// identical ones within 1 s, once their rule and session had ten in that second. Refused sessions:
// as denials, but what one uid is refused beyond ten in a second and for new reasons becomes one
// record too, for the caller chooses the words. All other records pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bailiff/journal.pb.h"
#include "base/sha256.h"

namespace bailiff::journal {

class Collapser {
public:
    static constexpr std::uint64_t kDenialWindowNs = 1'000'000'000;
    static constexpr std::uint64_t kObservationWindowNs = 5'000'000'000;
    static constexpr std::uint64_t kDenialsPerWindow = 10;
    static constexpr std::size_t kMaxKeys = 65536;

    explicit Collapser(std::size_t max_keys = kMaxKeys) : max_keys_(max_keys) {}
    Collapser(const Collapser&) = delete;
    Collapser& operator=(const Collapser&) = delete;

    // The records to write now, in order. `now_boot_ns` is CLOCK_BOOTTIME and does not go back.
    [[nodiscard]] std::vector<v1::Record> offer(v1::Record record, std::uint64_t now_boot_ns);

    // The collapsed records whose window is over; to be called every second or so.
    [[nodiscard]] std::vector<v1::Record> flush(std::uint64_t now_boot_ns);

    // All collapsed records, for the end.
    [[nodiscard]] std::vector<v1::Record> flush_all();

    [[nodiscard]] std::size_t keys() const { return windows_.size(); }

private:
    struct Window {
        Sha256 key;
        std::uint64_t start = 0;
        std::optional<v1::Record> collapsed; // empty until a second record comes
    };
    using Windows = std::list<Window>; // oldest first
    struct Budget {
        std::uint64_t start = 0;
        std::uint64_t used = 0;
    };
    struct KeyHash {
        std::size_t operator()(const Sha256& key) const;
    };

    [[nodiscard]] bool within_budget(const Sha256& whose, std::uint64_t now);
    void close_oldest(Windows& windows, std::vector<v1::Record>& out);
    void make_room(std::vector<v1::Record>& out);

    std::size_t max_keys_;
    Windows denials_;
    Windows observations_;
    std::unordered_map<Sha256, Windows::iterator, KeyHash> windows_;
    std::unordered_map<Sha256, Budget, KeyHash> budgets_; // by rule and session, or by uid
};

} // namespace bailiff::journal
