// Journal: where every record of the daemon goes: through the collapser to the file, and to
// journald. Wakes who waits for new records. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "journal/collapser.h"
#include "journal/reader.h"
#include "journal/writer.h"

namespace bailiff::daemon {

class Journal {
public:
    // `folder` is the one that `writer` writes to. `clock` outlives this.
    Journal(journal::Writer writer, const std::string& folder, const Clock& clock);

    // Takes one record, with the time of now where it has none. It may be held back to be counted
    // with others alike. What cannot be written is kept for later or counted as missing: state().
    void record(v1::Record record);
    // A page of what is written. kInternal where the file cannot be read.
    [[nodiscard]] Result<journal::Page> read(const journal::Filter& filter);
    // Until a record is written that `filter` lets through, at most so long.
    [[nodiscard]] boost::asio::awaitable<void> wait(journal::Filter filter,
                                                    std::chrono::milliseconds longest);
    // Of the last record.
    [[nodiscard]] std::uint64_t last_sequence() const { return writer_.last_sequence(); }
    // Collapsed records whose time is over, what waits for disk space, durability; every second.
    void tick();
    // Writes what is held back, and wakes who waits: nothing is recorded afterwards.
    void close();
    // "ok", or what cannot be written and why.
    [[nodiscard]] std::string state() const { return writer_.state(); }

private:
    struct Waiter {
        Waiter(boost::asio::steady_timer its_timer, journal::Filter its_filter)
            : timer(std::move(its_timer)), filter(std::move(its_filter)) {}
        boost::asio::steady_timer timer;
        journal::Filter filter;
    };
    void write(v1::Record record);

    journal::Writer writer_;
    journal::Collapser collapser_;
    journal::Reader reader_;
    const Clock& clock_;
    std::set<std::shared_ptr<Waiter>> waiters_;
    bool dirty_ = false;
};

} // namespace bailiff::daemon
