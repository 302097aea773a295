#include "ctl/undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kSession = "s-01J00000000000000000000000";

v1::Preserved removed(const std::string& action, const std::string& path) {
    v1::Preserved one;
    one.set_action(action);
    one.set_time("2026-11-24T02:03:04.005Z");
    one.set_session(kSession);
    one.set_path(path);
    one.set_loss("removed");
    one.set_mode(0100640);
    one.set_owner(0);
    one.set_size(12);
    return one;
}

PreservedList two() {
    PreservedList list;
    *list.Add() = removed("a1000000000000f7", "/srv/old\x1b[2J");
    *list.Add() = removed("b1000000000000f7", "/srv/new");
    list.Mutable(1)->set_mode(0120777);
    return list;
}

TEST(PreservedTable, SaysWhatWasLostAndEscapesWhatTheAgentChose) {
    EXPECT_EQ(
        preserved_table(two()),
        "ACTION            TIME                 LOSS     KIND           SIZE  PATH\n"
        "a1000000000000f7  2026-11-24 02:03:04  removed  regular file   12    /srv/old\\x1b[2J\n"
        "b1000000000000f7  2026-11-24 02:03:04  removed  symbolic link  12    /srv/new\n");
    EXPECT_EQ(preserved_table({}), "nothing is kept\n");
}

TEST(PreservedText, SaysAllInWords) {
    v1::Preserved one = removed("a1000000000000f7", "/srv/old\n");
    EXPECT_EQ(preserved_text(one),
              "action     a1000000000000f7\n"
              "path       /srv/old\\x0a\n"
              "kind       regular file\n"
              "size       12 bytes\n"
              "mode       0640\n"
              "owner      uid 0 (root)\n"
              "loss       its name was removed, or taken by another file\n"
              "kept       2026-11-24T02:03:04.005Z, as a copy\n"
              "session    s-01J00000000000000000000000\n");
    one.set_linked(true);
    one.clear_session();
    one.set_loss("changed");
    EXPECT_THAT(preserved_text(one), HasSubstr("by a hard link: no byte was copied\n"));
    EXPECT_THAT(preserved_text(one), HasSubstr("session    none\n"));
    EXPECT_THAT(preserved_text(one), HasSubstr("what it held was changed\n"));
}

TEST(PickPreserved, TakesTheFirstEightDigits) {
    EXPECT_EQ(pick_preserved(two(), "a1000000")->path(), "/srv/old\x1b[2J");
    EXPECT_EQ(pick_preserved(two(), "a100000").error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(pick_preserved(two(), "000000f7").error().code(), ErrorCode::kNotFound);
    PreservedList same = two();
    *same.Add() = removed("a1000000000000f8", "/srv/other");
    EXPECT_THAT(pick_preserved(same, "a1000000").error().message(), HasSubstr("more than one"));
}

class UndoProgram : public testing::Test, public Program {
protected:
    void SetUp() override {
        for (const char* letter : {"a", "b", "c", "d", "e"})
            service.preserved.push_back(
                removed(std::string(letter) + "1000000000000f7", std::string("/srv/") + letter));
        service.preserved[4].set_session("s-01J00000000000000000000001");
        server.start();
    }
    int run_with(std::vector<std::string> words) {
        words.insert(words.begin(), {"--socket", server.path(), "undo"});
        return run(std::move(words));
    }
    // First letters of the actions, batch by batch.
    std::vector<std::string> restored() {
        std::vector<std::string> batches;
        for (const auto& request : service.restores) {
            batches.emplace_back();
            for (const std::string& action : request.actions()) batches.back() += action[0];
        }
        return batches;
    }
    api::LiveServer server;
    api::FakeService& service = server.service;
};

TEST_F(UndoProgram, ListsAllPages) {
    EXPECT_EQ(run_with({"list"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("/srv/a\n"));
    EXPECT_THAT(out(), HasSubstr("/srv/e\n"));
    EXPECT_EQ(run_with({"list", "--session", kSession, "--json"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("\"path\":\"/srv/d\""));
    EXPECT_THAT(out(), testing::Not(HasSubstr("/srv/e")));
}

TEST_F(UndoProgram, ShowsOneByAPartOfItsAction) {
    EXPECT_EQ(run_with({"show", "d1000000"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("path       /srv/d\n"));
    EXPECT_EQ(run_with({"show", "d1000000000000f7", "--json"}), 0) << err();
    EXPECT_THAT(out(), HasSubstr("\"action\":\"d1000000000000f7\""));
    EXPECT_EQ(run_with({"show", "77777777"}), 1);
    EXPECT_THAT(err(), HasSubstr("bailiffctl undo list"));
}

TEST_F(UndoProgram, RestoresASessionsNewestFirst) {
    EXPECT_EQ(run_with({"restore", "--session", kSession}), 0) << err();
    EXPECT_EQ(out(), "4 restored, 0 not\n");
    EXPECT_THAT(restored(), ElementsAre("dcba"));
    EXPECT_FALSE(service.restores[0].replace());
}

TEST_F(UndoProgram, RestoresActionsNewestFirstHoweverTheyAreTyped) {
    EXPECT_EQ(run_with({"restore", "--replace", "--action", "a1000000", "c1000000", "--action",
                        "e1000000000000f7", "a1000000000000f7"}),
              0)
        << err();
    EXPECT_EQ(out(), "3 restored, 0 not\n");
    EXPECT_THAT(restored(), ElementsAre("eca"));
    EXPECT_TRUE(service.restores[0].replace());
}

TEST_F(UndoProgram, WhatIsNotRestoredIsToldWithWhy) {
    service.problems["b1000000000000f7"] = "something\nnewer stands there";
    EXPECT_EQ(run_with({"restore", "--session", kSession}), 1);
    EXPECT_EQ(out(),
              "/srv/b1000000000000f7: something\\x0anewer stands there\n"
              "3 restored, 1 not\n");
    EXPECT_EQ(run_with({"restore", "--session", kSession, "--json"}), 1);
    EXPECT_THAT(out(), HasSubstr("\"problem\":\"something\\nnewer stands there\""));
}

TEST_F(UndoProgram, RestoresInBatches) {
    service.preserved.clear();
    for (int i = 0; i < 600; i++) {
        const std::string digits = std::to_string(1000 + i);
        service.preserved.push_back(removed("000000000000" + digits, "/srv/" + digits));
    }
    EXPECT_EQ(run_with({"restore", "--session", kSession}), 0) << err();
    EXPECT_EQ(out(), "600 restored, 0 not\n");
    ASSERT_THAT(service.restores, SizeIs(3));
    EXPECT_EQ(service.restores[0].actions_size(), 256);
    EXPECT_EQ(service.restores[0].actions(0), "0000000000001599");
    EXPECT_EQ(service.restores[2].actions(87), "0000000000001000");
}

TEST_F(UndoProgram, WhatAnAnswerLacksIsAskedForAgain) {
    service.restored_at_once = 3;
    EXPECT_EQ(run_with({"restore", "--session", kSession}), 0) << err();
    EXPECT_EQ(out(), "4 restored, 0 not\n");
    EXPECT_THAT(restored(), ElementsAre("dcba", "a"));
    service.restored_at_once = 0;
    EXPECT_EQ(run_with({"restore", "--session", kSession}), 1);
    EXPECT_THAT(err(), HasSubstr("without an outcome"));
}

TEST_F(UndoProgram, WhereNothingIsKeptItSaysSo) {
    EXPECT_EQ(run_with({"restore", "--session", "s-01J00000000000000000000009"}), 1);
    EXPECT_THAT(err(), HasSubstr("nothing that you may see is kept of what session s-01J"));
    EXPECT_EQ(run_with({"restore", "--action", "77777777"}), 1);
    EXPECT_THAT(service.restores, SizeIs(0));
    service.preserved.clear();
    EXPECT_EQ(run_with({"list"}), 0);
    EXPECT_EQ(out(), "nothing is kept\n");
}

TEST_F(UndoProgram, RestoreWantsASessionOrActions) {
    EXPECT_EQ(run_with({"restore"}), 2);
    EXPECT_THAT(err(), HasSubstr("--session or --action"));
    EXPECT_EQ(run_with({"restore", "--session", kSession, "--action", "a1000000"}), 2);
    EXPECT_EQ(run_with({"show"}), 2);
    EXPECT_EQ(run_with({"show", "a1000000", "b1000000"}), 2);
}

} // namespace
} // namespace bailiff::ctl
