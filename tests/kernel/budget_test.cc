// Holds that do not ask each time: up to a budget, and after the first contact with an address.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class Budget : public Holding {
protected:
    void SetUp() override {
        Scene::SetUp();
        fs::remove_all(tree_);
        for (int i = 0; i < 8; i++) make_file(file(i));
    }
    void hold_deletion(std::uint32_t count, std::uint64_t period) {
        hold({{tree_, {BAILIFF_RIGHT_DELETE}, BAILIFF_VERDICT_HOLD}});
        budget(BAILIFF_RIGHT_DELETE, count, period);
    }
    std::string file(int number) const { return tree_ + "/f" + std::to_string(number); }
    // How many of what happened were let through by a budget.
    std::size_t within() {
        std::size_t count = 0;
        for (const bailiff_event& e : others()) {
            EXPECT_EQ(e.reason, BAILIFF_REASON_WITHIN_BUDGET);
            EXPECT_EQ(e.verdict, BAILIFF_VERDICT_AUDIT);
            count++;
        }
        return count;
    }
    const std::string tree_ = "/tmp/budget";
};

Act reach(std::uint16_t port) {
    return [port] {
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) return errno;
        for (int i = 0; i < 3; i++)
            if (send(fd, "x", 1, 0) != 1 && errno != ECONNREFUSED) return errno;
        return 0;
    };
}

TEST_F(Budget, UpToItActsGoAndThenTheyWait) {
    hold_deletion(3, 60 * kSecond);
    for (int i = 0; i < 3; i++) EXPECT_EQ(bound(remove_file(file(i))), 0);
    EXPECT_EQ(within(), 3U);
    const pid_t pid = begin(remove_file(file(3)));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_APPROVED);
}

TEST_F(Budget, InAnyPeriodOfThatLengthThereAreNoMore) {
    hold_for(1);
    hold_deletion(2, 3 * kSecond);
    EXPECT_EQ(bound(remove_file(file(0))), 0);
    sleep(2);
    EXPECT_EQ(bound(remove_file(file(1))), 0);
    EXPECT_EQ(within(), 2U);
    const pid_t waits = begin(remove_file(file(2)));
    next_hold();
    sleep(2); // more than three seconds after the first, less after the second
    kill(waits, SIGCONT);
    EXPECT_EQ(result(waits), EPERM) << "what waits takes its answer, or none";
    others();
    EXPECT_EQ(bound(remove_file(file(3))), 0);
    EXPECT_EQ(within(), 1U);
    const pid_t next = begin(remove_file(file(4)));
    disapprove(next_hold());
    EXPECT_EQ(result(next), EPERM);
}

TEST_F(Budget, WithoutAPeriodItIsForTheWholeSession) {
    hold_deletion(1, ~0ULL);
    EXPECT_EQ(bound(remove_file(file(0))), 0);
    EXPECT_EQ(within(), 1U);
    const pid_t pid = begin(remove_file(file(1)));
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
}

TEST_F(Budget, AnotherSessionHasItsOwn) {
    hold_deletion(1, ~0ULL);
    EXPECT_EQ(bound(remove_file(file(0))), 0);
    next_session();
    EXPECT_EQ(bound(remove_file(file(1))), 0);
    EXPECT_EQ(within(), 2U);
}

TEST_F(Budget, ManyAtOnceGetNoMoreThanItHas) {
    constexpr int kThreads = 8;
    constexpr int kEach = 20;
    hold_for(1);
    hold_deletion(32, ~0ULL);
    for (int i = 0; i < kThreads * kEach; i++) make_file(file(i));
    const pid_t pid = begin([this] {
        std::vector<std::thread> threads;
        for (int t = 0; t < kThreads; t++)
            threads.emplace_back([this, t] {
                for (int i = 0; i < kEach; i++) unlink(file(t * kEach + i).c_str());
            });
        for (std::thread& thread : threads) thread.join();
        return 0;
    });
    next_hold();
    kill(pid, SIGKILL);
    result(pid);
    std::size_t gone = 0;
    for (int i = 0; i < kThreads * kEach; i++) gone += fs::exists(file(i)) ? 0 : 1;
    EXPECT_LE(gone, 32U);
    EXPECT_GT(gone, 0U);
    others();
}

TEST_F(Budget, WhatTheSessionMadeIsFree) {
    hold_deletion(1, ~0ULL);
    const std::string own = tree_ + "/own";
    EXPECT_EQ(bound([own] {
                  for (int i = 0; i < 5; i++) {
                      close(open(own.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600));
                      if (unlink(own.c_str()) != 0) return errno;
                  }
                  return 0;
              }),
              0);
    EXPECT_EQ(within(), 0U);
    EXPECT_EQ(bound(remove_file(file(0))), 0);
    EXPECT_EQ(within(), 1U);
}

TEST_F(Budget, AnOpeningCountsOnceAndItsWritesDoNot) {
    hold({{tree_, {BAILIFF_RIGHT_WRITE, BAILIFF_RIGHT_TRUNCATE}, BAILIFF_VERDICT_HOLD}});
    budget(BAILIFF_RIGHT_WRITE, 1, ~0ULL);
    EXPECT_EQ(bound([this] {
                  const int fd = open(file(0).c_str(), O_WRONLY | O_TRUNC);
                  if (fd < 0) return errno;
                  for (int i = 0; i < 5; i++)
                      if (write(fd, "x", 1) != 1) return errno;
                  return 0;
              }),
              0);
    EXPECT_EQ(within(), 1U);
}

TEST_F(Budget, ARuleOfAnotherProfileHoldsAllTheSame) {
    hold_deletion(5, ~0ULL);
    second_profile(BAILIFF_RIGHT_DELETE, BAILIFF_VERDICT_HOLD);
    const pid_t pid = begin(remove_file(file(0)));
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    others();
}

TEST_F(Budget, ACallThatCannotWaitHasIt) {
    hold_deletion(1, ~0ULL);
    EXPECT_EQ(bound(remove_file_in_32_bits(file(0))), 0);
    EXPECT_EQ(within(), 1U);
    EXPECT_EQ(bound(remove_file_in_32_bits(file(1))), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
}

TEST_F(Budget, AnAddressThatWasApprovedIsKnown) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_HOLD);
    budget(BAILIFF_RIGHT_CONNECT, 0, 0, BAILIFF_BUDGET_CONTACT);
    const pid_t first = begin(reach(9));
    approve(next_hold());
    EXPECT_EQ(result(first), 0);
    others();
    EXPECT_EQ(bound(reach(9)), 0);
    EXPECT_TRUE(others().empty());
    const pid_t other = begin(reach(10));
    disapprove(next_hold());
    EXPECT_EQ(result(other), EPERM);
    const pid_t again = begin(reach(10));
    disapprove(next_hold());
    EXPECT_EQ(result(again), EPERM) << "a denial makes nothing known";
    next_session();
    const pid_t another = begin(reach(9));
    disapprove(next_hold());
    EXPECT_EQ(result(another), EPERM);
    others();
}

} // namespace
} // namespace bailiff::tests
