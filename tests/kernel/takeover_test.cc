// Takeover: new programs beside those in force, proven, and only then the old ones go. While tasks
// of a subject go on trying what they may not.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>

#include "kernel/canary.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Acts that must be denied, each tried again and again by a process of its own. What is counted
// lies in shared memory.
class Tries {
public:
    explicit Tries(std::vector<Act> acts)
        : acts_(std::move(acts)),
          counts_(new (mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Counts) {}
    ~Tries() { munmap(counts_, sizeof(Counts)); }
    Tries(const Tries&) = delete;
    Tries& operator=(const Tries&) = delete;

    // In the subject.
    int start() {
        for (std::size_t i = 0; i < acts_.size(); i++) {
            children_[i] = fork();
            if (children_[i] < 0) return errno;
            if (children_[i] == 0) repeat(i);
        }
        return 0;
    }
    int stop() {
        counts_->stop = true;
        for (std::size_t i = 0; i < acts_.size(); i++) {
            int state = 0;
            waitpid(children_[i], &state, 0);
            // An execution that was let through left the loop.
            if (!WIFEXITED(state) || WEXITSTATUS(state) != kStopped) counts_->let_through[i]++;
        }
        return 0;
    }

    // In the test.
    [[nodiscard]] std::uint64_t denied(std::size_t act) const { return counts_->denied[act]; }
    [[nodiscard]] std::uint64_t let_through(std::size_t act) const {
        return counts_->let_through[act];
    }
    // With a short pause, or one that leaves the processor to others.
    void hurry(bool now) { counts_->hurry = now; }
    // Waits until each act was denied a few times more.
    void expect_denied_from_now_on() const {
        const auto deadline = steady_clock::now() + std::chrono::seconds(120);
        for (std::size_t i = 0; i < acts_.size(); i++) {
            const std::uint64_t before = denied(i);
            while (denied(i) < before + 3 && steady_clock::now() < deadline)
                std::this_thread::sleep_for(milliseconds(10));
            EXPECT_GE(denied(i), before + 3) << "act " << i << " is not tried or not denied";
        }
    }

private:
    static constexpr int kStopped = 7;
    static constexpr std::size_t kMost = 4;
    struct Counts {
        std::atomic<bool> stop = false;
        std::atomic<bool> hurry = false;
        std::array<std::atomic<std::uint64_t>, kMost> denied{};
        std::array<std::atomic<std::uint64_t>, kMost> let_through{};
    };
    [[noreturn]] void repeat(std::size_t i) {
        while (!counts_->stop) {
            (acts_[i]() == EPERM ? counts_->denied : counts_->let_through)[i]++;
            usleep(counts_->hurry ? 10'000 : 500'000); // leaves the processor to the verifier
        }
        _exit(kStopped);
    }
    std::vector<Act> acts_;
    std::array<pid_t, kMost> children_{};
    Counts* counts_;
};

// How often the links are counted: attaching one takes as long, and the verifier wants the
// processor.
constexpr milliseconds kLook(50);

// Lets the tries hurry once links of another start appear beside those that were there: while
// programs attach and detach, and not for the half minute in which the verifier reads them.
class Hurry {
public:
    Hurry(Tries& tries, std::function<std::size_t()> count)
        : thread_([this, &tries, count = std::move(count)] {
              const std::size_t before = count();
              while (!over_) {
                  if (count() > before) tries.hurry(true);
                  std::this_thread::sleep_for(kLook);
              }
              tries.hurry(false);
          }) {}
    ~Hurry() {
        over_ = true;
        thread_.join();
    }
    Hurry(const Hurry&) = delete;
    Hurry& operator=(const Hurry&) = delete;

private:
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

class Takeover : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        deny();
        for (const Act& act : acts_) expect_denied(act);
        deny(); // the control has deleted a file
    }
    void deny() {
        make_file(secret_);
        make_file(kept_);
        policy(BAILIFF_VERDICT_ALLOW,
               {{secret_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY},
                {kept_, {BAILIFF_RIGHT_DELETE}, BAILIFF_VERDICT_DENY},
                {"/usr/bin/true", {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_DENY}});
        default_of(BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_DENY);
    }
    // Links by generation.
    static std::map<std::string, std::size_t> links() {
        std::map<std::string, std::size_t> found;
        std::error_code gone; // a folder may be removed meanwhile
        for (const auto& entry : fs::directory_iterator(options().pin_root, gone)) {
            const std::string name = entry.path().filename();
            if (!name.starts_with("links_")) continue;
            for (fs::directory_iterator link(entry, gone), end; !gone && link != end;
                 link.increment(gone))
                found[name]++;
        }
        return found;
    }
    static std::size_t all_links() {
        std::size_t sum = 0;
        for (const auto& [folder, count] : links()) sum += count;
        return sum;
    }
    // Another bailiff-kernel that is killed when it has attached its first programs.
    static void start_and_kill() {
        const std::size_t before = all_links();
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            (void)kernel::start(options());
            _exit(1);
        }
        int state = 0;
        while (all_links() < before + 3 && waitpid(child, &state, WNOHANG) == 0)
            std::this_thread::sleep_for(kLook);
        kill(child, SIGKILL);
        waitpid(child, &state, 0);
        ASSERT_TRUE(WIFSIGNALED(state)) << "it ended by itself with " << WEXITSTATUS(state);
        ASSERT_GT(all_links(), before);
        ASSERT_LT(all_links(), 2 * before) << "it had attached everything";
    }

    const std::string secret_ = "/tmp/takeover/secret";
    const std::string kept_ = "/tmp/takeover/kept";
    const std::vector<Act> acts_ = {open_file(secret_, O_RDONLY), connect_udp("127.0.0.1", 9),
                                    remove_file(kept_), execute("/usr/bin/true")};
};

// One test of all of it: each takeover loads the programs, which takes the verifier half a minute.
TEST_F(Takeover, LetsNothingThroughAlsoWhenItIsKilledInTheMiddle) {
    Tries tries(acts_);
    const auto take_over = [&] {
        abandon();
        ASSERT_EQ(links().size(), 1U);
        const std::string old = links().begin()->first;
        tries.expect_denied_from_now_on();
        {
            const Hurry hurry(tries, all_links);
            start_and_kill();
        }
        EXPECT_EQ(links().size(), 2U) << "it left its first links";
        tries.expect_denied_from_now_on();
        {
            const Hurry hurry(tries, all_links);
            reload();
        }
        EXPECT_EQ(links().size(), 1U) << "what was left over is gone with the old ones";
        EXPECT_NE(links().begin()->first, old);
        tries.expect_denied_from_now_on();
    };
    EXPECT_EQ(bound_after([&] { return tries.start(); }, take_over, [&] { return tries.stop(); }),
              0);
    for (std::size_t i = 0; i < acts_.size(); i++) {
        EXPECT_EQ(tries.let_through(i), 0U) << "act " << i;
        EXPECT_GT(tries.denied(i), 0U) << "act " << i;
    }
    const Result<kernel::WirePosture> posture = kernel::run_canaries(programs());
    ASSERT_TRUE(posture) << posture.error().message();
    for (const char* family : kernel::kFamilyNames)
        EXPECT_EQ(kernel::describe(*posture).find(std::string(family) + ": NOT"),
                  std::string::npos);
}

TEST_F(Takeover, ProgramsThatTheKernelRefusesLeaveTheOldOnesInForce) {
    const auto before = links();
    int status = 0;
    const std::string said =
        run_beside("bailiff_kernel_refused --once --pins " + options().pin_root, status);
    EXPECT_EQ(status, 1) << said;
    EXPECT_NE(said.find(" programs: "), std::string::npos) << said;
    EXPECT_NE(said.find("in force below " + options().pin_root + " stay"), std::string::npos)
        << said;
    EXPECT_EQ(links(), before);
    for (const Act& act : acts_) EXPECT_EQ(bound(act), EPERM);
}

} // namespace
} // namespace bailiff::tests
