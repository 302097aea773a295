#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/unique_fd.h"

namespace bailiff {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
protected:
    void SetUp() override {
        folder = (std::filesystem::temp_directory_path() / "bailiff.XXXXXX").string();
        ASSERT_NE(mkdtemp(folder.data()), nullptr);
        path = folder + "/file";
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string folder;
    std::string path;
};

TEST_F(FileTest, WrittenContentIsReadBack) {
    const std::string content("a\0b\n", 4);
    ASSERT_TRUE(write_file_atomic(path, content, 0600));
    EXPECT_EQ(read_file(path, 4).value(), content);
}

TEST_F(FileTest, AbsentFileIsNotFound) {
    const auto content = read_file(path, 10);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(content.error().message(), HasSubstr(path));
}

TEST_F(FileTest, FileAboveTheLimitIsRefused) {
    ASSERT_TRUE(write_file_atomic(path, "12345", 0600));
    EXPECT_EQ(read_file(path, 4).error().code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(read_file(path, 5).value(), "12345");
}

TEST_F(FileTest, EndlessFileStopsAtTheLimit) {
    EXPECT_EQ(read_file("/dev/zero", 100'000).error().code(), ErrorCode::kResourceExhausted);
}

TEST_F(FileTest, LongFileIsReadWhole) {
    const std::string content(200'000, 'x');
    ASSERT_TRUE(write_file_atomic(path, content, 0600));
    EXPECT_EQ(read_file(path, 200'000).value(), content);
}

TEST_F(FileTest, FolderIsNoFile) {
    EXPECT_FALSE(read_file(folder, 10));
}

TEST_F(FileTest, OfRegularFilesOnlyNothingElseIsReadOrWaitedFor) {
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    for (const std::string& other : {path, std::string("/dev/zero"), folder})
        EXPECT_EQ(read_regular_file(other, 10).error().code(), ErrorCode::kInvalidArgument)
            << other;
    std::filesystem::remove(path);
    EXPECT_EQ(read_regular_file(path, 4).error().code(), ErrorCode::kNotFound);
    ASSERT_TRUE(write_file_atomic(path, "12345", 0644));
    EXPECT_EQ(read_regular_file(path, 5).value(), "12345");
    EXPECT_EQ(read_regular_file(path, 4).error().code(), ErrorCode::kResourceExhausted);
}

TEST_F(FileTest, DescriptorIsReadToItsEnd) {
    ASSERT_TRUE(write_file_atomic(path, "hello", 0600));
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(read_fd(fd.get(), "it", 10).value(), "hello");
}

TEST_F(FileTest, ModeIsTheOneAskedFor) {
    ASSERT_TRUE(write_file_atomic(path, "", 0640));
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST_F(FileTest, ReplacingLeavesNothingBeside) {
    ASSERT_TRUE(write_file_atomic(path, "old", 0600));
    ASSERT_TRUE(write_file_atomic(path, "new", 0600));
    EXPECT_EQ(read_file(path, 10).value(), "new");
    const std::filesystem::directory_iterator entries(folder);
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(FileTest, ReaderOfTheOldFileKeepsIt) {
    ASSERT_TRUE(write_file_atomic(path, "old", 0600));
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(write_file_atomic(path, "new", 0600));
    EXPECT_EQ(read_fd(fd.get(), "it", 10).value(), "old");
}

TEST_F(FileTest, FileIntoAnAbsentFolderIsAnError) {
    EXPECT_FALSE(write_file_atomic(folder + "/absent/file", "x", 0600));
}

TEST_F(FileTest, FailedReplacementLeavesTheTargetAndNothingBeside) {
    std::filesystem::create_directory(path);
    EXPECT_FALSE(write_file_atomic(path, "x", 0600)) << "a folder cannot be replaced by a file";
    const std::filesystem::directory_iterator entries(folder);
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

} // namespace
} // namespace bailiff
