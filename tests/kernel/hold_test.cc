// An act that is held waits, and nothing of it happens before the answer: approved it goes on with
// its own result, once; else it is denied.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(10);

class Holding : public Scene {
protected:
    void TearDown() override {
        for (const pid_t pid : started_) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
        EXPECT_EQ(waiting(), 0U) << "what is over waits no more";
    }

    pid_t begin(const Act& act) {
        const pid_t pid = start(act);
        started_.insert(pid);
        return pid;
    }
    // The next act that waits; one that is all zeros where none comes.
    bailiff_event next_hold() {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (held_.empty() && std::chrono::steady_clock::now() < until) {
            for (const bailiff_event& e : verdicts())
                (e.verdict == BAILIFF_VERDICT_HOLD ? held_ : seen_).push_back(e);
            usleep(1000);
        }
        if (held_.empty()) {
            ADD_FAILURE() << "nothing waits";
            return {};
        }
        const bailiff_event first = held_.front();
        held_.erase(held_.begin());
        return first;
    }
    // Answers and lets it go on, as the daemon does: again, until the answer is taken.
    void answer(const bailiff_event& hold, bailiff_verdict verdict) {
        const std::uint64_t word = verdict;
        const int answers = *programs().map_fd("answers");
        ASSERT_EQ(bpf_map_update_elem(answers, &hold.hold, &word, BPF_ANY), 0);
        const auto until = std::chrono::steady_clock::now() + kPatience;
        std::uint64_t left = 0;
        while (bpf_map_lookup_elem(answers, &hold.hold, &left) == 0) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "the answer is not taken";
            kill(static_cast<pid_t>(hold.pid), SIGCONT);
            usleep(2000);
        }
    }
    void approve(const bailiff_event& hold) { answer(hold, BAILIFF_VERDICT_ALLOW); }
    void disapprove(const bailiff_event& hold) { answer(hold, BAILIFF_VERDICT_DENY); }
    // What the act returned.
    int result(pid_t pid) {
        int state = 0;
        waitpid(pid, &state, 0);
        started_.erase(pid);
        return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    }
    static bool is_stopped(pid_t pid) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string text;
        std::getline(stat, text);
        const std::size_t end = text.rfind(')');
        return end != std::string::npos && text.size() > end + 2 && text[end + 2] == 'T';
    }
    static bool stops(pid_t pid) {
        for (int i = 0; i < 5000; i++, usleep(1000))
            if (is_stopped(pid)) return true;
        return false;
    }
    std::size_t waiting() {
        std::size_t count = 0;
        std::uint64_t key = 0;
        const int fd = *programs().map_fd("holds");
        for (int more = bpf_map_get_next_key(fd, nullptr, &key); more == 0; count++)
            more = bpf_map_get_next_key(fd, &key, &key);
        return count;
    }
    // Verdicts that were met beside holds, and those since.
    std::vector<bailiff_event> others() {
        for (const bailiff_event& e : verdicts()) seen_.push_back(e);
        return std::exchange(seen_, {});
    }
    // A policy that allows all but what it holds.
    void hold(const std::vector<Rule>& rules) { policy(BAILIFF_VERDICT_ALLOW, rules); }

private:
    std::set<pid_t> started_;
    std::vector<bailiff_event> held_;
    std::vector<bailiff_event> seen_;
};

// On each kind of file system.
class HoldingFile : public Holding, public ::testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        Scene::SetUp();
        tree_ = std::string(GetParam()) + "/held";
        fs::remove_all(tree_);
        for (const char* name : {"/a", "/b", "/c"}) make_file(tree_ + name);
    }
    void hold(const std::vector<bailiff_right>& rights) {
        Holding::hold({{tree_, rights, BAILIFF_VERDICT_HOLD}});
    }
    // Held it waits, unanswered nothing happens, approved it succeeds.
    void expect_held(bailiff_right right, const Act& act) {
        hold({right});
        const pid_t pid = begin(act);
        const bailiff_event waits = next_hold();
        EXPECT_EQ(waits.right, right);
        EXPECT_TRUE(stops(pid));
        approve(waits);
        EXPECT_EQ(result(pid), 0) << "right " << right;
        const auto told = others();
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(told[0].verdict, BAILIFF_VERDICT_AUDIT);
        EXPECT_EQ(told[0].reason, BAILIFF_REASON_APPROVED);
    }
    std::string tree_;
};

TEST_P(HoldingFile, AnApprovedDeletionHappensAndNotBefore) {
    hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.pid, static_cast<std::uint32_t>(pid));
    EXPECT_STREQ(waits.text, "a");
    EXPECT_TRUE(stops(pid));
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    EXPECT_EQ(waiting(), 1U);
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(tree_ + "/a"));
    const auto told = others();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].reason, BAILIFF_REASON_APPROVED);
    EXPECT_EQ(told[0].hold, waits.hold);
}

TEST_P(HoldingFile, ADisapprovedDeletionDoesNot) {
    hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_DISAPPROVED);
}

TEST_P(HoldingFile, EveryClassOfChangeCanWait) {
    expect_held(BAILIFF_RIGHT_DELETE, remove_file(tree_ + "/a"));
    expect_held(BAILIFF_RIGHT_CREATE, make_directory(tree_ + "/d"));
    expect_held(BAILIFF_RIGHT_DELETE, remove_directory(tree_ + "/d"));
    expect_held(BAILIFF_RIGHT_CREATE, symlink_file("b", tree_ + "/l"));
    expect_held(BAILIFF_RIGHT_CREATE, link_file(tree_ + "/b", tree_ + "/h"));
    expect_held(BAILIFF_RIGHT_RENAME, rename_file(tree_ + "/h", tree_ + "/g"));
    expect_held(BAILIFF_RIGHT_DELETE, rename_file(tree_ + "/g", tree_ + "/c"));
    expect_held(BAILIFF_RIGHT_TRUNCATE, truncate_file(tree_ + "/b"));
    expect_held(BAILIFF_RIGHT_METADATA, change_mode(tree_ + "/b", 0600));
    expect_held(BAILIFF_RIGHT_WRITE, open_file(tree_ + "/b", O_WRONLY));
}

// Its writing was asked for when it was opened.
TEST_P(HoldingFile, WhatWasApprovedWhenItWasOpenedIsWrittenFreely) {
    hold({BAILIFF_RIGHT_WRITE});
    const pid_t pid = begin([this] {
        const int fd = open((tree_ + "/a").c_str(), O_WRONLY);
        for (int i = 0; i < 10; i++)
            if (write(fd, "x", 1) != 1) return errno;
        return 0;
    });
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 1U);
}

TEST_P(HoldingFile, WhatACallItselfMadeIsWrittenFreely) {
    hold({BAILIFF_RIGHT_WRITE});
    const pid_t pid = begin(open_file(tree_ + "/new", O_WRONLY | O_CREAT | O_EXCL));
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 0U);
}

// Whether the name is free is known only after the hook: it cannot wait.
TEST_P(HoldingFile, CreatingByOpenIsDenied) {
    hold({BAILIFF_RIGHT_CREATE});
    const pid_t pid = begin(open_file(tree_ + "/n", O_WRONLY | O_CREAT | O_EXCL));
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
}

// Taking one name and replacing another are one question.
TEST_P(HoldingFile, ARenameIsOneActWithBothItsNames) {
    hold({BAILIFF_RIGHT_RENAME, BAILIFF_RIGHT_CREATE, BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(rename_file(tree_ + "/a", tree_ + "/b"));
    const bailiff_event waits = next_hold();
    const std::string text(waits.text, waits.text_length);
    const std::string one = text.substr(0, text.find('\0'));
    const std::string other = text.substr(text.find(std::string(2, '\0')) + 2);
    EXPECT_EQ(one + other.substr(0, other.find('\0')),
              waits.right == BAILIFF_RIGHT_RENAME ? "ab" : "ba");
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(tree_ + "/a"));
}

TEST_P(HoldingFile, ARenameToAnotherNameIsAskedForAnew) {
    hold({BAILIFF_RIGHT_RENAME});
    const std::string a = tree_ + "/a";
    const std::string b = tree_ + "/x";
    const std::string c = tree_ + "/y";
    const pid_t pid = begin([=] {
        if (rename(a.c_str(), b.c_str()) != 0) return errno;
        return rename(b.c_str(), c.c_str()) == 0 ? 0 : errno;
    });
    approve(next_hold());
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(b));
}

TEST_P(HoldingFile, AnOpeningThatIsApprovedTruncates) {
    hold({BAILIFF_RIGHT_WRITE, BAILIFF_RIGHT_TRUNCATE});
    const pid_t pid = begin([this] {
        const int fd = open((tree_ + "/a").c_str(), O_WRONLY | O_TRUNC);
        if (fd < 0) return errno;
        return truncate((tree_ + "/a").c_str(), 10) == 0 ? 0 : errno; // asked for by itself
    });
    approve(next_hold());
    const bailiff_event second = next_hold();
    EXPECT_EQ(second.right, BAILIFF_RIGHT_TRUNCATE);
    EXPECT_EQ(fs::file_size(tree_ + "/a"), 0U);
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
}

TEST_P(HoldingFile, AnotherModeIsAnotherAct) {
    hold({BAILIFF_RIGHT_METADATA});
    const pid_t pid = begin([this] {
        if (chmod((tree_ + "/a").c_str(), 0600) != 0) return errno;
        return chmod((tree_ + "/a").c_str(), 04777) == 0 ? 0 : errno;
    });
    approve(next_hold());
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(fs::status(tree_ + "/a").permissions(), fs::perms(0600));
}

// The same call on the same object, three times: each is asked for, whatever was approved before.
TEST_P(HoldingFile, AnApprovalIsForOneUse) {
    hold({BAILIFF_RIGHT_METADATA});
    const std::string path = tree_ + "/a";
    const pid_t pid = begin([path] {
        for (int i = 0; i < 3; i++)
            if (chmod(path.c_str(), 0640) != 0) return errno;
        return 0;
    });
    std::set<std::uint64_t> ids;
    for (int i = 0; i < 3; i++) {
        const bailiff_event waits = next_hold();
        ids.insert(waits.hold);
        approve(waits);
    }
    EXPECT_EQ(ids.size(), 3U);
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 3U);
}

TEST_P(HoldingFile, AnotherObjectUnderTheNameIsAskedForAnew) {
    hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event first = next_hold();
    fs::rename(tree_ + "/b", tree_ + "/a");
    const std::uint64_t allow = BAILIFF_VERDICT_ALLOW;
    bpf_map_update_elem(*programs().map_fd("answers"), &first.hold, &allow, BPF_ANY);
    EXPECT_TRUE(stops(pid));
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(second.ino, first.ino);
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
}

INSTANTIATE_TEST_SUITE_P(
    On, HoldingFile, ::testing::Values("/mnt/ext4", "/tmp", "/root"), [](const auto& at) {
        const std::string path = at.param;
        return std::string(path == "/mnt/ext4" ? "ext4" : path == "/tmp" ? "tmpfs" : "overlayfs");
    });

class Hold : public Holding {
protected:
    void SetUp() override {
        Scene::SetUp();
        fs::remove_all(tree_);
        make_file(path_);
    }
    void hold_deletion() { hold({{tree_, {BAILIFF_RIGHT_DELETE}, BAILIFF_VERDICT_HOLD}}); }
    // The act does not wait but is denied, since it cannot.
    void expect_not_waiting(const Act& act) {
        const pid_t pid = begin(act);
        EXPECT_EQ(result(pid), EPERM);
        const auto told = others();
        ASSERT_FALSE(told.empty());
        EXPECT_EQ(told.back().verdict, BAILIFF_VERDICT_DENY);
        EXPECT_EQ(told.back().reason, BAILIFF_REASON_CANNOT_WAIT);
    }
    const std::string tree_ = "/tmp/holding";
    const std::string path_ = "/tmp/holding/a";
};

TEST_F(Hold, ASignalToGoOnIsNoAnswer) {
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    const bailiff_event waits = next_hold();
    for (int i = 0; i < 20; i++) {
        EXPECT_TRUE(stops(pid));
        kill(pid, SIGCONT);
        usleep(5000);
    }
    EXPECT_TRUE(fs::exists(path_));
    EXPECT_TRUE(others().empty()) << "the same question is asked once";
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(Hold, WithoutAnAnswerInTimeItIsDenied) {
    hold_for(1);
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    next_hold();
    EXPECT_TRUE(stops(pid));
    sleep(1);
    kill(pid, SIGCONT);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_TIMED_OUT);
    EXPECT_TRUE(fs::exists(path_));
}

TEST_F(Hold, AWaiterThatIsKilledWaitsNoMore) {
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    next_hold();
    EXPECT_EQ(waiting(), 1U);
    kill(pid, SIGKILL);
    EXPECT_EQ(result(pid), 128 + SIGKILL);
    EXPECT_EQ(waiting(), 0U);
}

TEST_F(Hold, ASessionThatEndsDeniesWhatWaits) {
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    next_hold();
    EXPECT_TRUE(stops(pid));
    session(BAILIFF_SESSION_REVOKED);
    kill(pid, SIGCONT);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_REVOKED);
}

// A second stop of a process must not be dropped, or the error for a restart reaches the program.
TEST_F(Hold, ThreadsOfAProcessWaitEachForItself) {
    constexpr int kThreads = 8;
    constexpr int kEach = 5;
    hold_deletion();
    for (int i = 0; i < kThreads * kEach; i++) make_file(tree_ + "/t" + std::to_string(i));
    const pid_t pid = begin([this] {
        std::atomic<int> bad = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < kThreads; t++)
            threads.emplace_back([&bad, t, this] {
                for (int i = 0; i < kEach; i++)
                    if (unlink((tree_ + "/t" + std::to_string(t * kEach + i)).c_str()) != 0)
                        bad = errno;
            });
        for (std::thread& thread : threads) thread.join();
        return bad.load();
    });
    for (int i = 0; i < kThreads * kEach; i++) approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(fs::exists(tree_ + "/t0"), false);
}

TEST_F(Hold, TheParentOfAVforkWaitsWithItsChild) {
    hold_deletion();
    const pid_t pid = begin([this] {
        static volatile int error = 0;
        const pid_t child = vfork();
        if (child == 0) {
            error = unlink(path_.c_str()) == 0 ? 0 : errno;
            _exit(0);
        }
        waitpid(child, nullptr, 0);
        return int{error};
    });
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(path_));
}

TEST_F(Hold, AnApprovalIsWorthNothingAfterItsTime) {
    hold_for(2);
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    const bailiff_event waits = next_hold();
    EXPECT_TRUE(stops(pid));
    const std::uint64_t allow = BAILIFF_VERDICT_ALLOW;
    bpf_map_update_elem(*programs().map_fd("answers"), &waits.hold, &allow, BPF_ANY);
    sleep(2);
    kill(pid, SIGCONT);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_TIMED_OUT);
    EXPECT_TRUE(fs::exists(path_));
}

TEST_F(Hold, ATracedTaskCannotWait) {
    hold_deletion();
    expect_not_waiting([this] {
        const pid_t child = fork();
        if (child == 0) {
            if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
            _exit(unlink(path_.c_str()) == 0 ? 0 : errno);
        }
        int state = 0;
        waitpid(child, &state, 0);
        return WIFEXITED(state) ? WEXITSTATUS(state) : 128;
    });
}

TEST_F(Hold, AWaitingTaskCannotBeTracedByItsOwn) {
    hold_deletion();
    const pid_t waiter = begin(remove_file(path_));
    const bailiff_event waits = next_hold();
    EXPECT_TRUE(stops(waiter));
    EXPECT_EQ(bound([waiter] {
                  return ptrace(PTRACE_ATTACH, waiter, nullptr, nullptr) == 0 ? 0 : errno;
              }),
              EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_TARGET_WAITS);
    disapprove(waits);
    EXPECT_EQ(result(waiter), EPERM);
}

TEST_F(Hold, ASignalToOneProcessWaitsAndToSeveralDoesNot) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    default_of(BAILIFF_RIGHT_SIGNAL, BAILIFF_VERDICT_HOLD);
    const pid_t victim = fork();
    if (victim == 0) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    setpgid(victim, victim);
    expect_not_waiting([victim] { return kill(-victim, SIGUSR1) == 0 ? 0 : errno; });
    const pid_t pid = begin([victim] { return kill(victim, SIGTERM) == 0 ? 0 : errno; });
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.number, static_cast<std::uint32_t>(victim));
    EXPECT_EQ(waits.port, SIGTERM);
    EXPECT_EQ(kill(victim, 0), 0);
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    int state = 0;
    waitpid(victim, &state, 0);
    EXPECT_TRUE(WIFSIGNALED(state));
}

TEST_F(Hold, AConnectionThatWasApprovedIsUsedFreely) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_HOLD);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&at), size), 0);
    ASSERT_EQ(listen(listener, 1), 0);
    ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
    const pid_t pid = begin([at] {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) != 0) return errno;
        for (int i = 0; i < 5; i++)
            if (send(fd, "x", 1, 0) != 1 || write(fd, "y", 1) != 1) return errno;
        return 0;
    });
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.port, ntohs(at.sin_port));
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 1U);
    close(listener);
}

TEST_F(Hold, EachDatagramToAHeldAddressWaits) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_HOLD);
    const pid_t pid = begin([] {
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(9);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (int i = 0; i < 3; i++)
            if (sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 1)
                return errno;
        return 0;
    });
    for (int i = 0; i < 3; i++) approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 3U);
}

TEST_F(Hold, AnExecutionCannotWait) {
    policy(BAILIFF_VERDICT_ALLOW, {{"/bin/true", {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_HOLD}});
    expect_not_waiting(execute("/bin/true"));
}

TEST_F(Hold, OfTooManyTheNextIsDenied) {
    hold_deletion();
    const int holds = *programs().map_fd("holds");
    bailiff_hold row{};
    std::uint64_t key = 1;
    for (; key <= BAILIFF_MAX_HOLDS; key++)
        if (bpf_map_update_elem(holds, &key, &row, BPF_ANY) != 0) break;
    const pid_t pid = begin(remove_file(path_));
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_TOO_MANY_HOLDS);
    for (std::uint64_t used = 1; used <= key; used++) bpf_map_delete_elem(holds, &used);
}

TEST_F(Hold, ModeObserveHoldsNothing) {
    hold_deletion();
    bailiff_config config{};
    const std::uint32_t zero = 0;
    const int fd = *programs().map_fd("config");
    ASSERT_EQ(bpf_map_lookup_elem(fd, &zero, &config), 0);
    config.flags |= BAILIFF_CONFIG_OBSERVE;
    ASSERT_EQ(bpf_map_update_elem(fd, &zero, &config, BPF_ANY), 0);
    EXPECT_EQ(bound(remove_file(path_)), 0);
    const auto told = others();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_NE(told[0].flags & BAILIFF_EVENT_WOULD_DENY, 0);
}

TEST_F(Hold, BreakGlassHoldsNothing) {
    hold_deletion();
    relaxed_session(now() + 60'000'000'000ULL);
    EXPECT_EQ(bound(remove_file(path_)), 0);
    EXPECT_NE(others().back().flags & BAILIFF_EVENT_RELAXED, 0);
}

} // namespace
} // namespace bailiff::tests
