// Reader: answers what the journal holds, while the writer appends to it. Streams the file; keeps
// only a sparse index of where every thousandth record stands, and seeks between its marks, so that
// following the end of a long journal reads the end only. Owned by the daemon; I/O thread only.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bailiff/journal.pb.h"
#include "base/result.h"
#include "journal/seek.h"

namespace bailiff::journal {

struct Filter {
    std::string session = {};               // empty: every session
    std::vector<std::string> verdicts = {}; // of "deny", "hold", ...; empty: every record
    std::uint64_t after = 0;                // sequence of the last record seen
    std::size_t limit = 1000;               // at most this many records; 0: 1000
    // Whether the records of this session may be seen; empty: all, also those of no session.
    std::function<bool(const std::string& session)> visible = {};
    std::uint64_t max_scan = ~0ULL; // bytes: about so many are read in one call
};

// Whether the filter lets this record through; what it says of `after` aside.
[[nodiscard]] bool matches(const v1::Record& record, const Filter& filter);

struct Page {
    std::vector<v1::Record> records = {};
    std::uint64_t next = 0; // `after` of the next call; also grows past records that do not match
    bool more = false;      // `limit` or `max_scan` cut the answer
};

class Reader {
public:
    explicit Reader(const std::string& folder) : path_(folder + "/journal.jsonl") {}

    // An absent journal is an empty one. kInternal when the file cannot be read.
    //
    // Records of kind "gap" match every filter: who reads a part of the journal must learn as well
    // that something is missing. Damaged lines come out as a synthetic one without a sequence,
    // together with the record behind them, so that no page reports them twice; with it a page may
    // be one record above the limit.
    [[nodiscard]] Result<Page> read(const Filter& filter);

    [[nodiscard]] std::uint64_t lines_read() const { return lines_read_; } // by all calls, to watch

private:
    struct Mark {
        std::uint64_t sequence; // of the last record before `offset`
        std::uint64_t offset;
    };

    std::uint64_t forget_if_replaced(int fd);
    [[nodiscard]] Range around(std::uint64_t after, std::uint64_t size) const;
    void note(std::uint64_t sequence, std::uint64_t end_offset);

    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    std::vector<Mark> index_;
    std::uint64_t noted_until_ = 0; // the index has no mark beyond this offset
    std::uint64_t since_mark_ = 0;  // records noted since the last mark
    std::uint64_t lines_read_ = 0;
};

} // namespace bailiff::journal
