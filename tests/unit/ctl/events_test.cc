#include "ctl/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/records.h"

namespace bailiff::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Events, AVerdictIsARow) {
    EXPECT_THAT(event_row(denied_write()),
                ElementsAre("2026-11-24 02:03:04", "9G5FAV", "user:alice", "agent:fixer", "deny",
                            "write", "git 123", "/etc/passwd", "policy.yaml:41:0"));
    EXPECT_EQ(event_row(denied_write()).size(), event_header().size());
}

TEST(Events, ALifeCycleStepShowsItsKindAndMessage) {
    v1::Record record;
    record.set_kind("session.opened");
    record.set_message("opened");
    EXPECT_THAT(event_row(record),
                ElementsAre("-", "-", "-", "-", "session.opened", "-", "-", "opened", "-"));
}

TEST(Events, CollapsedRecordsSayHowMany) {
    v1::Record record = denied_write();
    record.set_count(12);
    EXPECT_THAT(event_row(record).back(), HasSubstr("(12 times)"));
}

TEST(Events, ColourIsOnlyThereWhereWanted) {
    const Row row = event_row(denied_write());
    EXPECT_THAT(event_line(row, Colour::kRed, true), HasSubstr("\x1b[31mdeny"));
    EXPECT_THAT(event_line(row, Colour::kRed, false), Not(HasSubstr("\x1b")));
}

TEST(Events, NoCellBreaksTheLine) {
    v1::Record record = denied_write();
    record.mutable_object()->set_path("/a\nb\x1b[31m");
    record.set_user("u\r");
    const std::string line = event_line(event_row(record), Colour::kNone, false);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    EXPECT_THAT(line, Not(HasSubstr("\r")));
}

} // namespace
} // namespace bailiff::ctl
