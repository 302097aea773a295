// Break-glass: what the rules deny is let through and recorded, for a while; nothing else is.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

constexpr std::uint64_t kMinute = 60'000'000'000;

class BreakGlass : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        make_file(file_);
        policy(BAILIFF_VERDICT_DENY, {});
        relaxed_session(now() + kMinute);
    }
    // Free and as a subject it succeeds, and the record says what it would have been.
    void expect_relaxed(const Act& act, bailiff_right right) {
        expect_allowed(act);
        bool told = false;
        for (const bailiff_event& event : verdicts()) {
            EXPECT_EQ(event.verdict, BAILIFF_VERDICT_AUDIT) << int{event.right};
            EXPECT_EQ(event.flags & (BAILIFF_EVENT_WOULD_DENY | BAILIFF_EVENT_RELAXED),
                      BAILIFF_EVENT_WOULD_DENY | BAILIFF_EVENT_RELAXED);
            told = told || event.right == right;
        }
        EXPECT_TRUE(told) << "no record of right " << int{right};
    }
    const std::string file_ = "/tmp/break-glass/file";
};

TEST_F(BreakGlass, DeniedFilesProgramsAndAddressesAreLetThroughAndRecorded) {
    expect_relaxed(open_file(file_, O_RDWR), BAILIFF_RIGHT_WRITE);
    expect_relaxed(connect_udp("127.0.0.1", 9), BAILIFF_RIGHT_CONNECT);
    expect_relaxed(execute("/bin/true"), BAILIFF_RIGHT_EXEC);
}

TEST_F(BreakGlass, AnExplicitDenyIsLetThroughToo) {
    policy(BAILIFF_VERDICT_ALLOW, {{file_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    expect_relaxed(open_file(file_, O_RDONLY), BAILIFF_RIGHT_READ);
}

TEST_F(BreakGlass, ItsTimeEndsItWithTheProgramsAlone) {
    const auto shorter = [this] { relaxed_session(now()); };
    const Act read = open_file(file_, O_RDONLY);
    EXPECT_EQ(bound_after(read, shorter, read), EPERM);
}

// A descriptor that was opened meanwhile, and a peer that was reached.
TEST_F(BreakGlass, WhatItOpenedIsOverWithIt) {
    const auto shorter = [this] { relaxed_session(now()); };
    int fd = -1;
    char byte = 0;
    const Act open = [&] { return (fd = ::open(file_.c_str(), O_RDONLY)) < 0 ? errno : 0; };
    const Act read = [&] { return pread(fd, &byte, 1, 0) < 0 ? errno : 0; };
    EXPECT_EQ(bound_after(open, shorter, read), EPERM);
    const Act open_and_read = [&] { return open() != 0 ? errno : read(); };
    EXPECT_EQ(bound_after(open_and_read, shorter, read), EPERM);
}

TEST_F(BreakGlass, WhatActsOnTheSystemStaysDenied) {
    expect_denied(make_socket(AF_PACKET, SOCK_RAW, 0));
}

TEST_F(BreakGlass, AnotherProgramsSocketStaysDenied) {
    const char* path = "/tmp/break-glass/socket";
    unlink(path);
    const int server = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address = {AF_UNIX, {}};
    strcpy(address.sun_path, path);
    ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    expect_denied([address] {
        const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        const int ret = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        return ret < 0 ? errno : 0;
    });
    close(server);
}

TEST_F(BreakGlass, AProtectedProfileStaysInForce) {
    protect_profile();
    expect_denied(open_file(file_, O_RDONLY));
}

TEST_F(BreakGlass, ASessionThatIsOverStaysOver) {
    relaxed_session(now() + kMinute);
    const auto revoke = [this] { session(BAILIFF_SESSION_REVOKED); };
    const Act read = open_file(file_, O_RDONLY);
    EXPECT_EQ(bound_after(read, revoke, read), EPERM);
}

} // namespace
} // namespace bailiff::tests
