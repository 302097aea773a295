#include "bailiffd/journal.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "journal/journald.h"

namespace bailiff::daemon {
namespace {

// A step that needs nobody is for the file alone; people are told about the rest.
bool rings_the_bell(const v1::Record& record) {
    return record.kind() != "exec" && record.verdict() != "audit" && record.verdict() != "preserve";
}

} // namespace

Journal::Journal(journal::Writer writer, const std::string& folder, const Clock& clock)
    : writer_(std::move(writer)), reader_(folder), clock_(clock) {}

void Journal::record(v1::Record record) {
    if (record.time().empty()) record.set_time(TimeText(clock_.unix_nanos()).c_str());
    for (v1::Record& now : collapser_.offer(std::move(record), clock_.boot_nanos()))
        write(std::move(now));
}

void Journal::write(v1::Record record) {
    if (rings_the_bell(record)) (void)journal::send_to_journald(record);
    for (const std::shared_ptr<Waiter>& waiter : waiters_)
        if (journal::matches(record, waiter->filter)) waiter->timer.cancel();
    writer_.append(std::move(record));
    dirty_ = true;
}

Result<journal::Page> Journal::read(const journal::Filter& filter) {
    return reader_.read(filter);
}

boost::asio::awaitable<void> Journal::wait(journal::Filter filter,
                                           std::chrono::milliseconds longest) {
    const auto self = std::make_shared<Waiter>(
        boost::asio::steady_timer(co_await boost::asio::this_coro::executor, longest),
        std::move(filter));
    waiters_.insert(self);
    boost::system::error_code ignored;
    co_await self->timer.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    waiters_.erase(self);
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
    for (const std::shared_ptr<Waiter>& waiter : waiters_) waiter->timer.cancel();
}

} // namespace bailiff::daemon
