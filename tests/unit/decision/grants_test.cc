#include "decision/grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/support/manual_clock.h"

namespace bailiff::decision {
namespace {

using testing::HasSubstr;

class GrantsTest : public testing::Test {
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
    void add(const Approval& approval, Scope scope, std::uint32_t uses, std::uint32_t seconds = 0) {
        ASSERT_TRUE(grants.add(approval, {scope, uses, seconds}, "uid 0 (root)", "why"));
    }
    tests::ManualClock clock;
    Grants grants{clock};
};

TEST_F(GrantsTest, AnApprovalForOnceLeavesNothing) {
    const auto once = complete({});
    ASSERT_TRUE(once);
    ASSERT_TRUE(grants.add(deletion("a", 1), *once, "", ""));
    EXPECT_EQ(grants.count(), 0U);
    EXPECT_FALSE(grants.take(deletion("a", 1)));
}

TEST_F(GrantsTest, IsGoodForSoManyUsesInAll) {
    add(deletion("a", 1), Scope::kThis, 3);
    const auto first = grants.take(deletion("a", 1));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->approval, "aa");
    EXPECT_EQ(first->by, "uid 0 (root)");
    EXPECT_TRUE(grants.take(deletion("a", 1)));
    EXPECT_FALSE(grants.take(deletion("a", 1)));
}

TEST_F(GrantsTest, IsGoodForSoLong) {
    add(deletion("a", 1), Scope::kThis, 0, 60);
    for (int i = 0; i < 100; i++) EXPECT_TRUE(grants.take(deletion("a", 1)));
    clock.advance(60);
    EXPECT_FALSE(grants.take(deletion("a", 1)));
    EXPECT_EQ(grants.count(), 0U);
}

TEST_F(GrantsTest, ThisIsTheActOfTheCommandWithAllItsNumbers) {
    add(deletion("a", 1), Scope::kThis, 9);
    EXPECT_FALSE(grants.take(deletion("a", 2)));
    EXPECT_FALSE(grants.take(deletion("b", 1)));
    EXPECT_FALSE(grants.take(deletion("a", 1, "shred")));
    Approval other = deletion("a", 1);
    other.act.generation++;
    EXPECT_FALSE(grants.take(other)) << "another inode with that number";
    other = deletion("a", 1);
    other.act.hook = BAILIFF_HOOK_INODE_RENAME;
    EXPECT_FALSE(grants.take(other));
    other = deletion("a", 1);
    other.act.address[3] = 1; // an owner or a size
    EXPECT_FALSE(grants.take(other));
    other = deletion("a", 1);
    other.act.port = 04777; // a mode
    EXPECT_FALSE(grants.take(other));
    other = deletion("a", 1);
    other.act.flags |= BAILIFF_EVENT_TRUNCATED;
    EXPECT_FALSE(grants.take(other)) << "nobody knows what its name is";
    other = deletion("a", 1);
    other.asked.mutable_process()->set_argv_truncated(true);
    EXPECT_FALSE(grants.take(other));
    EXPECT_TRUE(grants.take(deletion("a", 1)));
}

TEST_F(GrantsTest, SameObjectIsTheInodeByAnyCommandAndName) {
    add(deletion("a", 1), Scope::kObject, 9);
    EXPECT_TRUE(grants.take(deletion("b", 1, "mv")));
    EXPECT_FALSE(grants.take(deletion("a", 2)));
    Approval other = deletion("a", 1);
    other.act.right = BAILIFF_RIGHT_WRITE;
    EXPECT_FALSE(grants.take(other));
}

TEST_F(GrantsTest, ARenameOrALinkIsOnlyApprovedWithBothItsNames) {
    add(deletion("a", 1), Scope::kClass, 9);
    add(deletion("a", 1), Scope::kObject, 9);
    Approval move = deletion("a", 1);
    move.act.hook = BAILIFF_HOOK_INODE_RENAME;
    EXPECT_FALSE(grants.take(move));
    move.act.hook = BAILIFF_HOOK_INODE_LINK;
    EXPECT_FALSE(grants.take(move));
    const Status kept = grants.add(move, {Scope::kObject, 2, 0}, "", "");
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code(), ErrorCode::kInvalidArgument);
    add(move, Scope::kThis, 2);
    EXPECT_TRUE(grants.take(move));
}

TEST_F(GrantsTest, OfAgentsWithoutASessionItIsForTheAccount) {
    add(deletion("a", 1), Scope::kClass, 9);
    Approval other = deletion("a", 1);
    other.act.uid = 1001;
    EXPECT_FALSE(grants.take(other));
    Approval in_session = deletion("a", 1);
    in_session.act.session = 5;
    add(in_session, Scope::kClass, 9);
    in_session.act.uid = 1001;
    EXPECT_TRUE(grants.take(in_session));
}

TEST_F(GrantsTest, EndsWithItsSession) {
    Approval approval = deletion("a", 1);
    approval.asked.set_session("s-1");
    add(approval, Scope::kThis, 9);
    grants.forget_sessions([](const std::string& name) { return name != "s-1"; });
    EXPECT_EQ(grants.count(), 1U);
    grants.forget_sessions([](const std::string& name) { return name == "s-1"; });
    EXPECT_EQ(grants.count(), 0U);
}

TEST_F(GrantsTest, OfANameThatIsFreeSameObjectIsTheName) {
    add(deletion("a", 0), Scope::kObject, 9);
    EXPECT_TRUE(grants.take(deletion("a", 0)));
    EXPECT_FALSE(grants.take(deletion("b", 0)));
}

TEST_F(GrantsTest, SameClassIsTheRightInThatSession) {
    add(deletion("a", 1), Scope::kClass, 9);
    EXPECT_TRUE(grants.take(deletion("b", 2, "python3")));
    Approval other = deletion("b", 2);
    other.act.right = BAILIFF_RIGHT_METADATA;
    EXPECT_FALSE(grants.take(other));
    other = deletion("a", 1);
    other.act.subject_generation++;
    EXPECT_FALSE(grants.take(other)) << "the next session in the slot";
    other = deletion("a", 1);
    other.act.subject++;
    EXPECT_FALSE(grants.take(other));
}

TEST_F(GrantsTest, AnAddressIsOneWithItsPort) {
    Approval connection = deletion("", 0);
    connection.act.dev = 0;
    connection.act.port = 443;
    connection.act.right = BAILIFF_RIGHT_CONNECT;
    add(connection, Scope::kObject, 9);
    EXPECT_TRUE(grants.take(connection));
    connection.act.port = 80;
    EXPECT_FALSE(grants.take(connection));
}

TEST_F(GrantsTest, AreNotWithoutEndInNumberOrTime) {
    for (int i = 0; i < 1024; i++)
        add(deletion("a", static_cast<std::uint64_t>(i)), Scope::kThis, 2);
    const Status full = grants.add(deletion("b", 1), {Scope::kThis, 2, 0}, "", "");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_FALSE(complete({Scope::kClass, 0, 0})) << "a scope and no end";
    EXPECT_FALSE(complete({Scope::kThis, 0, 86'401}));
    EXPECT_FALSE(complete({Scope::kThis, 10'001, 0}));
    EXPECT_EQ(complete({})->uses, 1U);
    EXPECT_EQ(complete({Scope::kThis, 0, 60})->uses, 0U);
}

TEST(GrantScope, HasTheNamesOfTheManual) {
    EXPECT_EQ(*parse_scope(""), Scope::kThis);
    EXPECT_EQ(*parse_scope("same-object"), Scope::kObject);
    EXPECT_EQ(scope_name(Scope::kClass), "same-class-this-session");
    EXPECT_THAT(parse_scope("all").error().message(), HasSubstr("expected this, same-object"));
}

} // namespace
} // namespace bailiff::decision
