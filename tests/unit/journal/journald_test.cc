#include "journal/journald.h"

#include <gmock/gmock.h>

#include <map>

#include "journal/describe.h"
#include "tests/unit/journal/records.h"

namespace bailiff::journal {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using tests::denial;

std::string priority(const v1::Record& record) {
    for (const auto& [name, value] : journald_fields(record))
        if (name == "PRIORITY") return value;
    return {};
}

v1::Record of_kind(const std::string& kind) {
    v1::Record record;
    record.set_kind(kind);
    return record;
}

TEST(Journald, HasAFieldForEachFactOfADenial) {
    const JournaldFields expected = {
        {"MESSAGE", one_line(denial())},
        {"PRIORITY", "4"},
        {"SYSLOG_IDENTIFIER", "bailiffd"},
        {"BAILIFF_KIND", "verdict"},
        {"BAILIFF_SESSION", "s-1"},
        {"BAILIFF_USER", "alice"},
        {"BAILIFF_ACTOR", "agent:code-fixer <- svc:orchestrator"},
        {"BAILIFF_TASK", "T-1"},
        {"BAILIFF_VERDICT", "deny"},
        {"BAILIFF_HOOK", "file_open"},
        {"BAILIFF_RIGHT", "write"},
        {"BAILIFF_OBJECT", "/etc/passwd"},
        {"BAILIFF_RULE", "/etc/bailiff/policy.yaml:12:5"},
        {"BAILIFF_PID", "41"},
        {"BAILIFF_EXE", "/usr/bin/python3"},
        {"BAILIFF_REASON", "rule"},
    };
    EXPECT_EQ(journald_fields(denial()), expected);
}

TEST(Journald, LeavesOutWhatTheRecordDoesNotKnow) {
    const auto fields = journald_fields(of_kind("daemon.started"));
    EXPECT_THAT(fields, Not(Contains(Key("BAILIFF_PID"))));
    EXPECT_THAT(fields, Not(Contains(Key("BAILIFF_OBJECT"))));
}

TEST(Journald, KeepsTheMessageOnOneLineWhateverAFileIsCalled) {
    for (const auto& [name, value] : journald_fields(denial("/tmp/a\nPRIORITY=7\x1b[2J"))) {
        if (name != "MESSAGE") continue;
        EXPECT_THAT(value, Not(HasSubstr("\n")));
        EXPECT_THAT(value, Not(HasSubstr("\x1b")));
    }
}

TEST(Journald, GivesTheExecutableAsRecorded) {
    v1::Record record = denial();
    record.mutable_process()->set_executable("/tmp/a\nb");
    EXPECT_THAT(journald_fields(record), Contains(Pair("BAILIFF_EXE", "/tmp/a\nb")));
}

TEST(Journald, WarnsOfADenial) {
    EXPECT_EQ(priority(denial()), "4");
}

TEST(Journald, WarnsOfWhatWouldHaveBeenDenied) {
    v1::Record record = tests::observation();
    record.set_would_deny(true);
    EXPECT_EQ(priority(record), "4");
}

TEST(Journald, WarnsOfARefusedSession) {
    EXPECT_EQ(priority(of_kind("session.refused")), "4");
}

TEST(Journald, NotesTheLifeCycle) {
    for (const char* kind :
         {"session.opened", "session.revoked", "policy.loaded", "daemon.stopped"})
        EXPECT_EQ(priority(of_kind(kind)), "5") << kind;
}

TEST(Journald, RaisesAGapToAnError) {
    EXPECT_EQ(priority(of_kind("gap")), "3");
}

TEST(Journald, RaisesAPostureToAnErrorUnlessItIsEnforcing) {
    v1::Record record = of_kind("posture");
    EXPECT_EQ(priority(record), "3");
    record.set_reason("enforcing");
    EXPECT_EQ(priority(record), "5");
}

TEST(Journald, InformsOfAnObservation) {
    EXPECT_EQ(priority(tests::observation()), "6");
}

} // namespace
} // namespace bailiff::journal
