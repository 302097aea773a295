// Journal: where every record of the daemon goes: through the collapser to the file, and to
// journald. Wakes who waits for new records. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>

#include "base/clock.h"
#include "journal/collapser.h"
#include "journal/reader.h"
#include "journal/writer.h"

namespace bailiff::daemon {

class Journal {
public:
    Journal(boost::asio::io_context& context, journal::Writer writer, std::string folder,
            const Clock& clock);

    void record(v1::Record record);
    [[nodiscard]] Result<journal::Page> read(const journal::Filter& filter);
    // Until a record is written, at most so long.
    [[nodiscard]] boost::asio::awaitable<void> wait(std::chrono::milliseconds longest);
    // Collapsed records whose time is over, what waits for disk space, durability; every second.
    void tick();
    void close();
    [[nodiscard]] std::string state() const { return writer_.state(); }

private:
    void write(v1::Record record);

    journal::Writer writer_;
    journal::Collapser collapser_;
    journal::Reader reader_;
    const Clock& clock_;
    boost::asio::steady_timer news_;
    bool dirty_ = false;
};

} // namespace bailiff::daemon
