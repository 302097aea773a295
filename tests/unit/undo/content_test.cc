#include "undo/content.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/unique_fd.h"
#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;
using tests::get_file;
using tests::put_file;
using tests::stat_of;

class Content : public ::testing::Test {
protected:
    [[nodiscard]] UniqueFd source() const {
        return UniqueFd(open(from.c_str(), O_RDONLY | O_CLOEXEC));
    }
    [[nodiscard]] UniqueFd target() const {
        return UniqueFd(open(to.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    }
    Status copy(std::uint64_t most = UINT64_MAX) {
        return copy_content(source().get(), target().get(), most);
    }
    bailiff::tests::TemporaryFolder folder;
    const std::string from = folder.file("from");
    const std::string to = folder.file("to");
};

TEST_F(Content, IsCopiedByteByByte) {
    std::string bytes;
    for (int i = 0; i < 700'000; i++) bytes += static_cast<char>(i * 31 + i / 256);
    for (const std::string& content : {std::string(), std::string("x"), bytes}) {
        put_file(from, content);
        ASSERT_TRUE(copy());
        EXPECT_EQ(get_file(to), content);
        EXPECT_TRUE(has_same_content(source().get(), UniqueFd(open(to.c_str(), 0)).get()).value());
    }
}

TEST_F(Content, OfASparseFileStaysSparse) {
    put_file(from, "front");
    const UniqueFd file(open(from.c_str(), O_WRONLY));
    ASSERT_EQ(pwrite(file.get(), "middle", 6, 10 << 20), 6);
    ASSERT_EQ(ftruncate(file.get(), 1LL << 40), 0);
    ASSERT_TRUE(copy());
    EXPECT_EQ(stat_of(to).st_size, 1LL << 40);
    EXPECT_LE(stat_of(to).st_blocks, 64);
    char text[7] = {};
    ASSERT_EQ(pread(UniqueFd(open(to.c_str(), O_RDONLY)).get(), text, 6, 10 << 20), 6);
    EXPECT_STREQ(text, "middle");
}

TEST_F(Content, IsLimited) {
    put_file(from, std::string(4097, 'x'));
    EXPECT_TRUE(copy(4097));
    const Status done = copy(4096);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(done.error().message(), "it is larger than 4 KiB, which is the most that is copied");
}

TEST_F(Content, ThatGrowsIsCopiedUpToAnEndOrNotAtAll) {
    put_file(from, std::string(1 << 20, 'x'));
    const pid_t child = fork();
    if (child == 0)
        for (const UniqueFd file(open(from.c_str(), O_WRONLY | O_APPEND));;)
            (void)!write(file.get(), "xxxxxxxx", 8);
    for (int i = 0; i < 20; i++) {
        const Status done = copy(64 << 20);
        if (done)
            EXPECT_GE(stat_of(to).st_size, 1 << 20);
        else
            EXPECT_THAT(done.error().message(),
                        ::testing::AnyOf(HasSubstr("its size changes"), HasSubstr("larger than")));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

TEST_F(Content, ThatDiffersIsFound) {
    put_file(from, "aaaa");
    for (const std::string other : {"aaab", "aaa", "aaaaa", ""}) {
        put_file(to, other);
        EXPECT_FALSE(has_same_content(source().get(), UniqueFd(open(to.c_str(), 0)).get()).value());
    }
}

TEST_F(Content, ThatCannotBeWrittenIsAnError) {
    put_file(from, "x");
    const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
    const Status done = copy_content(source().get(), full.get(), 100);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(done.error().message(), HasSubstr("no space left"));
}

} // namespace
} // namespace bailiff::undo
