#include "session/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::session {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

constexpr std::uint64_t kTick = 10'000'000;

class ImagesOfProcesses : public testing::Test {
protected:
    // A process of subject 3 that started at that tick.
    static bailiff_event event_of(std::uint32_t pid, std::uint64_t ticks, std::uint32_t parent) {
        bailiff_event event = {};
        event.pid = pid;
        event.start_time = ticks * kTick + 4711;
        event.parent_pid = parent;
        event.subject = 3;
        return event;
    }
    void executes(bailiff_event event, const std::string& text) {
        std::memcpy(event.text, text.data(), text.size());
        event.text_length = static_cast<std::uint32_t>(text.size());
        images.learn(event);
    }
    // As procfs shows it.
    void show(std::uint32_t pid, std::uint64_t ticks, const std::string& command_line,
              const std::string& executable = "") const {
        const std::string path = folder.file(std::to_string(pid));
        std::filesystem::create_directories(path);
        tests::put_file(path + "/cmdline", command_line);
        tests::put_file(path + "/stat", std::to_string(pid) +
                                            " (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                            std::to_string(ticks) + " 0 0\n");
        if (!executable.empty()) std::filesystem::create_symlink(executable, path + "/exe");
    }

    tests::TemporaryFolder folder;
    Images images{folder.path()};
};

TEST_F(ImagesOfProcesses, AnOlderProcessIsLookedUp) {
    show(41, 100, "git\0status\0"s, "/usr/bin/git");
    const Image* image = images.find(event_of(41, 100, 1));
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->executable, "/usr/bin/git");
    EXPECT_THAT(image->argv, ElementsAre("git", "status"));
    EXPECT_FALSE(image->truncated);
}

TEST_F(ImagesOfProcesses, ANumberThatPassedOnIsNotBelieved) {
    show(41, 101, "other\0"s, "/usr/bin/other");
    EXPECT_EQ(images.find(event_of(41, 100, 1)), nullptr);
}

TEST_F(ImagesOfProcesses, ADoubleForkedChildRunsItsAncestorsImage) {
    executes(event_of(41, 100, 40), "/usr/bin/python3\0python3\0daemon.py\0"s);
    images.leave(event_of(41, 100, 40));
    show(43, 105, "python3\0daemon.py\0"s);
    const Image* image = images.find(event_of(43, 105, 1));
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->executable, "/usr/bin/python3");
    EXPECT_THAT(image->argv, ElementsAre("python3", "daemon.py"));
}

// What adopted it is of the same subject, and something else.
TEST_F(ImagesOfProcesses, ASubreapersImageIsNotTaken) {
    executes(event_of(40, 90, 1), "/usr/bin/tini\0tini\0"s);
    executes(event_of(41, 100, 40), "/usr/bin/node\0node\0server.js\0"s);
    images.leave(event_of(41, 100, 40));
    show(43, 105, "node\0server.js\0"s);
    EXPECT_EQ(images.find(event_of(43, 105, 40))->executable, "/usr/bin/node");
    show(44, 106, "renamed itself\0"s);
    const Image* unknown = images.find(event_of(44, 106, 40));
    ASSERT_NE(unknown, nullptr);
    EXPECT_EQ(unknown->executable, "");
}

TEST_F(ImagesOfProcesses, OfAChildThatIsGoneTheParentsImageCounts) {
    executes(event_of(41, 100, 40), "/usr/bin/git\0git\0"s);
    EXPECT_EQ(images.find(event_of(43, 105, 41))->executable, "/usr/bin/git");
    EXPECT_EQ(images.find(event_of(43, 99, 41)), nullptr) << "it is older than that parent";
    bailiff_event other = event_of(44, 105, 41);
    other.subject = 4;
    EXPECT_EQ(images.find(other), nullptr) << "a parent of another subject forked nothing of this";
}

TEST_F(ImagesOfProcesses, AKernelThreadsEmptyLineIsNoImage) {
    show(41, 100, "");
    EXPECT_EQ(images.find(event_of(41, 100, 1)), nullptr);
}

TEST_F(ImagesOfProcesses, ALongCommandLineIsCut) {
    std::string line;
    for (int i = 0; i < 1000; i++) line += "x\0"s;
    show(41, 100, line);
    const Image* image = images.find(event_of(41, 100, 1));
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->argv.size(), 64U);
    EXPECT_TRUE(image->truncated);
}

TEST_F(ImagesOfProcesses, ManyExitsDoNotFillTheMemory) {
    executes(event_of(41, 1, 40), "/usr/bin/git\0git\0"s);
    images.leave(event_of(41, 1, 40));
    ASSERT_NE(images.find(event_of(41, 1, 40)), nullptr);
    for (std::uint32_t pid = 100; pid < 10'000; pid++) {
        executes(event_of(pid, 2, 1), "/bin/true\0true\0"s);
        images.leave(event_of(pid, 2, 1));
    }
    EXPECT_EQ(images.find(event_of(41, 1, 40)), nullptr);
}

} // namespace
} // namespace bailiff::session
