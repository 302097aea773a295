#include "bailiffd/journal.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "journal/journald.h"

namespace bailiff::daemon {
namespace {

// An allowed step is for the file alone; people are told about the rest.
bool rings_the_bell(const v1::Record& record) {
    return record.kind() != "exec" && record.verdict() != "audit";
}

} // namespace

Journal::Journal(boost::asio::io_context& context, journal::Writer writer, std::string folder,
                 const Clock& clock)
    : writer_(std::move(writer)),
      reader_(folder),
      clock_(clock),
      news_(context, boost::asio::steady_timer::time_point::max()) {}

void Journal::record(v1::Record record) {
    if (record.time().empty()) record.set_time(TimeText(clock_.unix_nanos()).c_str());
    if (record.kind() != "verdict") {
        write(std::move(record));
        return;
    }
    for (v1::Record& now : collapser_.offer(std::move(record), clock_.boot_nanos()))
        write(std::move(now));
}

void Journal::write(v1::Record record) {
    if (rings_the_bell(record)) (void)journal::send_to_journald(record);
    writer_.append(std::move(record));
    dirty_ = true;
    news_.cancel();
}

Result<journal::Page> Journal::read(const journal::Filter& filter) {
    return reader_.read(filter);
}

boost::asio::awaitable<void> Journal::wait(std::chrono::milliseconds longest) {
    // Whoever writes cancels every wait on this timer; a second one bounds the wait.
    boost::asio::steady_timer limit(news_.get_executor(), longest);
    boost::system::error_code ignored;
    limit.async_wait([this](const boost::system::error_code& error) {
        if (!error) news_.cancel();
    });
    co_await news_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

void Journal::tick() {
    for (v1::Record& over : collapser_.flush(clock_.boot_nanos())) write(std::move(over));
    writer_.retry();
    if (!dirty_) return;
    dirty_ = !writer_.sync();
}

void Journal::close() {
    for (v1::Record& left : collapser_.flush_all()) write(std::move(left));
    (void)writer_.sync();
    news_.cancel();
}

} // namespace bailiff::daemon
