// Who waits and how it ends: threads, vfork, tracers, deadlines, sessions that end; and what is no
// file: signals and connections.
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

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
    static void take_seats(std::uint32_t session, std::uint32_t count) {
        const bailiff_hold row{};
        for (std::uint32_t seat = 0; seat < count; seat++) {
            const std::uint32_t key = session * BAILIFF_MAX_HOLDS_OF_SESSION + seat;
            ASSERT_EQ(bpf_map_update_elem(*programs().map_fd("holds"), &key, &row, BPF_ANY), 0);
        }
    }
    static void leave_seats(std::uint32_t session) {
        for (std::uint32_t seat = 0; seat < BAILIFF_MAX_HOLDS_OF_SESSION; seat++) {
            const std::uint32_t key = session * BAILIFF_MAX_HOLDS_OF_SESSION + seat;
            bpf_map_delete_elem(*programs().map_fd("holds"), &key);
        }
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
    const pid_t pid = begin(remove_in_threads(tree_, kThreads, kEach));
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
    write_answer(waits, BAILIFF_VERDICT_ALLOW);
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

TEST_F(Hold, OfTooManyTheNextIsDenied) {
    hold_deletion();
    take_seats(kSessionSlot, BAILIFF_MAX_HOLDS_OF_SESSION);
    const pid_t pid = begin(remove_file(path_));
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_TOO_MANY_HOLDS);
    leave_seats(kSessionSlot);
}

TEST_F(Hold, TheLastSeatOfASessionIsFound) {
    hold_deletion();
    take_seats(kSessionSlot, BAILIFF_MAX_HOLDS_OF_SESSION - 1);
    const pid_t pid = begin(remove_file(path_));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    leave_seats(kSessionSlot);
}

TEST_F(Hold, WhatAnotherSessionWaitsForTakesNoSeat) {
    hold_deletion();
    take_seats(kSessionSlot + 1, BAILIFF_MAX_HOLDS_OF_SESSION);
    const pid_t pid = begin(remove_file(path_));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    leave_seats(kSessionSlot + 1);
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

TEST_F(Hold, WhatWasDeniedBeforeBreakGlassStaysDenied) {
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    const bailiff_event waits = next_hold();
    EXPECT_TRUE(stops(pid));
    write_answer(waits, BAILIFF_VERDICT_DENY);
    relaxed_session(now() + 60'000'000'000ULL);
    kill(pid, SIGCONT);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(path_));
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_DISAPPROVED);
}

TEST_F(Hold, WhatWaitsIsLetThroughByBreakGlass) {
    hold_deletion();
    const pid_t pid = begin(remove_file(path_));
    next_hold();
    EXPECT_TRUE(stops(pid));
    relaxed_session(now() + 60'000'000'000ULL);
    kill(pid, SIGCONT);
    EXPECT_EQ(result(pid), 0);
}

} // namespace
} // namespace bailiff::tests
