// Sessions: who is a subject, for how long, and that nothing depends on a living daemon.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

class Session : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        make_file(allowed_);
        policy(BAILIFF_VERDICT_ALLOW, {});
    }
    const std::string allowed_ = "/tmp/session/a";
};

TEST_F(Session, AnActiveSessionIsAllowed) {
    expect_allowed(open_file(allowed_, O_RDONLY));
}

TEST_F(Session, AnEndedSessionIsDenied) {
    session(BAILIFF_SESSION_ENDED);
    expect_denied(open_file(allowed_, O_RDONLY));
}

TEST_F(Session, ARevokedSessionIsDeniedAtItsNextCall) {
    EXPECT_EQ(bound_after(
                  open_file(allowed_, O_RDONLY), [this] { session(BAILIFF_SESSION_REVOKED); },
                  open_file(allowed_, O_RDONLY)),
              EPERM);
    EXPECT_EQ(verdicts().back().reason, BAILIFF_REASON_REVOKED);
}

TEST_F(Session, AnExpiredSessionIsDenied) {
    session(BAILIFF_SESSION_ACTIVE, now());
    expect_denied(open_file(allowed_, O_RDONLY));
    EXPECT_EQ(verdicts().front().reason, BAILIFF_REASON_EXPIRED);
}

TEST_F(Session, AnExpiredSessionCannotForkConnectOrExec) {
    session(BAILIFF_SESSION_ACTIVE, now());
    expect_denied(in_grandchild([] { return 0; }));
    expect_denied(connect_udp("127.0.0.1", 9));
    expect_denied(execute("/bin/true"));
}

TEST_F(Session, ExpiryComesWithTheProgramsAlone) {
    session(BAILIFF_SESSION_ACTIVE, now() + 60'000'000'000ULL);
    EXPECT_EQ(
        bound_after(
            open_file(allowed_, O_RDONLY), [this] { session(BAILIFF_SESSION_ACTIVE, now() + 1); },
            open_file(allowed_, O_RDONLY)),
        EPERM);
}

TEST_F(Session, ADoubleForkedChildOfItsOwnSessionIsStillTheSubjects) {
    policy(BAILIFF_VERDICT_ALLOW, {{allowed_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    expect_denied(in_grandchild(open_file(allowed_, O_RDONLY)));
}

TEST_F(Session, AThreadIsTheSubjects) {
    policy(BAILIFF_VERDICT_ALLOW, {{allowed_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    expect_denied(in_thread(open_file(allowed_, O_RDONLY)));
}

// What is left of a session is never taken for a part of the one that has its slot now.
TEST_F(Session, ATaskWhoseSessionsSlotIsAnothersIsDeniedAndToldApart) {
    EXPECT_EQ(bound_after(
                  open_file(allowed_, O_RDONLY), [this] { reuse_session_slot(); },
                  open_file(allowed_, O_RDONLY)),
              EPERM);
    const bailiff_event denied = verdicts().back();
    EXPECT_EQ(denied.reason, BAILIFF_REASON_STALE);
    EXPECT_EQ(denied.session, kSessionSlot);
    EXPECT_EQ(denied.session_epoch, 0U) << "that of its own session";
}

TEST_F(Session, ATaskWhoseSubjectsSlotIsAnothersIsDeniedAndOfNoSession) {
    EXPECT_EQ(bound_after(
                  open_file(allowed_, O_RDONLY), [this] { reuse_subject_slot(); },
                  open_file(allowed_, O_RDONLY)),
              EPERM);
    const bailiff_event denied = verdicts().back();
    EXPECT_EQ(denied.reason, BAILIFF_REASON_STALE);
    EXPECT_EQ(denied.session, 0U);
    EXPECT_EQ(denied.subject_generation, 1U) << "its own, and not the slot's";
}

TEST_F(Session, AnExecIsRecordedWithItsArguments) {
    EXPECT_EQ(bound([] {
                  execl("/bin/echo", "echo", "one", "two words", nullptr);
                  return errno;
              }),
              0);
    bool seen = false;
    for (const bailiff_event& event : events()) {
        if (event.kind != BAILIFF_EVENT_EXEC) continue;
        seen = true;
        EXPECT_EQ(std::string(event.text, event.text_length),
                  std::string("/bin/echo\0echo\0one\0two words\0", 29));
    }
    EXPECT_TRUE(seen);
}

TEST_F(Session, AnExecutableOutsideTheRulesDoesNotStart) {
    policy(BAILIFF_VERDICT_ALLOW, {{"/usr/bin/true", {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_DENY}});
    expect_denied(execute("/usr/bin/true"));
}

} // namespace
} // namespace bailiff::tests
