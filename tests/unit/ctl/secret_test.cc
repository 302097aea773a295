#include "ctl/secret.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fstream>

#include "base/unique_fd.h"
#include "tests/unit/api/fake_service.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;

TEST(TokenSource, IsExactlyOne) {
    EXPECT_FALSE(check_source({}));
    EXPECT_FALSE(check_source({.file = "a", .fd = 3, .command = ""}));
    EXPECT_TRUE(check_source({.file = "a", .fd = -1, .command = ""}));
    EXPECT_TRUE(check_source({.file = "", .fd = 0, .command = ""}));
    EXPECT_FALSE(check_source({.file = "", .fd = 1, .command = ""}));
}

TEST(TokenSource, ADescriptorIsANumberAndNoOutput) {
    for (const char* good : {"0", "3", "255"}) EXPECT_EQ(why_not_token_fd(good), "") << good;
    for (const char* wrong : {"-1", "1", "2", "x", "3x", ""})
        EXPECT_EQ(
            why_not_token_fd(wrong),
            "expected the number of a descriptor other than 1 and 2, found " + std::string(wrong));
}

TEST(Token, OfAFileComesWithoutBlanks) {
    const api::ScratchFolder folder;
    std::ofstream(folder / "token") << "\n  a.b.c \r\n";
    const Result<std::string> token =
        read_token({.file = folder / "token", .fd = -1, .command = ""});
    ASSERT_TRUE(token) << token.error().message();
    EXPECT_EQ(*token, "a.b.c");
}

TEST(Token, OfAnEmptyFileIsAnError) {
    const api::ScratchFolder folder;
    std::ofstream(folder / "token") << " \n";
    EXPECT_FALSE(read_token({.file = folder / "token", .fd = -1, .command = ""}));
}

TEST(Token, OfADescriptorClosesIt) {
    const api::ScratchFolder folder;
    std::ofstream(folder / "token") << "a.b.c";
    const int fd = open((folder / "token").c_str(), O_RDONLY);
    ASSERT_TRUE(keep_private({.file = "", .fd = fd, .command = ""}));
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(*read_token({.file = "", .fd = fd, .command = ""}), "a.b.c");
    EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST(Helper, GetsItsInputAndGivesItsOutput) {
    EXPECT_EQ(*run_helper("x", "tr a-c A-C", "abc"), "ABC");
}

TEST(Helper, ThatFailsIsAnErrorThatNamesIt) {
    const Result<std::string> secret = run_helper("--token-command", "echo t; exit 3", "");
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().message(), "--token-command exited with status 3");
}

TEST(Helper, ThatPrintsNothingOrTooMuchIsAnError) {
    EXPECT_FALSE(run_helper("x", "true", ""));
    const Result<std::string> secret = run_helper("x", "yes", "");
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().message(), HasSubstr("more than 64 KiB"));
}

TEST(Helper, IsCutShortByItsCancelDescriptor) {
    const UniqueFd cancel(eventfd(1, EFD_CLOEXEC));
    const Result<std::string> secret = run_helper("x", "exec sleep 600", "", cancel.get());
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().message(), HasSubstr("cut short"));
}

TEST(Wipe, LeavesNothing) {
    std::string secret = "abc";
    wipe(secret);
    EXPECT_TRUE(secret.empty());
    EXPECT_EQ(secret.data()[1], '\0');
}

} // namespace
} // namespace bailiff::ctl
