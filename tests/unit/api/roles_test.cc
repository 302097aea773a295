#include "api/roles.h"

#include <gtest/gtest.h>

namespace bailiff::api {
namespace {

// An account and a group that every Linux system has, and numbers that none has.
constexpr uid_t kDaemonUid = 1;
constexpr gid_t kDaemonGid = 1;
constexpr uid_t kNobodysUid = 3'999'999'999;
constexpr gid_t kNobodysGid = 3'999'999'999;

TEST(Roles, RootHasAll) {
    const RoleSet roles = Roles(RoleGroups{}).roles_of(0, 0);
    for (Role role : kAllRoles) EXPECT_TRUE(roles.has(role)) << role_name(role);
}

TEST(Roles, NoGroupsMeanNoRoles) {
    EXPECT_TRUE(Roles().roles_of(kDaemonUid, kDaemonGid).empty());
}

TEST(Roles, AStarMeansEveryAccountEvenOneWithoutAName) {
    const Roles roles(RoleGroups{{"*"}, {}, {}, {}});
    EXPECT_EQ(roles.roles_of(kNobodysUid, kNobodysGid), RoleSet{Role::kUser});
}

TEST(Roles, AGroupGivesItsRoleToItsMembersOnly) {
    const Roles roles(RoleGroups{{}, {}, {"daemon"}, {"no-such-group"}});
    EXPECT_EQ(roles.roles_of(kDaemonUid, kDaemonGid), RoleSet{Role::kAuditor});
    EXPECT_TRUE(roles.roles_of(kNobodysUid, kNobodysGid).empty());
}

TEST(Roles, TheGroupOfTheConnectionCounts) {
    const Roles roles(RoleGroups{{"daemon"}, {}, {}, {}});
    EXPECT_EQ(roles.roles_of(kNobodysUid, kDaemonGid), RoleSet{Role::kUser});
}

TEST(Roles, ASetNamesItsRoles) {
    EXPECT_EQ((RoleSet{Role::kOperator, Role::kUser}).text(), "user, operator");
    EXPECT_EQ(RoleSet{}.text(), "");
}

} // namespace
} // namespace bailiff::api
