// Acts that wait, and who answers: what the tests of holds share.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "kernel/resume.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {

namespace fs = std::filesystem;

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
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (held_.empty() && std::chrono::steady_clock::now() < until) {
            for (const bailiff_event& e : verdicts()) (asks(e) ? held_ : seen_).push_back(e);
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
    // The answer alone: the task waits on.
    static void write_answer(const bailiff_event& hold, bailiff_verdict verdict) {
        const std::uint64_t word = verdict;
        ASSERT_EQ(bpf_map_update_elem(*programs().map_fd("answers"), &hold.hold, &word, BPF_ANY),
                  0);
    }
    // Answers and lets it go on, as the daemon does: again, until the answer is taken.
    void answer(const bailiff_event& hold, bailiff_verdict verdict) {
        const int answers = *programs().map_fd("answers");
        write_answer(hold, verdict);
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        std::uint64_t left = 0;
        while (bpf_map_lookup_elem(answers, &hold.hold, &left) == 0) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "the answer is not taken";
            kernel::give_turns(*programs().map_fd("resumed"), hold.pid);
            kill(static_cast<pid_t>(hold.pid), SIGCONT);
            usleep(2000);
        }
    }
    void approve(const bailiff_event& hold) { answer(hold, BAILIFF_VERDICT_ALLOW); }
    void disapprove(const bailiff_event& hold) { answer(hold, BAILIFF_VERDICT_DENY); }
    // What the act returned.
    int result(pid_t pid) {
        int state = 0;
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (waitpid(pid, &state, WNOHANG) == 0) {
            usleep(1000);
            if (std::chrono::steady_clock::now() < until) continue;
            ADD_FAILURE() << (is_stopped(pid) ? "it waits" : "it does not end");
            kill(pid, SIGKILL);
            waitpid(pid, &state, 0);
            break;
        }
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
        std::uint32_t key = 0;
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
    // Removes the files t0, t1, ... of a folder, each thread its part.
    static Act remove_in_threads(const std::string& folder, int threads, int each) {
        return [=] {
            std::atomic<int> bad = 0;
            std::vector<std::thread> all;
            for (int t = 0; t < threads; t++)
                all.emplace_back([&, t] {
                    for (int i = 0; i < each; i++)
                        if (unlink((folder + "/t" + std::to_string(t * each + i)).c_str()) != 0)
                            bad = errno;
                });
            for (std::thread& thread : all) thread.join();
            return bad.load();
        };
    }
    // A policy that allows all but what it holds.
    void hold(const std::vector<Rule>& rules) { policy(BAILIFF_VERDICT_ALLOW, rules); }

private:
    // Of a new act that waits; not of one that was let through.
    static bool asks(const bailiff_event& e) {
        return e.verdict == BAILIFF_VERDICT_HOLD ||
               (e.verdict == BAILIFF_VERDICT_PRESERVE && e.reason != BAILIFF_REASON_PRESERVED);
    }
    std::set<pid_t> started_;
    std::vector<bailiff_event> held_;
    std::vector<bailiff_event> seen_;
};

// The same on each kind of file system.
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
    // Opens it to read and write, maps it to read, and makes the mapping writable.
    static Act make_mapping_writable(const std::string& path) {
        return [path] {
            const int fd = open(path.c_str(), O_RDWR);
            void* at = mmap(nullptr, 1, PROT_READ, MAP_SHARED, fd, 0);
            if (at == MAP_FAILED) return errno;
            return mprotect(at, 1, PROT_READ | PROT_WRITE) == 0 ? 0 : errno;
        };
    }
    // On overlayfs a mapping is of another struct file than the descriptor.
    static bool is_layered() { return std::string(GetParam()) == "/root"; }
    std::string tree_;
};

inline std::string file_system_name(const ::testing::TestParamInfo<const char*>& at) {
    const std::string path = at.param;
    return path == "/mnt/ext4" ? "ext4" : path == "/tmp" ? "tmpfs" : "overlayfs";
}

} // namespace bailiff::tests
