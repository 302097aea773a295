#include "token/replay_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/token/fixture.h"

namespace bailiff::token {
namespace {

using ::testing::HasSubstr;
using tests::put;

class ReplayCacheTest : public ::testing::Test {
protected:
    std::unique_ptr<ReplayCache> open() { return ReplayCache::open(path, clock).value(); }
    std::int64_t in(std::int64_t seconds) { return clock.unix_seconds() + seconds; }
    std::string content() { return read_file(path, 1 << 20).value(); }

    tests::ManualClock clock;
    tests::TemporaryFolder folder;
    std::string path = folder.file("replay");
};

TEST_F(ReplayCacheTest, FirstUseIsAccepted) {
    EXPECT_TRUE(open()->consume("https://a", "1", in(600)));
}

TEST_F(ReplayCacheTest, SecondUseIsRefusedAndSaysWhenTheFirstWas) {
    const auto cache = open();
    ASSERT_TRUE(cache->consume("https://a", "1", in(600)));
    const std::string first = TimeText(clock.unix_nanos()).c_str();
    clock.advance(100);
    const auto second = cache->consume("https://a", "1", in(600));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_THAT(second.error().message(), HasSubstr(first));
}

TEST_F(ReplayCacheTest, SameJtiOfAnotherIssuerIsAccepted) {
    const auto cache = open();
    ASSERT_TRUE(cache->consume("https://a", "1", in(600)));
    EXPECT_TRUE(cache->consume("https://b", "1", in(600)));
    EXPECT_TRUE(cache->consume("https://a1", "", in(600))) << "the same characters put together";
}

TEST_F(ReplayCacheTest, UseIsKnownAfterReopening) {
    ASSERT_TRUE(open()->consume("https://a", "1", in(600)));
    EXPECT_FALSE(open()->consume("https://a", "1", in(600)));
}

TEST_F(ReplayCacheTest, UseIsKnownWithinTheToleratedClockDifference) {
    const auto cache = open();
    ASSERT_TRUE(cache->consume("https://a", "1", in(600)));
    clock.advance(660);
    EXPECT_FALSE(cache->consume("https://a", "1", in(600)));
}

TEST_F(ReplayCacheTest, UseIsForgottenAfterExpiry) {
    const auto cache = open();
    ASSERT_TRUE(cache->consume("https://a", "1", in(600)));
    clock.advance(661);
    ASSERT_TRUE(cache->consume("https://a", "2", in(600)));
    EXPECT_EQ(cache->size(), 1U);
}

TEST_F(ReplayCacheTest, ReopeningDropsExpiredLines) {
    ASSERT_TRUE(open()->consume("https://a", "1", in(600)));
    clock.advance(700);
    EXPECT_EQ(open()->size(), 0U);
    EXPECT_EQ(content(), "");
}

TEST_F(ReplayCacheTest, FileDoesNotGrowWithoutBound) {
    const auto cache = open();
    for (int i = 0; i < 1500; i++) {
        ASSERT_TRUE(cache->consume("https://a", std::to_string(i), in(1)));
        clock.advance(100);
    }
    EXPECT_LT(content().size(), 1100U * 120U);
}

TEST_F(ReplayCacheTest, FileIsForItsOwnerOnly) {
    open();
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(ReplayCacheTest, FileDoesNotHoldIssuerOrJti) {
    ASSERT_TRUE(open()->consume("https://a", "secret-jti", in(600)));
    EXPECT_THAT(content(), ::testing::Not(HasSubstr("secret-jti")));
}

TEST_F(ReplayCacheTest, UseSurvivesAProcessThatIsKilled) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const auto cache = ReplayCache::open(path, clock);
        if (cache && (*cache)->consume("https://a", "1", in(600))) kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not record the use";
    EXPECT_FALSE(open()->consume("https://a", "1", in(600)));
}

TEST_F(ReplayCacheTest, TornLastLineIsDropped) {
    {
        const auto cache = open();
        ASSERT_TRUE(cache->consume("https://a", "1", in(600)));
        ASSERT_TRUE(cache->consume("https://a", "2", in(600)));
    }
    const std::string whole = content();
    const std::size_t first = whole.find('\n') + 1;
    for (std::size_t size = first; size < whole.size(); size++) {
        put(path, whole.substr(0, size));
        ASSERT_EQ(open()->size(), 1U) << "cut to " << size << " bytes";
    }
}

TEST_F(ReplayCacheTest, UseAfterATornLineIsRecorded) {
    ASSERT_TRUE(open()->consume("https://a", "1", in(600)));
    put(path, content() + "0123456789");
    ASSERT_TRUE(open()->consume("https://a", "2", in(600)));
    EXPECT_EQ(open()->size(), 2U);
}

TEST_F(ReplayCacheTest, DamagedLineInTheMiddleIsDataLoss) {
    {
        const auto cache = open();
        ASSERT_TRUE(cache->consume("https://a", "1", in(600)));
        ASSERT_TRUE(cache->consume("https://a", "2", in(600)));
    }
    std::string damaged = content();
    damaged[3] = damaged[3] == '0' ? '1' : '0';
    put(path, damaged);
    const auto cache = ReplayCache::open(path, clock);
    ASSERT_FALSE(cache);
    EXPECT_EQ(cache.error().code(), ErrorCode::kDataLoss);
    EXPECT_THAT(cache.error().message(), HasSubstr(path + ":1"));
}

TEST_F(ReplayCacheTest, FileThatCannotBeMadeIsAnError) {
    EXPECT_FALSE(ReplayCache::open("/dev/null/replay", clock));
}

// In a child, since the limit of file sizes is the whole process's.
TEST_F(ReplayCacheTest, UseThatCannotBeWrittenIsRefusedAndALaterOneIsWhole) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const auto cache = open();
        rlimit limit{};
        getrlimit(RLIMIT_FSIZE, &limit);
        const rlim_t before = std::exchange(limit.rlim_cur, 40); // less than a line
        setrlimit(RLIMIT_FSIZE, &limit);
        const auto failed = cache->consume("https://a", "1", in(600));
        limit.rlim_cur = before;
        setrlimit(RLIMIT_FSIZE, &limit);
        const bool as_expected = !failed && failed.error().code() == ErrorCode::kInternal;
        _exit(as_expected && cache->consume("https://a", "1", in(600)) ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(open()->size(), 1U);
}

// The same limit stands for a full disk at the start.
TEST_F(ReplayCacheTest, AFileThatCannotBeRewrittenIsGoneOnWithAndSaidSo) {
    ASSERT_TRUE(open()->consume("https://a", "1", in(600)));
    const std::string before = content();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        rlimit limit{};
        getrlimit(RLIMIT_FSIZE, &limit);
        const rlim_t usual = std::exchange(limit.rlim_cur, 40);
        setrlimit(RLIMIT_FSIZE, &limit);
        const auto cache = ReplayCache::open(path, clock);
        if (!cache) _exit(1);
        if ((*cache)->state() == "ok" || content() != before) _exit(2);
        if ((*cache)->consume("https://a", "1", in(600)).error().code() !=
            ErrorCode::kAlreadyExists)
            _exit(3);
        if ((*cache)->consume("https://a", "2", in(600))) _exit(4);
        (*cache)->retry();
        if ((*cache)->state() == "ok") _exit(5);
        limit.rlim_cur = usual;
        setrlimit(RLIMIT_FSIZE, &limit);
        (*cache)->retry();
        if ((*cache)->state() != "ok") _exit(6);
        _exit((*cache)->consume("https://a", "2", in(600)) ? 0 : 7);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(open()->size(), 2U);
}

} // namespace
} // namespace bailiff::token
