#include "journal/writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "base/file.h"
#include "journal/line.h"
#include "journal/tail.h"

namespace bailiff::journal {
namespace {

constexpr int kFileFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
constexpr mode_t kFileMode = 0640;

Result<UniqueFd> open_file(const std::string& path, int more_flags, mode_t mode = kFileMode) {
    UniqueFd fd(::open(path.c_str(), kFileFlags | more_flags, mode));
    if (!fd) return fail_errno("open " + path, errno);
    // The umask must not decide who reads the journal.
    if (fchmod(fd.get(), mode) != 0) return fail_errno("chmod " + path, errno);
    return fd;
}

std::uint64_t leading_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// Bytes of `text` that were written, which are fewer after a failure; `error_number` is its errno.
std::size_t write_some(int fd, std::string_view text, int& error_number) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            error_number = n < 0 ? errno : ENOSPC;
            return done;
        }
        done += static_cast<std::size_t>(n);
    }
    return done;
}

} // namespace

Result<Writer> Writer::open(const std::string& folder, const Clock& clock,
                            std::size_t max_backlog_bytes) {
    if (mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST)
        return fail_errno("create the journal's folder " + folder, errno);
    Writer writer(folder, clock, max_backlog_bytes);
    if (auto locked = writer.take_lock(); !locked)
        return tl::unexpected<Error>(std::move(locked).error());
    if (auto opened = writer.open_files(); !opened)
        return propagate(std::move(opened), "open the journal");
    if (auto recovered = writer.recover(); !recovered)
        return propagate(std::move(recovered), "open the journal " + writer.path());
    return writer;
}

Status Writer::take_lock() {
    // Who can open a file can lock it: readers of the journal must not keep its writer out.
    auto lock = open_file(folder_ + "/lock", 0, 0600);
    if (!lock) return propagate(std::move(lock), "lock the journal");
    if (flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail_errno("lock " + folder_ + "/lock", errno);
        const auto text = read_file(folder_ + "/lock", 64);
        const std::uint64_t pid = text ? leading_number(*text) : 0;
        return fail(ErrorCode::kAlreadyExists,
                    "the journal in " + folder_ + " is written by " +
                        (pid != 0 ? "process " + std::to_string(pid) : "another process") +
                        "; stop it, or give this one another folder");
    }
    lock_ = std::move(*lock);
    const std::string pid = std::to_string(getpid()) + "\n";
    // The pid is for the message above only: a full disk must not keep the daemon from starting.
    if (ftruncate(lock_.get(), 0) != 0 ||
        pwrite(lock_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
        return {};
    return {};
}

Status Writer::open_files() {
    auto file = open_file(path(), O_APPEND);
    if (!file) return tl::unexpected<Error>(std::move(file).error());
    file_ = std::move(*file);
    auto high_water = open_file(folder_ + "/sequence", 0);
    if (!high_water) return tl::unexpected<Error>(std::move(high_water).error());
    high_water_ = std::move(*high_water);
    return {};
}

Result<std::uint64_t> Writer::read_high_water() {
    auto text = read_file(folder_ + "/sequence", 4096);
    if (!text) return tl::unexpected<Error>(std::move(text).error());
    return leading_number(*text);
}

// Keeps the bytes behind the last whole line out of the journal; returns the file they are in now.
Result<std::string> Writer::set_aside(const std::string& torn) {
    const std::string name = "journal.torn-" + std::string(TimeText(clock_->unix_nanos()).c_str());
    std::string unique = name;
    for (int i = 1; access((folder_ + '/' + unique).c_str(), F_OK) == 0; ++i)
        unique = name + '.' + std::to_string(i);
    if (auto kept = write_file_atomic(folder_ + '/' + unique, torn, kFileMode); !kept)
        return tl::unexpected<Error>(std::move(kept).error());
    if (ftruncate(file_.get(), static_cast<off_t>(good_bytes_)) != 0)
        return fail_errno("cut " + path(), errno);
    return unique;
}

Status Writer::recover() {
    auto tail = find_tail(file_.get());
    if (!tail) return tl::unexpected<Error>(std::move(tail).error());
    auto high_water = read_high_water();
    if (!high_water) return tl::unexpected<Error>(std::move(high_water).error());
    sequence_ = std::max(tail->last_sequence, *high_water);
    written_sequence_ = *high_water;
    good_bytes_ = tail->good_bytes;
    const std::uint64_t missing = sequence_ - tail->last_sequence;
    if (tail->torn.empty() && missing == 0) return {};
    std::string message;
    if (missing > 0)
        message = std::to_string(missing) + " records, up to number " + std::to_string(sequence_) +
                  ", are not in the journal: the last run could not write them, or the file was "
                  "cut or replaced";
    if (!tail->torn.empty()) message += (missing > 0 ? "; " : "") + keep_torn(tail->torn);
    append_gap(std::max<std::uint64_t>(missing, 1), std::move(message));
    return {};
}

// Gets the torn bytes out of the way; returns what became of them.
std::string Writer::keep_torn(const std::string& torn) {
    const std::string what = std::to_string(torn.size()) + " bytes of a torn line at its end were ";
    if (const auto kept = set_aside(torn)) return what + "moved to " + *kept;
    // No room for a copy: the bytes stay where they are, on a line of their own.
    good_bytes_ += torn.size();
    if (torn.back() != '\n') {
        backlog_.push_back({sequence_, "\n"});
        backlog_bytes_ += 1;
    }
    return what + "left where they are";
}

std::uint64_t Writer::append(v1::Record record) {
    // A lost record has a number too. That it is noted before anything else lets the next start
    // tell how many never reached the journal.
    const std::uint64_t sequence = ++sequence_;
    static_cast<void>(write_high_water(sequence));
    record.set_sequence(sequence);
    // After a loss everything is lost until the backlog is written: order matters more than reach.
    if (lost_ > 0 || !enqueue(std::move(record))) {
        if (lost_++ == 0) lost_since_ = now();
        ++lost_total_;
        return 0;
    }
    // On a full disk only retry() tries again: a storm of records must not become one of writes.
    if (write_error_.empty()) drain();
    return sequence;
}

void Writer::append_gap(std::uint64_t count, std::string message, const std::string& since) {
    v1::Record gap;
    gap.set_kind("gap");
    gap.set_count(count);
    gap.set_message(std::move(message));
    if (!since.empty()) {
        gap.set_first_time(since);
        gap.set_last_time(now());
    }
    append(std::move(gap));
}

// False where the backlog has no room.
bool Writer::enqueue(v1::Record record) {
    if (record.time().empty()) record.set_time(now());
    auto line = to_line(record);
    if (!line) {
        v1::Record gap;
        gap.set_time(record.time());
        gap.set_sequence(record.sequence());
        gap.set_kind("gap");
        gap.set_count(1);
        gap.set_message("a record of kind " + record.kind() +
                        " is lost: " + line.error().message());
        line = to_line(std::move(gap));
        if (!line) return false;
    }
    const std::size_t bytes = line->size() + 1;
    if (!backlog_.empty() && backlog_bytes_ + bytes > max_backlog_bytes_) return false;
    backlog_bytes_ += bytes;
    backlog_.push_back({record.sequence(), std::move(*line) + '\n'});
    return true;
}

void Writer::retry() {
    drain();
}

void Writer::drain() {
    while (!backlog_.empty()) {
        if (!write_front()) return;
        backlog_bytes_ -= backlog_.front().bytes.size();
        backlog_.pop_front();
    }
    write_error_.clear();
    if (lost_ == 0) return;
    const std::uint64_t lost = std::exchange(lost_, 0);
    append_gap(lost,
               std::to_string(lost) + " records are lost: the journal could not be written and " +
                   std::to_string(max_backlog_bytes_) + " bytes of memory for it were full",
               lost_since_);
}

bool Writer::write_front() {
    const Pending& next = backlog_.front();
    if (partial_line_ && !cut_partial_line()) return false;
    if (!write_high_water(next.sequence)) return false;
    int error_number = 0;
    const std::size_t done = write_some(file_.get(), next.bytes, error_number);
    if (done < next.bytes.size()) {
        partial_line_ = done > 0;
        const bool refused = failed("write", error_number);
        if (partial_line_) static_cast<void>(cut_partial_line());
        return refused;
    }
    good_bytes_ += done;
    unsynced_ = true;
    return true;
}

// Before the record itself: no number in the journal is ever above the one in this file.
bool Writer::write_high_water(std::uint64_t sequence) {
    if (sequence <= written_sequence_) return true;
    char text[24];
    const int size =
        std::snprintf(text, sizeof(text), "%020llu\n", static_cast<unsigned long long>(sequence));
    const ssize_t n = pwrite(high_water_.get(), text, static_cast<std::size_t>(size), 0);
    if (n != size) return failed("write the sequence", n < 0 ? errno : ENOSPC);
    written_sequence_ = sequence;
    return true;
}

bool Writer::cut_partial_line() {
    if (ftruncate(file_.get(), static_cast<off_t>(good_bytes_)) != 0)
        return failed("cut a partial line", errno);
    partial_line_ = false;
    return true;
}

// Always false, for the caller to return.
bool Writer::failed(const char* call, int error_number) {
    write_error_ = std::string(call) + ": " + std::generic_category().message(error_number);
    return false;
}

Status Writer::sync() {
    if (!unsynced_) return {};
    if (fdatasync(high_water_.get()) != 0 || fdatasync(file_.get()) != 0) {
        const int error_number = errno;
        sync_error_ = std::generic_category().message(error_number);
        return fail_errno("sync " + path(), error_number);
    }
    unsynced_ = false;
    sync_error_.clear();
    return {};
}

std::string Writer::state() const {
    if (!write_error_.empty())
        return path() + " cannot be written (" + write_error_ +
               "): " + std::to_string(backlog_.size()) + " records wait in memory, " +
               std::to_string(lost_) + " are lost; free space on its file system";
    if (!sync_error_.empty())
        return path() + " cannot be made durable (" + sync_error_ +
               "): records may be lost with the power; check its disk";
    return "ok";
}

std::string Writer::now() const {
    return TimeText(clock_->unix_nanos()).c_str();
}

} // namespace bailiff::journal
