// What a session leaves behind: killed by bailiff-kernel, or by the programs at its next call.
#include "kernel/kill.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "kernel/enrolment.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

// A process that only waits, with a thread and a child that has left its session and group.
class Tree {
public:
    Tree() {
        int ready[2];
        EXPECT_EQ(pipe(ready), 0);
        root_ = fork();
        if (root_ == 0) grow(ready[1]);
        close(ready[1]);
        EXPECT_EQ(read(ready[0], &child_, sizeof(child_)), static_cast<ssize_t>(sizeof(child_)));
        close(ready[0]);
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() {
        kill(child_, SIGKILL);
        kill(root_, SIGKILL);
        waitpid(root_, nullptr, 0);
    }
    [[nodiscard]] pid_t root() const { return root_; }
    [[nodiscard]] bool child_lives() const { return kill(child_, 0) == 0; }
    // The signal that ended the root; 0 while it lives.
    [[nodiscard]] int root_signal() const {
        int status = 0;
        return waitpid(root_, &status, WNOHANG) == root_ && WIFSIGNALED(status) ? WTERMSIG(status)
                                                                                : 0;
    }

private:
    [[noreturn]] static void grow(int ready) {
        const pid_t child = fork();
        if (child == 0) {
            setsid();
            while (true) pause();
        }
        std::thread([] {
            while (true) pause();
        }).detach();
        if (write(ready, &child, sizeof(child)) != sizeof(child)) _exit(1);
        while (true) pause();
    }

    pid_t root_ = -1;
    pid_t child_ = -1;
};

class Kill : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        policy(BAILIFF_VERDICT_ALLOW, {});
    }
    static void enrol(const Tree& tree, std::uint32_t generation = 1) {
        const auto pid = static_cast<std::uint32_t>(tree.root());
        const auto tasks =
            kernel::enrol(programs(), pid, *kernel::process_start_time(pid), kSubject, generation);
        ASSERT_TRUE(tasks) << tasks.error().message();
        ASSERT_EQ(*tasks, 3U) << "root, its thread, its child";
    }
};

TEST_F(Kill, EveryProcessOfTheSubjectIsKilledAndNoOther) {
    const Tree tree;
    const Tree stranger;
    enrol(tree);
    session(BAILIFF_SESSION_REVOKED);
    const auto done = kernel::kill_tasks(programs(), kSubject, 1);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->killed, 2U) << "processes, not threads";
    EXPECT_EQ(done->left, 0U);
    EXPECT_EQ(tree.root_signal(), SIGKILL);
    EXPECT_EQ(stranger.root_signal(), 0);
    EXPECT_TRUE(stranger.child_lives());
}

TEST_F(Kill, AProcessThatIsDeadAlreadyIsNotCounted) {
    const Tree tree;
    enrol(tree);
    session(BAILIFF_SESSION_REVOKED);
    ASSERT_TRUE(kernel::kill_tasks(programs(), kSubject, 1));
    const auto again = kernel::kill_tasks(programs(), kSubject, 1); // its root waits to be reaped
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->killed, 0U);
    EXPECT_EQ(again->left, 0U);
}

TEST_F(Kill, WhoHasTheSlotNextLives) {
    const Tree tree;
    enrol(tree, 2);
    const auto done = kernel::kill_tasks(programs(), kSubject, 1);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->killed, 0U);
    EXPECT_EQ(tree.root_signal(), 0);
}

// With no daemon: the first call that is denied is the last.
TEST_F(Kill, TheProgramsKillAtTheFirstDeniedCall) {
    make_file("/tmp/kill/a");
    const auto open_it = open_file("/tmp/kill/a", O_RDONLY);
    EXPECT_EQ(bound_after(
                  open_it, [this] { session(BAILIFF_SESSION_ACTIVE, now() + 1); }, open_it),
              EPERM)
        << "without the flag it lives and is told";
    session(BAILIFF_SESSION_ACTIVE);
    EXPECT_EQ(
        bound_after(
            open_it, [this] { session(BAILIFF_SESSION_ACTIVE, now() + 1, BAILIFF_SESSION_KILL); },
            open_it),
        128 + SIGKILL);
}

TEST_F(Kill, TheFlagKillsNobodyWhileTheSessionStands) {
    make_file("/tmp/kill/b");
    policy(BAILIFF_VERDICT_ALLOW, {{"/tmp/kill/b", {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    session(BAILIFF_SESSION_ACTIVE, ~0ULL, BAILIFF_SESSION_KILL);
    EXPECT_EQ(bound(open_file("/tmp/kill/b", O_RDONLY)), EPERM);
}

} // namespace
} // namespace bailiff::tests
