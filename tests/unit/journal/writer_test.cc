#include "journal/writer.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "journal/line.h"
#include "tests/unit/journal/records.h"
#include "tests/unit/support/manual_clock.h"

namespace bailiff::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::denial;
using tests::opened;

// A disk with room for `bytes` in each file: writes across the limit are short, then refused.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        before_handler_ = signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        signal(SIGXFSZ, before_handler_);
    }

private:
    rlimit before_{};
    void (*before_handler_)(int) = nullptr;
};

class JournalWriter : public ::testing::Test {
protected:
    Writer open(std::size_t backlog = kMaxBacklogBytes) {
        auto writer = Writer::open(folder.path(), clock, backlog);
        EXPECT_TRUE(writer) << writer.error().message();
        return std::move(*writer);
    }
    // All lines, which must be records.
    std::vector<v1::Record> records() {
        std::vector<v1::Record> all;
        std::istringstream text(folder.text());
        for (std::string line; std::getline(text, line);) {
            auto record = from_line(line);
            EXPECT_TRUE(record) << line;
            if (record) all.push_back(*record);
        }
        return all;
    }
    std::vector<std::uint64_t> sequences() {
        std::vector<std::uint64_t> all;
        for (const auto& record : records()) all.push_back(record.sequence());
        return all;
    }
    std::vector<std::string> sessions() {
        std::vector<std::string> all;
        for (const auto& record : records()) all.push_back(record.session());
        return all;
    }
    std::vector<std::string> torn_files() {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            if (entry.path().filename().string().starts_with("journal.torn-"))
                all.push_back(entry.path().string());
        return all;
    }
    static std::string content(const std::string& path) {
        std::ostringstream all;
        all << std::ifstream(path, std::ios::binary).rdbuf();
        return all.str();
    }

    tests::Folder folder;
    tests::ManualClock clock;
};

TEST_F(JournalWriter, WritesOneRecordALineWithTheFieldNamesOfTheContract) {
    Writer writer = open();
    v1::Record record = opened("s-1");
    record.set_user_issuer("https://idp");
    EXPECT_EQ(writer.append(record), 1U);
    EXPECT_EQ(
        folder.text(),
        "{\"time\":\"2026-11-24T02:00:00.000Z\",\"sequence\":\"1\",\"kind\":\"session.opened\","
        "\"session\":\"s-1\",\"user_issuer\":\"https://idp\"}\n");
}

TEST_F(JournalWriter, NumbersRecordsWithoutAHole) {
    Writer writer = open();
    for (int i = 0; i < 3; ++i) writer.append(denial());
    EXPECT_THAT(sequences(), ElementsAre(1, 2, 3));
}

TEST_F(JournalWriter, GivesATimeToARecordWithoutOne) {
    Writer writer = open();
    v1::Record record;
    record.set_kind("daemon.started");
    writer.append(record);
    EXPECT_EQ(records().at(0).time(), TimeText(clock.unix_nanos()).c_str());
}

TEST_F(JournalWriter, KeepsANewlineInAFileNameInsideItsLine) {
    Writer writer = open();
    writer.append(denial("/tmp/a\n{\"sequence\":\"9\"}"));
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records().at(0).object().path(), "/tmp/a\n{\"sequence\":\"9\"}");
}

TEST_F(JournalWriter, WritesANameThatIsNotUtf8) {
    Writer writer = open();
    v1::Record record = denial("/tmp/\xff\\");
    record.mutable_process()->add_argv("a\xfe");
    writer.append(record);
    EXPECT_EQ(records().at(0).object().path(), "/tmp/\\xff\\x5c");
    EXPECT_EQ(records().at(0).process().argv(0), "a\\xfe");
}

TEST_F(JournalWriter, IsReadableByOwnerAndGroupOnlyWhateverTheUmask) {
    const mode_t before = umask(077);
    Writer writer = open();
    umask(before);
    struct stat info {};
    ASSERT_EQ(stat(folder.journal().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0640U);
}

TEST_F(JournalWriter, GoesOnBehindTheLastWholeRecord) {
    { open().append(denial()); }
    Writer writer = open();
    EXPECT_EQ(writer.append(denial()), 2U);
    EXPECT_THAT(sequences(), ElementsAre(1, 2));
}

TEST_F(JournalWriter, GoesOnBehindARecordLongerThanOneRead) {
    { open().append(denial(std::string(300'000, 'a'))); }
    EXPECT_EQ(open().append(denial()), 2U);
}

TEST_F(JournalWriter, NeverUsesANumberAgainThoughTheJournalIsGone) {
    {
        Writer writer = open();
        writer.append(denial());
        writer.append(denial());
    }
    std::filesystem::remove(folder.journal());
    EXPECT_EQ(open().append(denial()), 4U);
    ASSERT_EQ(records().size(), 2U);
    EXPECT_EQ(records().at(0).kind(), "gap");
    EXPECT_EQ(records().at(0).sequence(), 3U);
    EXPECT_EQ(records().at(0).count(), 2U);
}

TEST_F(JournalWriter, TrustsTheJournalWhereTheNoteOfTheSequenceIsGone) {
    { open().append(denial()); }
    std::filesystem::remove(folder.path() + "/sequence");
    EXPECT_EQ(open().append(denial()), 2U);
}

TEST_F(JournalWriter, SetsATornLineAsideAndSaysHowManyBytes) {
    { open().append(opened("s-1")); }
    folder.append("{\"time\":\"20");
    Writer writer = open();
    writer.append(opened("s-2"));
    ASSERT_EQ(records().size(), 3U);
    EXPECT_EQ(records().at(1).kind(), "gap");
    EXPECT_THAT(records().at(1).message(), HasSubstr("11 bytes"));
    EXPECT_THAT(sessions(), ElementsAre("s-1", "", "s-2"));
    ASSERT_EQ(torn_files().size(), 1U);
    EXPECT_EQ(content(torn_files().at(0)), "{\"time\":\"20");
}

TEST_F(JournalWriter, SetsALastLineAsideThatIsNoRecord) {
    { open().append(opened("s-1")); }
    folder.append(std::string(40, '\0') + "\n");
    Writer writer = open();
    EXPECT_THAT(sessions(), ElementsAre("s-1", ""));
    EXPECT_THAT(records().at(1).message(), HasSubstr("41 bytes"));
}

TEST_F(JournalWriter, SetsAsideAWholeFileWithoutARecord) {
    folder.append("not a journal");
    Writer writer = open();
    ASSERT_EQ(torn_files().size(), 1U);
    EXPECT_EQ(content(torn_files().at(0)), "not a journal");
    EXPECT_THAT(sequences(), ElementsAre(1));
}

TEST_F(JournalWriter, KeepsTwoTornLinesOfTheSameTime) {
    folder.append("one");
    { open(); }
    folder.append("two");
    { open(); }
    EXPECT_EQ(torn_files().size(), 2U);
}

TEST_F(JournalWriter, StartsBehindATornLineThatItHasNoRoomToCopy) {
    { open().append(opened("s-1")); }
    const std::string whole = folder.text();
    const std::string torn = "torn by a crash, and longer than the room that is left";
    folder.append(torn);
    auto disk = std::make_unique<FullDisk>(30);
    Writer writer = open();
    EXPECT_NE(writer.state(), "ok");
    disk.reset();
    writer.retry();
    EXPECT_THAT(folder.text(), StartsWith(whole + torn + "\n{"));
    EXPECT_THAT(folder.text(), HasSubstr("left where they are"));
}

TEST_F(JournalWriter, SaysHowManyRecordsDiedInMemoryWithTheLastRun) {
    {
        Writer writer = open(200);
        const FullDisk disk(30);
        for (int i = 0; i < 5; ++i) writer.append(opened("s-1"));
    }
    Writer writer = open();
    ASSERT_EQ(records().size(), 1U);
    EXPECT_EQ(records().at(0).sequence(), 6U);
    EXPECT_EQ(records().at(0).count(), 5U);
    EXPECT_THAT(records().at(0).message(), HasSubstr("5 records, up to number 5, are not in"));
}

TEST_F(JournalWriter, HasNothingToReportAfterACleanEnd) {
    { open().append(denial()); }
    open();
    EXPECT_THAT(sequences(), ElementsAre(1));
}

TEST_F(JournalWriter, RefusesASecondWriterAndNamesTheFirst) {
    Writer writer = open();
    const auto second = Writer::open(folder.path(), clock);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_THAT(second.error().message(), HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(JournalWriter, LetsTheFolderGoWhenItEnds) {
    { open(); }
    EXPECT_TRUE(Writer::open(folder.path(), clock));
}

TEST_F(JournalWriter, DoesNotFollowALinkInPlaceOfTheJournal) {
    std::filesystem::create_symlink("/dev/null", folder.journal());
    EXPECT_FALSE(Writer::open(folder.path(), clock));
}

TEST_F(JournalWriter, CreatesItsFolder) {
    EXPECT_TRUE(Writer::open(folder.path() + "/journal", clock));
    EXPECT_FALSE(Writer::open(folder.path() + "/no/journal", clock));
}

TEST_F(JournalWriter, HoldsRecordsInOrderWhileTheDiskIsFull) {
    Writer writer = open();
    writer.append(opened("s-1"));
    {
        const FullDisk disk(folder.text().size() + 20);
        EXPECT_EQ(writer.append(opened("s-2")), 2U);
        EXPECT_EQ(writer.append(opened("s-3")), 3U);
        EXPECT_EQ(writer.waiting(), 2U);
    }
    writer.retry();
    EXPECT_THAT(sessions(), ElementsAre("s-1", "s-2", "s-3"));
    EXPECT_THAT(sequences(), ElementsAre(1, 2, 3));
}

TEST_F(JournalWriter, CutsThePartOfALineThatStillFitted) {
    Writer writer = open();
    writer.append(opened("s-1"));
    const std::string before = folder.text();
    const FullDisk disk(before.size() + 20);
    writer.append(opened("s-2"));
    EXPECT_EQ(folder.text(), before);
}

TEST_F(JournalWriter, SaysWhatAFullDiskCosts) {
    Writer writer = open();
    EXPECT_EQ(writer.state(), "ok");
    {
        const FullDisk disk(30);
        writer.append(opened("s-1"));
        EXPECT_THAT(writer.state(), HasSubstr("1 records wait in memory, 0 are lost"));
        writer.retry();
        EXPECT_NE(writer.state(), "ok");
    }
    writer.retry();
    EXPECT_EQ(writer.state(), "ok");
}

TEST_F(JournalWriter, CountsWhatDoesNotFitInMemoryAndSaysSoInTheJournal) {
    Writer writer = open(200);
    {
        const FullDisk disk(30);
        EXPECT_EQ(writer.append(opened("s-1")), 1U);
        EXPECT_EQ(writer.append(opened("s-2")), 2U);
        EXPECT_EQ(writer.append(opened(std::string(200, 'x'))), 0U);
        EXPECT_EQ(writer.append(opened("s-4")), 0U);
        EXPECT_THAT(writer.state(), HasSubstr("2 are lost"));
    }
    writer.retry();
    EXPECT_EQ(writer.append(opened("s-5")), 6U);
    EXPECT_THAT(sessions(), ElementsAre("s-1", "s-2", "", "s-5"));
    EXPECT_EQ(records().at(2).kind(), "gap");
    EXPECT_EQ(records().at(2).count(), 2U);
    EXPECT_EQ(writer.lost(), 2U);
}

TEST_F(JournalWriter, SyncsWithoutAnythingToDo) {
    EXPECT_TRUE(open().sync());
}

TEST_F(JournalWriter, SyncsWhatItWrote) {
    Writer writer = open();
    writer.append(denial());
    EXPECT_TRUE(writer.sync());
}

} // namespace
} // namespace bailiff::journal
