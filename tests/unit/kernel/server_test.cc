#include "kernel/server.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/canary.h"
#include "tests/unit/kernel/scene.h"

namespace bailiff::kernel {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public testing::Test {
protected:
    // The errno of the answer; -1 if there was none.
    int error_of(const Request& request) const {
        const std::optional<Reply> reply = caller_.ask(request);
        return reply ? reply->error : -1;
    }
    // How many requests the handler got.
    std::size_t handled() {
        EXPECT_TRUE(served_.stop());
        return handler_.requests.size();
    }
    static Request enrolment(std::uint32_t pid, std::uint32_t subject) {
        Request request = request_of(Operation::kEnrol);
        request.pid = pid;
        request.subject = subject;
        return request;
    }

    Remembering handler_;
    ServedSocket served_{handler_};
    RawCaller caller_{served_.folder()};
};

TEST_F(ServerTest, AWellFormedRequestIsHandledAndItsAnswerComesBack) {
    handler_.answer = [](const Request& request, Reply& reply) { reply.count = request.pid + 1; };
    Request request = request_of(Operation::kSubjectOf);
    request.pid = 41;
    const std::optional<Reply> reply = caller_.ask(request);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->magic, kWireMagic);
    EXPECT_EQ(reply->error, 0);
    EXPECT_EQ(reply->count, 42U);
    EXPECT_EQ(handled(), 1U);
}

TEST_F(ServerTest, AShortMessageIsRefusedAndTheConnectionGoesOn) {
    const Request request = request_of(Operation::kCount);
    for (const std::size_t size : {std::size_t{1}, sizeof(request.magic), sizeof(request) - 1}) {
        ASSERT_TRUE(caller_.send(&request, size));
        const std::optional<Reply> reply = caller_.receive();
        ASSERT_TRUE(reply.has_value()) << size;
        EXPECT_EQ(reply->error, EINVAL) << size;
    }
    EXPECT_EQ(error_of(request), 0);
    EXPECT_EQ(handled(), 1U);
}

TEST_F(ServerTest, ALongMessageIsRefusedThoughItBeginsAsARequest) {
    std::array<char, sizeof(Request) + 1> bytes{};
    const Request request = request_of(Operation::kCount);
    std::memcpy(bytes.data(), &request, sizeof(request));
    ASSERT_TRUE(caller_.send(bytes.data(), bytes.size()));
    const std::optional<Reply> reply = caller_.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->error, EINVAL);
    EXPECT_EQ(handled(), 0U);
}

TEST_F(ServerTest, AMessageOfAnotherVersionIsRefused) {
    Request request = request_of(Operation::kCount);
    request.magic = kWireMagic - 1;
    EXPECT_EQ(error_of(request), EINVAL);
    EXPECT_EQ(handled(), 0U);
}

TEST_F(ServerTest, APathWithoutItsEndIsRefused) {
    Request request = request_of(Operation::kResolve);
    std::memset(request.path, '/', sizeof(request.path));
    EXPECT_EQ(error_of(request), EINVAL);
    request.path[sizeof(request.path) - 1] = 0;
    EXPECT_EQ(error_of(request), 0);
    EXPECT_EQ(handled(), 1U);
}

TEST_F(ServerTest, ASessionIsOneWord) {
    Request request = request_of(Operation::kKeep);
    for (const char* name : {"s-1 1001 33188 0", "s-1\n", "s/1"}) {
        strcpy(request.undo.session, name);
        EXPECT_EQ(error_of(request), EINVAL) << name;
    }
    std::memset(request.undo.session, 's', sizeof(request.undo.session));
    EXPECT_EQ(error_of(request), EINVAL);
    strcpy(request.undo.session, "s-01M8FZYN4MEX7Q89ZNGF7MPE5K");
    EXPECT_EQ(error_of(request), 0);
    EXPECT_EQ(handled(), 1U);
}

TEST_F(ServerTest, NobodyEnrolsPidOneOrASubjectThatIsNotASessions) {
    EXPECT_EQ(error_of(enrolment(0, 7)), EINVAL);
    EXPECT_EQ(error_of(enrolment(1, 7)), EINVAL);
    EXPECT_EQ(error_of(enrolment(4711, 0)), EINVAL);
    EXPECT_EQ(error_of(enrolment(4711, kCanarySubject)), EINVAL);
    EXPECT_EQ(error_of(enrolment(4711, 0xffffffff)), EINVAL);
    EXPECT_EQ(error_of(enrolment(4711, kCanarySubject - 1)), 0);
    EXPECT_EQ(handled(), 1U);
}

TEST_F(ServerTest, NobodyIsKilledThatIsNoSubjectOfASession) {
    Request request = request_of(Operation::kKill);
    for (const std::uint32_t subject : {0U, kCanarySubject, 0xffffffffU}) {
        request.subject = subject;
        EXPECT_EQ(error_of(request), EINVAL) << subject;
    }
    request.subject = kCanarySubject - 1;
    EXPECT_EQ(error_of(request), 0);
    EXPECT_EQ(handled(), 1U);
}

TEST_F(ServerTest, ASecondCallerIsToldThatTheFirstIsServed) {
    ASSERT_EQ(error_of(request_of(Operation::kCount)), 0);
    const RawCaller second(served_.folder());
    const std::optional<Reply> reply = second.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->error, EBUSY);
    EXPECT_THAT(reply->message, HasSubstr("serves another bailiffd"));
    EXPECT_FALSE(second.receive().has_value());
    EXPECT_EQ(error_of(request_of(Operation::kCount)), 0);
}

TEST_F(ServerTest, WhenACallerHasGoneTheNextIsServed) {
    ASSERT_EQ(error_of(request_of(Operation::kCount)), 0);
    caller_ = RawCaller("/no/such/folder");
    const RawCaller next(served_.folder());
    EXPECT_EQ(next.ask(request_of(Operation::kCount)).value().error, 0);
}

TEST_F(ServerTest, ASecondServerDoesNotTakeTheSocketAway) {
    const Result<Server> second = Server::listen(served_.folder(), getuid(), getgid());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_THAT(second.error().message(), StartsWith("another bailiff-kernel answers on "));
    EXPECT_EQ(error_of(request_of(Operation::kCount)), 0);
}

// In a child, which becomes another account that the file's mode lets in.
TEST(Server, AnotherAccountIsRefusedWithoutBeingHeard) {
    if (getuid() != 0) GTEST_SKIP() << "only root can become another account";
    constexpr uid_t kDaemon = 65533;
    constexpr uid_t kStranger = 65534;
    Remembering handler;
    ServedSocket served(handler, kDaemon, kStranger);
    const pid_t child = fork();
    if (child == 0) {
        if (setgid(kStranger) != 0 || setuid(kStranger) != 0) _exit(1);
        const RawCaller stranger(served.folder());
        if (!stranger.connected()) _exit(2);
        const std::optional<Reply> reply = stranger.receive();
        const bool refused = reply && reply->error == EACCES &&
                             std::strstr(reply->message, "serves uid 65533 and root only");
        _exit(refused ? 0 : 3);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(served.stop());
    EXPECT_TRUE(handler.requests.empty());
}

} // namespace
} // namespace bailiff::kernel
