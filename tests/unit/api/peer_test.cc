#include "api/peer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/api/fake_service.h"
#include "tests/unit/api/raw_client.h"
#include "api/listener.h"
#include "base/process.h"

namespace bailiff::api {
namespace {

TEST(Peer, IsTheProcessThatConnected) {
    const ScratchFolder folder;
    Result<Listener> listener = listen_at(folder / "sock");
    ASSERT_TRUE(listener) << listener.error().message();
    const RawClient client(folder / "sock");
    ASSERT_TRUE(client.connected());
    const UniqueFd accepted(accept(listener->socket.get(), nullptr, nullptr));
    const Result<Peer> peer = peer_of(accepted.get());
    ASSERT_TRUE(peer) << peer.error().message();
    EXPECT_EQ(peer->uid, geteuid());
    EXPECT_EQ(peer->gid, getegid());
    EXPECT_EQ(peer->pid, getpid());
    EXPECT_EQ(peer->start_time, *bailiff::start_time_of(getpid()));
    EXPECT_TRUE(peer->still_same());
}

TEST(Peer, IsNoLongerTheSameOnceItHasExited) {
    const ScratchFolder folder;
    Result<Listener> listener = listen_at(folder / "sock");
    ASSERT_TRUE(listener) << listener.error().message();
    int hold[2];
    ASSERT_EQ(pipe(hold), 0);
    const pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        const RawClient client(folder / "sock");
        char byte;
        (void)!read(hold[0], &byte, 1);
        _exit(0);
    }
    close(hold[0]);
    const UniqueFd accepted(accept(listener->socket.get(), nullptr, nullptr));
    const Result<Peer> peer = peer_of(accepted.get());
    ASSERT_TRUE(peer) << peer.error().message();
    EXPECT_EQ(peer->pid, child);
    EXPECT_TRUE(peer->still_same());
    close(hold[1]);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_FALSE(peer->still_same());
    EXPECT_FALSE(peer_of(accepted.get())) << "gone before it was looked at";
}

TEST(Peer, AnotherStartTimeIsAnotherProcess) {
    const ScratchFolder folder;
    Result<Listener> listener = listen_at(folder / "sock");
    ASSERT_TRUE(listener) << listener.error().message();
    const RawClient client(folder / "sock");
    const UniqueFd accepted(accept(listener->socket.get(), nullptr, nullptr));
    Result<Peer> peer = peer_of(accepted.get());
    ASSERT_TRUE(peer) << peer.error().message();
    peer->start_time += 1;
    EXPECT_FALSE(peer->still_same());
}

TEST(Listener, RefusesASecondOneAndReplacesAStaleSocket) {
    const ScratchFolder folder;
    {
        Result<Listener> first = listen_at(folder / "sock");
        ASSERT_TRUE(first) << first.error().message();
        const Result<Listener> second = listen_at(folder / "sock");
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
        EXPECT_TRUE(RawClient(folder / "sock").connected());
    }
    EXPECT_TRUE(std::filesystem::is_socket(folder / "sock")) << "left behind";
    EXPECT_TRUE(listen_at(folder / "sock"));
}

TEST(Listener, LeavesAFileThatIsNoSocketAlone) {
    const ScratchFolder folder;
    std::filesystem::create_directory(folder / "sock");
    const Result<Listener> listener = listen_at(folder / "sock");
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(std::filesystem::is_directory(folder / "sock"));
}

TEST(Listener, RefusesAPathThatNoSocketCanHave) {
    const Result<Listener> listener = listen_at("/tmp/" + std::string(200, 'x'));
    ASSERT_FALSE(listener);
    EXPECT_EQ(listener.error().code(), ErrorCode::kInvalidArgument);
}

} // namespace
} // namespace bailiff::api
