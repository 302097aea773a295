#include "bailiffd/journal.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::daemon {
namespace {

class Journals : public testing::Test {
protected:
    [[nodiscard]] static v1::Record denial(const std::string& path) {
        v1::Record record;
        record.set_kind("verdict");
        record.set_verdict("deny");
        record.set_hook("file_open");
        record.mutable_object()->set_path(path);
        return record;
    }
    [[nodiscard]] std::vector<v1::Record> all() {
        auto page = journal.read({});
        EXPECT_TRUE(page) << (page ? "" : page.error().message());
        return page ? page->records : std::vector<v1::Record>();
    }

    tests::ManualClock clock;
    tests::TemporaryFolder folder;
    boost::asio::io_context context;
    Journal journal{journal::Writer::open(folder.path(), clock).value(), folder.path(), clock};
};

TEST_F(Journals, ARecordWithoutATimeGetsTheClocks) {
    v1::Record record;
    record.set_kind("daemon.started");
    journal.record(record);
    ASSERT_EQ(all().size(), 1U);
    EXPECT_EQ(all()[0].time(), TimeText(clock.unix_nanos()).c_str());
}

TEST_F(Journals, AStormOfOneDenialIsCollapsedAndNoneOfItIsLost) {
    constexpr std::uint64_t kStorm = 1000;
    for (std::uint64_t i = 0; i < kStorm; i++) journal.record(denial("/etc/shadow"));
    EXPECT_LT(all().size(), 20U);
    clock.advance(60);
    journal.tick();
    std::uint64_t counted = 0;
    for (const v1::Record& record : all()) counted += std::max<std::uint64_t>(record.count(), 1);
    EXPECT_EQ(counted, kStorm);
}

TEST_F(Journals, ClosingWritesWhatIsStillCollapsed) {
    for (int i = 0; i < 50; i++) journal.record(denial("/etc/shadow"));
    journal.close();
    std::uint64_t counted = 0;
    for (const v1::Record& record : all()) counted += std::max<std::uint64_t>(record.count(), 1);
    EXPECT_EQ(counted, 50U);
}

TEST_F(Journals, AWaitEndsWithTheFirstRecordOfItsFilter) {
    bool woken = false;
    journal::Filter filter;
    filter.session = "s-1";
    boost::asio::co_spawn(
        context,
        [&]() -> boost::asio::awaitable<void> {
            co_await journal.wait(filter, std::chrono::hours(1));
            woken = true;
        },
        boost::asio::detached);
    context.poll();
    EXPECT_FALSE(woken);
    v1::Record record;
    record.set_kind("session.opened");
    for (const char* session : {"s-2", "s-1"}) {
        EXPECT_FALSE(woken);
        record.set_session(session);
        journal.record(record);
        context.restart();
        context.poll();
    }
    EXPECT_TRUE(woken);
}

TEST_F(Journals, AStormOfOneExecutionIsCollapsedAndNoneOfItIsLost) {
    for (const char* kind : {"exec", "unbound"}) {
        v1::Record record;
        record.set_kind(kind);
        record.mutable_process()->set_executable("/bin/true");
        for (int i = 0; i < 1000; i++) journal.record(record);
    }
    EXPECT_EQ(all().size(), 2U);
    clock.advance(60);
    journal.tick();
    std::uint64_t counted = 0;
    for (const v1::Record& written : all()) counted += std::max<std::uint64_t>(written.count(), 1);
    EXPECT_EQ(counted, 2000U);
}

TEST_F(Journals, IsOkWhileItCanBeWritten) {
    journal.record(denial("/etc/shadow"));
    EXPECT_EQ(journal.state(), "ok");
}

} // namespace
} // namespace bailiff::daemon
