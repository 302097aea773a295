#include "journal/reader.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "journal/line.h"
#include "journal/line_source.h"
#include "journal/writer.h"
#include "tests/unit/journal/records.h"
#include "tests/unit/support/manual_clock.h"

namespace bailiff::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::denial;
using tests::observation;
using tests::opened;

class JournalReader : public ::testing::Test {
protected:
    // Records FIRST to LAST, as a writer writes them.
    void write(std::uint64_t first, std::uint64_t last) {
        std::string lines;
        for (std::uint64_t i = first; i <= last; ++i) {
            v1::Record record = opened("s-" + std::to_string(i % 2));
            record.set_sequence(i);
            lines += *to_line(record) + '\n';
        }
        folder.append(lines);
    }
    void write(v1::Record record, std::uint64_t sequence) {
        record.set_sequence(sequence);
        folder.append(*to_line(record) + '\n');
    }
    Page read(const Filter& filter) {
        auto page = reader.read(filter);
        EXPECT_TRUE(page) << page.error().message();
        return page ? *page : Page();
    }
    static std::vector<std::uint64_t> sequences(const Page& page) {
        std::vector<std::uint64_t> all;
        for (const auto& record : page.records) all.push_back(record.sequence());
        return all;
    }

    tests::Folder folder;
    Reader reader{folder.path()};
};

TEST_F(JournalReader, FindsAnAbsentJournalEmpty) {
    const Page page = read({.after = 7});
    EXPECT_THAT(page.records, IsEmpty());
    EXPECT_EQ(page.next, 7U);
    EXPECT_FALSE(page.more);
}

TEST_F(JournalReader, ReadsWhatTheWriterWrote) {
    const tests::ManualClock clock;
    auto writer = Writer::open(folder.path(), clock);
    ASSERT_TRUE(writer);
    writer->append(denial("/tmp/\"quoted\"\n"));
    const Page page = read({});
    ASSERT_THAT(page.records, SizeIs(1));
    EXPECT_EQ(page.records[0].object().path(), "/tmp/\"quoted\"\n");
    EXPECT_EQ(page.records[0].rule().line(), 12U);
}

TEST_F(JournalReader, GivesTheRecordsBehindTheOneNamed) {
    write(1, 5);
    const Page page = read({.after = 3});
    EXPECT_THAT(sequences(page), ElementsAre(4, 5));
    EXPECT_EQ(page.next, 5U);
}

TEST_F(JournalReader, SaysThatTheLimitCutTheAnswer) {
    write(1, 5);
    const Page page = read({.limit = 2});
    EXPECT_THAT(sequences(page), ElementsAre(1, 2));
    EXPECT_EQ(page.next, 2U);
    EXPECT_TRUE(page.more);
}

TEST_F(JournalReader, SaysThatNothingIsLeftWhereTheLimitIsJustReached) {
    write(1, 2);
    EXPECT_FALSE(read({.limit = 2}).more);
}

TEST_F(JournalReader, GivesEveryRecordOncePageByPage) {
    write(1, 2500);
    std::uint64_t expected = 1;
    Page page{.more = true};
    while (page.more) {
        page = read({.after = page.next, .limit = 7});
        for (const auto& record : page.records) ASSERT_EQ(record.sequence(), expected++);
    }
    EXPECT_EQ(expected, 2501U);
}

TEST_F(JournalReader, PicksOneSession) {
    write(1, 6);
    EXPECT_THAT(sequences(read({.session = "s-1"})), ElementsAre(1, 3, 5));
}

TEST_F(JournalReader, PicksOneVerdict) {
    write(denial(), 1);
    write(observation(), 2);
    write(denial(), 3);
    EXPECT_THAT(sequences(read({.verdicts = {"deny"}})), ElementsAre(1, 3));
}

TEST_F(JournalReader, IsNotMisledByAPathThatImitatesAField) {
    v1::Record record = observation("/tmp/\",\"verdict\":\"deny\",\"sequence\":\"999\"");
    write(record, 1);
    EXPECT_THAT(read({.verdicts = {"deny"}}).records, IsEmpty());
    EXPECT_EQ(read({}).next, 1U);
}

TEST_F(JournalReader, PicksAValueThatJsonSpellsDifferently) {
    write(opened("s-<1>"), 1);
    EXPECT_THAT(sequences(read({.session = "s-<1>"})), ElementsAre(1));
}

TEST_F(JournalReader, MovesPastRecordsThatDoNotMatch) {
    write(1, 6);
    const Page page = read({.session = "s-9"});
    EXPECT_THAT(page.records, IsEmpty());
    EXPECT_EQ(page.next, 6U);
    EXPECT_FALSE(page.more);
}

TEST_F(JournalReader, ShowsGapsToEveryFilter) {
    v1::Record gap;
    gap.set_kind("gap");
    write(gap, 1);
    EXPECT_THAT(sequences(read({.session = "s-1", .verdicts = {"deny"}})), ElementsAre(1));
}

TEST_F(JournalReader, LeavesALineAloneThatIsStillBeingWritten) {
    write(1, 1);
    folder.append("{\"time\":\"2026");
    EXPECT_THAT(sequences(read({})), ElementsAre(1));
}

TEST_F(JournalReader, ReportsADamagedLineAsAGap) {
    write(1, 1);
    folder.append("{\"time\":\"20\n");
    write(3, 3);
    const Page page = read({});
    EXPECT_THAT(sequences(page), ElementsAre(1, 0, 3));
    EXPECT_EQ(page.records[1].kind(), "gap");
    EXPECT_THAT(page.records[1].message(), HasSubstr("1 damaged lines (11 bytes)"));
}

TEST_F(JournalReader, ReportsALineThatOnlyLooksLikeARecord) {
    folder.append("{\"sequence\":\"1\",\"kind\":[}\n");
    write(2, 2);
    EXPECT_THAT(sequences(read({})), ElementsAre(0, 2));
}

TEST_F(JournalReader, ReportsADamagedLineInOnePageOnly) {
    write(1, 1);
    folder.append("damage\n");
    write(3, 4);
    EXPECT_THAT(sequences(read({.after = 0, .limit = 1})), ElementsAre(1));
    EXPECT_THAT(sequences(read({.after = 1, .limit = 1})), ElementsAre(0, 3));
    EXPECT_THAT(sequences(read({.after = 3, .limit = 1})), ElementsAre(4));
}

TEST_F(JournalReader, SurvivesALineAboveAnyLimit) {
    folder.append(std::string(kMaxLineBytes + 1'000'000, 'x') + "\n");
    write(2, 2);
    const Page page = read({});
    EXPECT_THAT(sequences(page), ElementsAre(0, 2));
    EXPECT_THAT(page.records[0].message(), HasSubstr("17777216 bytes"));
}

TEST_F(JournalReader, ReadsALongLineAcrossItsBuffer) {
    write(denial(std::string(700'000, 'a')), 1);
    write(2, 2);
    EXPECT_THAT(sequences(read({})), ElementsAre(1, 2));
}

TEST_F(JournalReader, ReadsTheEndOnlyWhenItFollows) {
    write(1, 20'000);
    read({.after = 20'000});
    const std::uint64_t before = reader.lines_read();
    write(20'001, 20'002);
    EXPECT_THAT(sequences(read({.after = 20'000})), ElementsAre(20'001, 20'002));
    EXPECT_LE(reader.lines_read() - before, 1'002U);
}

TEST_F(JournalReader, StartsAgainWhenTheJournalWasReplaced) {
    write(1, 3000);
    read({.after = 3000});
    std::filesystem::remove(folder.journal());
    write(3001, 3002);
    EXPECT_THAT(sequences(read({.after = 3000})), ElementsAre(3001, 3002));
}

TEST_F(JournalReader, SaysWhatItCannotOpen) {
    std::filesystem::create_symlink("journal.jsonl", folder.journal());
    const auto page = reader.read({});
    ASSERT_FALSE(page);
    EXPECT_THAT(page.error().message(), HasSubstr(folder.journal()));
}

TEST_F(JournalReader, AFirstReadNearTheEndDoesNotReadWhatIsBefore) {
    write(1, 30'000);
    const Page page = read({.after = 29'990});
    ASSERT_THAT(page.records, SizeIs(10));
    EXPECT_EQ(page.records[0].sequence(), 29'991U);
    EXPECT_LT(reader.lines_read(), 10'000U);
}

TEST_F(JournalReader, FindsEveryRecordWhereverItBeginsAlsoBesideDamage) {
    for (std::uint64_t i = 1; i <= 20'000; i += 1000) {
        write(i, i + 999);
        folder.append("{\"sequence\":\"damaged\n" + std::string(5000, 'x') + "\n");
    }
    for (const std::uint64_t after : {0ULL, 1ULL, 999ULL, 1000ULL, 1001ULL, 7777ULL, 15'000ULL}) {
        Reader fresh(folder.path());
        const auto page = fresh.read({.after = after, .limit = 3});
        ASSERT_TRUE(page);
        std::uint64_t expected = after;
        for (const auto& record : page->records)
            if (record.kind() != "gap") {
                EXPECT_EQ(record.sequence(), ++expected);
            }
        EXPECT_GE(expected, after + 2);
    }
}

TEST_F(JournalReader, ShowsWhatMayBeSeen) {
    write(1, 10);
    Filter filter;
    filter.visible = [](const std::string& session) { return session == "s-1"; };
    EXPECT_THAT(sequences(read(filter)), ElementsAre(1U, 3U, 5U, 7U, 9U));
}

TEST_F(JournalReader, ReadsNoMoreThanItMayAtAStretchAndSaysSo) {
    write(1, 5000);
    Filter filter;
    filter.session = "s-none";
    filter.max_scan = 10'000;
    int calls = 0;
    for (Page page;; ++calls) {
        page = read(filter);
        EXPECT_THAT(page.records, IsEmpty());
        if (!page.more) break;
        ASSERT_GT(page.next, filter.after) << "or nobody would ever get on";
        filter.after = page.next;
    }
    EXPECT_GT(calls, 10);
}

} // namespace
} // namespace bailiff::journal
