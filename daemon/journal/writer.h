// Writer: the one process that appends to FOLDER/journal.jsonl. It loses no record silently: what
// cannot be written waits in memory, what does not fit there is counted, and a "gap" record says so
// in the journal itself. Owned by the daemon; I/O thread only.
//
//   journal.jsonl      one record a line (line.h)
//   sequence           the highest number ever given to a record
//   lock               held with flock(2); names the pid
//   journal.torn-TIME  bytes that a crash left behind the last whole line
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "bailiff/journal.pb.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace bailiff::journal {

inline constexpr std::size_t kMaxBacklogBytes = 64U << 20;

class Writer {
public:
    // Creates `folder` (0750, its parent must exist) and the journal (0640) where they are missing;
    // otherwise goes on behind the last whole record, with a gap record where the last run gave
    // out numbers that are not there. `clock` must outlive the writer. kAlreadyExists when another
    // writer holds the folder.
    [[nodiscard]] static Result<Writer> open(const std::string& folder, const Clock& clock,
                                             std::size_t max_backlog_bytes = kMaxBacklogBytes);

    // Gives the record the next sequence, and a time where it has none, and writes it; never
    // fails: see state(). Returns the sequence; 0 where the backlog was full and the record is
    // lost.
    std::uint64_t append(v1::Record record);

    // Writes what waits in memory; to be called every few seconds.
    void retry();

    // Makes what was written durable; to be called after each batch. kInternal when the disk
    // refused, which state() says as well until it works again.
    Status sync();

    // "ok", or one sentence: what is wrong, what it costs, what to do.
    [[nodiscard]] std::string state() const;

    [[nodiscard]] std::uint64_t last_sequence() const { return sequence_; }
    [[nodiscard]] std::size_t waiting() const { return backlog_.size(); } // records in memory
    [[nodiscard]] std::uint64_t lost() const { return lost_total_; }      // since open

private:
    struct Pending {
        std::uint64_t sequence;
        std::string bytes;
    };

    Writer(std::string folder, const Clock& clock, std::size_t max_backlog_bytes)
        : folder_(std::move(folder)), clock_(&clock), max_backlog_bytes_(max_backlog_bytes) {}

    [[nodiscard]] std::string path() const { return folder_ + "/journal.jsonl"; }
    [[nodiscard]] Status take_lock();
    [[nodiscard]] Status open_files();
    [[nodiscard]] Status recover();
    [[nodiscard]] Result<std::uint64_t> read_high_water();
    [[nodiscard]] Result<std::string> set_aside(const std::string& torn);
    [[nodiscard]] std::string keep_torn(const std::string& torn);

    [[nodiscard]] std::string now() const;
    void append_gap(std::uint64_t count, std::string message, const std::string& since = {});
    [[nodiscard]] bool enqueue(v1::Record record);
    void drain();
    [[nodiscard]] bool write_front();
    [[nodiscard]] bool write_high_water(std::uint64_t sequence);
    [[nodiscard]] bool cut_partial_line();
    [[nodiscard]] bool failed(const char* call, int error_number);

    std::string folder_;
    const Clock* clock_;
    std::size_t max_backlog_bytes_;
    UniqueFd lock_;
    UniqueFd file_;
    UniqueFd high_water_;
    std::uint64_t sequence_ = 0;         // the last one given
    std::uint64_t written_sequence_ = 0; // what the file "sequence" says
    std::uint64_t good_bytes_ = 0;       // length of the file up to its last whole line
    bool partial_line_ = false;          // the file may be longer than good_bytes_
    bool unsynced_ = false;
    std::deque<Pending> backlog_;
    std::size_t backlog_bytes_ = 0;
    std::uint64_t lost_ = 0; // not yet told by a gap record
    std::string lost_since_; // time of the first of them
    std::uint64_t lost_total_ = 0;
    std::string write_error_; // empty while writing works
    std::string sync_error_;
};

} // namespace bailiff::journal
