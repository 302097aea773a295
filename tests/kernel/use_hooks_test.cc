// The hooks on every read and write are attached where there can be subjects, and only there.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "kernel/enrolment.h"
#include "kernel/handler.h"
#include "kernel/program_contents.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

class UseHooks : public Scene {
protected:
    void TearDown() override { EXPECT_TRUE(programs().attach_use_hooks()); }

    kernel::Reply ask(kernel::Operation operation, std::uint32_t subject = 0) {
        kernel::Request request{};
        request.operation = operation;
        request.subject = subject;
        kernel::Reply reply{};
        handler_.handle(request, reply);
        return reply;
    }
    // "" where a posture leaves them attached.
    std::string missing_after_posture() {
        const kernel::Reply reply = ask(kernel::Operation::kPosture);
        EXPECT_EQ(reply.error, 0) << reply.message;
        for (const std::uint32_t* family = reply.posture.enforcing;
             family != reply.posture.enforcing + kernel::kFamilyNames.size(); family++)
            EXPECT_EQ(*family, 1U);
        return missing();
    }
    static std::string missing() {
        const std::vector<std::string> attached = programs().attached();
        std::string text;
        for (const char* name : {"file_permission", "socket_recvmsg", "socket_sendmsg"}) {
            const bool there = std::count(attached.begin(), attached.end(), name) == 1;
            const std::string pin = options().pin_root + "/links_" +
                                    std::to_string(programs().generation()) + "/" + name;
            EXPECT_EQ(std::filesystem::exists(pin), there) << pin;
            if (!there) text += std::string(text.empty() ? "" : " ") + name;
        }
        return text;
    }
    static constexpr const char* kAll = "file_permission socket_recvmsg socket_sendmsg";
    kernel::ProgramContents contents_{programs()};
    kernel::Hasher hasher_{contents_};
    kernel::Keeping keeping_{programs(), fail(ErrorCode::kUnavailable, "no store")};
    kernel::ProgramsHandler handler_{programs(), hasher_, keeping_};
};

TEST_F(UseHooks, AreDetachedWhereNoTaskIsASubjectAndAttachedByTheFirst) {
    EXPECT_EQ(missing_after_posture(), kAll);
    kernel::Request request{};
    request.operation = kernel::Operation::kEnrol;
    request.pid = 0; // nobody: they are attached before anybody is looked for
    kernel::Reply reply{};
    handler_.handle(request, reply);
    EXPECT_NE(reply.error, 0);
    EXPECT_EQ(missing(), "");
    EXPECT_EQ(missing_after_posture(), kAll);
}

TEST_F(UseHooks, StayWhileATaskIsASubjectAlsoOfASessionThatIsOver) {
    make_file("/tmp/use-hooks/a");
    policy(BAILIFF_VERDICT_ALLOW, {});
    int fd = -1;
    char byte = 0;
    const Act open = [&] { return (fd = ::open("/tmp/use-hooks/a", O_RDONLY)) < 0 ? errno : 0; };
    const Act read = [&] { return pread(fd, &byte, 1, 0) < 0 ? errno : 0; };
    const auto meanwhile = [&] {
        session(BAILIFF_SESSION_ENDED);
        EXPECT_EQ(missing_after_posture(), "");
    };
    EXPECT_EQ(bound_after(open, meanwhile, read), EPERM);
}

TEST_F(UseHooks, StayWhereAgentsCanAppear) {
    agent_uid(4711);
    EXPECT_EQ(missing_after_posture(), "");
}

TEST_F(UseHooks, AreAttachedBeforeTheFirstWayToTellAnAgentIsWritten) {
    EXPECT_EQ(missing_after_posture(), kAll);
    EXPECT_EQ(ask(kernel::Operation::kExpect, 1).error, 0);
    EXPECT_EQ(missing(), "");
    EXPECT_EQ(missing_after_posture(), "") << "they are about to be written";
    EXPECT_EQ(ask(kernel::Operation::kExpect, 0).error, 0);
    EXPECT_EQ(missing_after_posture(), kAll);
}

} // namespace
} // namespace bailiff::tests
