#include "kernel/detach.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "kernel/detachment.h"
#include "tests/unit/kernel/scene.h"

namespace bailiff::kernel {
namespace {

using testing::HasSubstr;

// Listens as bailiff-kernel does, in a process of its own, until it is told to stop.
class Listener {
public:
    explicit Listener(const std::string& folder) {
        int ready[2];
        EXPECT_EQ(pipe(ready), 0);
        pid_ = fork();
        if (pid_ == 0) {
            Result<Server> server = Server::listen(folder, getuid(), getgid());
            if (!server || write(ready[1], "", 1) != 1) _exit(1);
            while (true) pause();
        }
        char byte = 0;
        EXPECT_EQ(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        close(ready[1]);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
};

class Detach : public testing::Test {
protected:
    Detach() {
        std::filesystem::create_directories(pins() + "/maps");
        std::filesystem::create_directories(pins() + "/links_1");
    }
    [[nodiscard]] std::string pins() const { return folder_.file("pins"); }
    [[nodiscard]] std::string run_folder() const { return folder_.path(); }

private:
    tests::TemporaryFolder folder_;
};

TEST_F(Detach, RemovesThePinsWhereNobodyListens) {
    const Status done = detach(pins(), run_folder());
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_FALSE(std::filesystem::exists(pins()));
}

TEST_F(Detach, StopsWhoListensFirst) {
    Listener listener(run_folder());
    const Status done = detach(pins(), run_folder());
    ASSERT_TRUE(done) << done.error().message();
    int status = 0;
    ASSERT_EQ(waitpid(listener.pid(), &status, WNOHANG), listener.pid());
    EXPECT_EQ(WTERMSIG(status), SIGTERM);
    EXPECT_FALSE(std::filesystem::exists(pins()));
}

TEST_F(Detach, WithNothingAttachedThereIsNothingToDo) {
    ASSERT_TRUE(remove_pins(pins()));
    const Status done = detach(pins(), run_folder());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(done.error().message(), HasSubstr("nothing is attached"));
}

TEST_F(Detach, OneAtATimeHoldsThePins) {
    const Result<UniqueFd> first = lock_pins(pins());
    ASSERT_TRUE(first) << first.error().message();
    const Result<UniqueFd> second = lock_pins(pins());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
}

// Who may not write there is refused before anything is stopped or removed.
TEST_F(Detach, WhoMayNotWriteThePinsStopsNobody) {
    if (getuid() != 0) GTEST_SKIP() << "only root can become another account";
    const Listener listener(run_folder());
    chmod(run_folder().c_str(), 0755);
    chmod((run_folder() + "/kernel.sock").c_str(), 0666);
    const pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
        const Status done = detach(pins(), run_folder());
        _exit(!done && done.error().code() == ErrorCode::kPermissionDenied ? 0 : 2);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(kill(listener.pid(), 0), 0);
    EXPECT_TRUE(std::filesystem::exists(pins() + "/maps"));
}

TEST(Detachment, IsKnownAgainUntilItIsForgotten) {
    const tests::TemporaryFolder folder;
    EXPECT_EQ(load_detachment(folder.path()).error().code(), ErrorCode::kNotFound);
    EXPECT_FALSE(is_new_detachment(folder.path()));
    Detachment what{"2026-11-25T01:02:03.000Z", "uid 0 (root)", "a \"quoted\" reason"};
    ASSERT_TRUE(save_detachment(folder.path(), what));
    EXPECT_TRUE(is_new_detachment(folder.path()));
    EXPECT_EQ(describe(load_detachment(folder.path()).value()),
              "detached by uid 0 (root) at 2026-11-25T01:02:03.000Z: a \"quoted\" reason");
    what.recorded = true;
    ASSERT_TRUE(save_detachment(folder.path(), what));
    EXPECT_FALSE(is_new_detachment(folder.path())) << "the journal has it";
    EXPECT_TRUE(load_detachment(folder.path()));
    forget_detachment(folder.path());
    EXPECT_FALSE(load_detachment(folder.path()));
}

TEST(Detachment, AnotherFileInItsPlaceIsNone) {
    const tests::TemporaryFolder folder;
    tests::put_file(folder.file("detached.json"), "[1]");
    EXPECT_EQ(load_detachment(folder.path()).error().code(), ErrorCode::kDataLoss);
    EXPECT_FALSE(is_new_detachment(folder.path()));
}

} // namespace
} // namespace bailiff::kernel
