#include "ctl/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/ctl/program.h"
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

TEST(Events, WhatARenameMakesOrReplacesIsToldFromACreation) {
    v1::Record record = denied_write();
    record.set_right("create");
    record.set_hook("inode_create");
    EXPECT_EQ(event_row(record)[5], "create");
    record.set_hook("inode_rename");
    EXPECT_EQ(event_row(record)[5], "create by rename");
    record.set_right("rename");
    EXPECT_EQ(event_row(record)[5], "rename");
}

TEST(Events, AChainOfTwoActorsFitsItsColumn) {
    v1::Record record = denied_write();
    record.clear_actors();
    record.add_actors()->set_subject("agent:code-fixer");
    record.add_actors()->set_subject("svc:orchestrator");
    const std::string row = event_line(event_row(record), Colour::kNone, false);
    const std::string header = event_line(event_header(), Colour::kNone, false);
    EXPECT_EQ(row.find("deny"), header.find("VERDICT"));
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

class EventsOfAServer : public testing::Test {
protected:
    // `bailiffctl events` with these words.
    int run(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", live.path(), "events"});
        return program.run(std::move(words));
    }
    api::LiveServer live;
    Program program;
};

TEST_F(EventsOfAServer, AnErrorHasNoTableAboveIt) {
    live.service.on_read = [](const v1::ReadEventsRequest&) -> Result<v1::ReadEventsResponse> {
        return fail(ErrorCode::kPermissionDenied, "not for you");
    };
    ASSERT_TRUE(live.start());
    EXPECT_EQ(run({}), 1);
    EXPECT_EQ(program.out(), "");
    EXPECT_EQ(program.err(), "bailiffctl: not for you\n");
}

TEST_F(EventsOfAServer, FollowingGoesOnWhereItWasWhenTheDaemonRestarts) {
    std::vector<std::uint64_t> asked;
    live.service.on_read =
        [&asked](const v1::ReadEventsRequest& request) -> Result<v1::ReadEventsResponse> {
        asked.push_back(request.after());
        v1::ReadEventsResponse response;
        if (asked.size() == 2 || asked.size() == 3)
            return fail(ErrorCode::kUnavailable, "it restarts");
        if (asked.size() == 5) return fail(ErrorCode::kInternal, "enough");
        *response.add_records() = denied_write();
        response.set_next(10 * asked.size());
        return response;
    };
    ASSERT_TRUE(live.start());
    EXPECT_EQ(run({"--follow"}), 1);
    EXPECT_THAT(asked, ElementsAre(0U, 10U, 10U, 10U, 40U));
    EXPECT_EQ(program.err(), "bailiffctl: waiting for bailiffd: it restarts\nbailiffctl: enough\n");
    const std::string out = program.out();
    EXPECT_EQ(out.find("VERDICT"), out.rfind("VERDICT"));
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3);
}

TEST_F(EventsOfAServer, WithoutADaemonFollowingDoesNotBegin) {
    live.service.on_read = [](const v1::ReadEventsRequest&) -> Result<v1::ReadEventsResponse> {
        return fail(ErrorCode::kUnavailable, "nobody is there");
    };
    ASSERT_TRUE(live.start());
    EXPECT_EQ(run({"--follow"}), 1);
    EXPECT_EQ(program.err(), "bailiffctl: nobody is there\n");
}

} // namespace
} // namespace bailiff::ctl
