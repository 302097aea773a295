#include "decision/standing_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/support/manual_clock.h"

namespace bailiff::decision {
namespace {

using testing::HasSubstr;

class StandingAnswersTest : public testing::Test {
protected:
    // `name` in one folder, by an inode of its own.
    static Approval deletion(const std::string& name, std::uint64_t ino,
                             const std::string& command = "rm") {
        Approval approval;
        approval.id = "a" + name;
        bailiff_event& act = approval.act;
        act.subject = 3;
        act.subject_generation = 1;
        act.hook = BAILIFF_HOOK_INODE_UNLINK;
        act.right = BAILIFF_RIGHT_DELETE;
        act.dev = 8;
        act.ino = ino;
        act.generation = 77;
        act.text_length = static_cast<bailiff_u32>(name.size() + 1);
        std::memcpy(act.text, name.c_str(), name.size() + 1);
        approval.asked.mutable_process()->set_executable("/usr/bin/rm");
        approval.asked.mutable_process()->add_argv(command);
        return approval;
    }
    void add(const Approval& approval, Scope scope, std::uint32_t uses, std::uint32_t seconds = 0,
             bailiff_verdict verdict = BAILIFF_VERDICT_ALLOW) {
        ASSERT_TRUE(answers.add(approval, verdict, {scope, uses, seconds}, "uid 0 (root)", "why"));
    }
    void deny(const Approval& approval, Scope scope, std::uint32_t uses,
              std::uint32_t seconds = 0) {
        add(approval, scope, uses, seconds, BAILIFF_VERDICT_DENY);
    }
    tests::ManualClock clock;
    StandingAnswers answers{clock};
};

TEST_F(StandingAnswersTest, AFreeNameIsTheSameWhateverALinkThereWouldLeadTo) {
    const auto link = [this](const std::string& target) {
        using namespace std::string_literals;
        Approval approval = deletion("a", 0);
        const std::string text = "a\0srv\0\0"s + target + '\0';
        std::memcpy(approval.act.text, text.data(), text.size());
        approval.act.text_length = static_cast<bailiff_u32>(text.size());
        approval.act.hook = BAILIFF_HOOK_INODE_SYMLINK;
        return approval;
    };
    deny(link("/etc/passwd"), Scope::kObject, 9);
    deny(link("/etc/passwd"), Scope::kThis, 9);
    EXPECT_TRUE(answers.take(link("/etc/shadow")));
    Approval cut = link("/etc/shadow");
    cut.act.flags = BAILIFF_EVENT_TRUNCATED;
    EXPECT_FALSE(answers.take(cut));
}

TEST_F(StandingAnswersTest, AnAnswerForOnceLeavesNothing) {
    const auto once = complete({});
    ASSERT_TRUE(once);
    ASSERT_TRUE(answers.add(deletion("a", 1), BAILIFF_VERDICT_ALLOW, *once, "", ""));
    EXPECT_EQ(answers.count(), 0U);
    EXPECT_FALSE(answers.take(deletion("a", 1)));
}

TEST_F(StandingAnswersTest, IsGoodForSoManyUsesInAll) {
    add(deletion("a", 1), Scope::kThis, 3);
    const auto first = answers.take(deletion("a", 1));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->approval, "aa");
    EXPECT_EQ(first->by, "uid 0 (root)");
    EXPECT_TRUE(answers.take(deletion("a", 1)));
    EXPECT_FALSE(answers.take(deletion("a", 1)));
}

TEST_F(StandingAnswersTest, IsGoodForSoLong) {
    add(deletion("a", 1), Scope::kThis, 0, 60);
    for (int i = 0; i < 100; i++) EXPECT_TRUE(answers.take(deletion("a", 1)));
    clock.advance(60);
    EXPECT_FALSE(answers.take(deletion("a", 1)));
    EXPECT_EQ(answers.count(), 0U);
}

TEST_F(StandingAnswersTest, ThisIsTheActOfTheCommandWithAllItsNumbers) {
    add(deletion("a", 1), Scope::kThis, 9);
    EXPECT_FALSE(answers.take(deletion("a", 2)));
    EXPECT_FALSE(answers.take(deletion("b", 1)));
    EXPECT_FALSE(answers.take(deletion("a", 1, "shred")));
    Approval other = deletion("a", 1);
    other.act.generation++;
    EXPECT_FALSE(answers.take(other)) << "another inode with that number";
    other = deletion("a", 1);
    other.act.hook = BAILIFF_HOOK_INODE_RENAME;
    EXPECT_FALSE(answers.take(other));
    other = deletion("a", 1);
    other.act.address[3] = 1; // an owner or a size
    EXPECT_FALSE(answers.take(other));
    other = deletion("a", 1);
    other.act.port = 04777; // a mode
    EXPECT_FALSE(answers.take(other));
    other = deletion("a", 1);
    other.act.flags |= BAILIFF_EVENT_TRUNCATED;
    EXPECT_FALSE(answers.take(other)) << "nobody knows what its name is";
    other = deletion("a", 1);
    other.asked.mutable_process()->set_argv_truncated(true);
    EXPECT_FALSE(answers.take(other));
    EXPECT_TRUE(answers.take(deletion("a", 1)));
}

TEST_F(StandingAnswersTest, SameObjectIsTheInodeByAnyCommandAndName) {
    add(deletion("a", 1), Scope::kObject, 9);
    EXPECT_TRUE(answers.take(deletion("b", 1, "mv")));
    EXPECT_FALSE(answers.take(deletion("a", 2)));
    Approval other = deletion("a", 1);
    other.act.right = BAILIFF_RIGHT_WRITE;
    EXPECT_FALSE(answers.take(other));
}

TEST_F(StandingAnswersTest, ARenameOrALinkIsOnlyAnsweredWithBothItsNames) {
    add(deletion("a", 1), Scope::kClass, 9);
    add(deletion("a", 1), Scope::kObject, 9);
    Approval move = deletion("a", 1);
    move.act.hook = BAILIFF_HOOK_INODE_RENAME;
    EXPECT_FALSE(answers.take(move));
    move.act.hook = BAILIFF_HOOK_INODE_LINK;
    EXPECT_FALSE(answers.take(move));
    const Status kept = answers.add(move, BAILIFF_VERDICT_DENY, {Scope::kObject, 2, 0}, "", "");
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code(), ErrorCode::kInvalidArgument);
    add(move, Scope::kThis, 2);
    EXPECT_TRUE(answers.take(move));
}

TEST_F(StandingAnswersTest, OfAgentsWithoutASessionItIsForTheAccount) {
    add(deletion("a", 1), Scope::kClass, 9);
    Approval other = deletion("a", 1);
    other.act.uid = 1001;
    EXPECT_FALSE(answers.take(other));
    Approval in_session = deletion("a", 1);
    in_session.act.session = 5;
    add(in_session, Scope::kClass, 9);
    in_session.act.uid = 1001;
    EXPECT_TRUE(answers.take(in_session));
}

TEST_F(StandingAnswersTest, EndsWithItsSession) {
    Approval approval = deletion("a", 1);
    approval.asked.set_session("s-1");
    add(approval, Scope::kThis, 9);
    answers.forget_sessions([](const std::string& name) { return name != "s-1"; });
    EXPECT_EQ(answers.count(), 1U);
    answers.forget_sessions([](const std::string& name) { return name == "s-1"; });
    EXPECT_EQ(answers.count(), 0U);
}

TEST_F(StandingAnswersTest, OfANameThatIsFreeSameObjectIsTheName) {
    add(deletion("a", 0), Scope::kObject, 9);
    EXPECT_TRUE(answers.take(deletion("a", 0)));
    EXPECT_FALSE(answers.take(deletion("b", 0)));
}

TEST_F(StandingAnswersTest, SameClassIsTheRightInThatSession) {
    add(deletion("a", 1), Scope::kClass, 9);
    EXPECT_TRUE(answers.take(deletion("b", 2, "python3")));
    Approval other = deletion("b", 2);
    other.act.right = BAILIFF_RIGHT_METADATA;
    EXPECT_FALSE(answers.take(other));
    other = deletion("a", 1);
    other.act.subject_generation++;
    EXPECT_FALSE(answers.take(other)) << "the next session in the slot";
    other = deletion("a", 1);
    other.act.subject++;
    EXPECT_FALSE(answers.take(other));
}

TEST_F(StandingAnswersTest, AnAddressIsOneWithItsPort) {
    Approval connection = deletion("", 0);
    connection.act.dev = 0;
    connection.act.port = 443;
    connection.act.right = BAILIFF_RIGHT_CONNECT;
    add(connection, Scope::kObject, 9);
    EXPECT_TRUE(answers.take(connection));
    connection.act.port = 80;
    EXPECT_FALSE(answers.take(connection));
}

TEST_F(StandingAnswersTest, AreNotWithoutEndInNumberOrTime) {
    for (int i = 0; i < 1024; i++)
        add(deletion("a", static_cast<std::uint64_t>(i)), Scope::kThis, 2);
    const Status full =
        answers.add(deletion("b", 1), BAILIFF_VERDICT_ALLOW, {Scope::kThis, 2, 0}, "", "");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_FALSE(complete({Scope::kClass, 0, 0})) << "a scope and no end";
    EXPECT_FALSE(complete({Scope::kThis, 0, 86'401}));
    EXPECT_FALSE(complete({Scope::kThis, 10'001, 0}));
    EXPECT_EQ(complete({})->uses, 1U);
    EXPECT_EQ(complete({Scope::kThis, 0, 60})->uses, 0U);
}

TEST_F(StandingAnswersTest, ADenialIsTakenLikeAnApproval) {
    deny(deletion("a", 1), Scope::kThis, 3);
    const auto first = answers.take(deletion("a", 1));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->verdict, BAILIFF_VERDICT_DENY);
    EXPECT_FALSE(answers.take(deletion("b", 1)));
    EXPECT_TRUE(answers.take(deletion("a", 1)));
    EXPECT_FALSE(answers.take(deletion("a", 1)));
}

TEST_F(StandingAnswersTest, ADenialComesBeforeAnApprovalAndSpendsNoneOfItsUses) {
    add(deletion("a", 1), Scope::kClass, 2);
    deny(deletion("b", 2), Scope::kObject, 2);
    EXPECT_EQ(answers.take(deletion("b", 2))->verdict, BAILIFF_VERDICT_DENY);
    const auto after = answers.take(deletion("b", 2));
    ASSERT_TRUE(after) << "the denial is used up, the approval is not";
    EXPECT_EQ(after->verdict, BAILIFF_VERDICT_ALLOW);
}

TEST_F(StandingAnswersTest, AnApprovalStandsWhereADenialDoesNotCoverTheAct) {
    deny(deletion("b", 2), Scope::kObject, 9);
    add(deletion("a", 1), Scope::kObject, 9);
    EXPECT_EQ(answers.take(deletion("a", 1))->verdict, BAILIFF_VERDICT_ALLOW);
}

TEST_F(StandingAnswersTest, AreListedTheOldestFirstWithWhatIsLeftOfThem) {
    add(deletion("a", 1), Scope::kThis, 3);
    clock.advance(5);
    deny(deletion("b", 2), Scope::kClass, 0, 60);
    ASSERT_EQ(answers.list().size(), 2U);
    const StandingAnswer& first = answers.list()[0];
    EXPECT_EQ(first.approval, "aa");
    EXPECT_EQ(first.uses_left, 2U);
    EXPECT_EQ(first.until, 0U);
    EXPECT_EQ(first.given, clock.unix_nanos() - 5'000'000'000);
    EXPECT_EQ(first.reason, "why");
    EXPECT_EQ(first.asked.process().executable(), "/usr/bin/rm");
    EXPECT_EQ(answers.list()[1].until, clock.boot_nanos() + 60'000'000'000);
}

TEST_F(StandingAnswersTest, WhatIsUsedUpOrOverIsNotListed) {
    add(deletion("a", 1), Scope::kThis, 2);
    add(deletion("b", 2), Scope::kThis, 0, 60);
    EXPECT_TRUE(answers.take(deletion("a", 1)));
    ASSERT_EQ(answers.list().size(), 1U);
    clock.advance(60);
    EXPECT_TRUE(answers.list().empty());
}

TEST_F(StandingAnswersTest, WhatIsUsedUpOrOverIsNotFound) {
    add(deletion("a", 1), Scope::kThis, 2);
    add(deletion("b", 2), Scope::kThis, 0, 60);
    ASSERT_NE(answers.find("aa"), nullptr);
    EXPECT_TRUE(answers.take(deletion("a", 1)));
    EXPECT_EQ(answers.find("aa"), nullptr);
    ASSERT_NE(answers.find("ab"), nullptr);
    clock.advance(60);
    EXPECT_EQ(answers.find("ab"), nullptr);
}

TEST_F(StandingAnswersTest, OneThatIsWithdrawnCoversNothingAndLeavesTheOthers) {
    add(deletion("a", 1), Scope::kThis, 9);
    add(deletion("b", 2), Scope::kThis, 9);
    answers.withdraw("aa");
    EXPECT_EQ(answers.find("aa"), nullptr);
    EXPECT_FALSE(answers.take(deletion("a", 1)));
    EXPECT_TRUE(answers.take(deletion("b", 2)));
}

TEST(AnswerTerms, AreWordsForTheJournal) {
    EXPECT_EQ(terms_text({Scope::kThis, 1, 0}), "");
    EXPECT_EQ(terms_text({Scope::kObject, 3, 600}), "3 uses, 600 s, same-object");
    EXPECT_EQ(terms_text({Scope::kThis, 0, 60}), "any number of uses, 60 s, this");
}

TEST(AnswerScope, HasTheNamesOfTheManual) {
    EXPECT_EQ(*parse_scope(""), Scope::kThis);
    EXPECT_EQ(*parse_scope("same-object"), Scope::kObject);
    EXPECT_EQ(scope_name(Scope::kClass), "same-class-this-session");
    EXPECT_THAT(parse_scope("all").error().message(), HasSubstr("expected this, same-object"));
}

} // namespace
} // namespace bailiff::decision
