#include "api/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bailiff::api {
namespace {

using testing::HasSubstr;
using Owner = Admission::Owner;

class Admissions : public testing::Test {
protected:
    // How many more this owner gets, at most 1000.
    std::size_t fill(const Owner& owner) {
        std::size_t got = 0;
        for (; got < 1000 && admission.check(owner); ++got) admission.add(owner);
        return got;
    }

    ServerOptions limits;
    Admission admission{limits};
};

TEST_F(Admissions, ASubjectCannotLockOutItsAccount) {
    EXPECT_EQ(fill({1000, 7, false}), limits.max_connections_per_subject);
    EXPECT_EQ(fill({1000, 0, false}), limits.max_connections_per_uid);
}

TEST_F(Admissions, AnAgentWithoutASessionHasAnAccountsShareOfItsOwn) {
    EXPECT_EQ(fill({1000, 7, true}), limits.max_connections_per_uid);
    EXPECT_EQ(fill({1000, 0, false}), limits.max_connections_per_uid);
}

TEST_F(Admissions, AllSubjectsTogetherLeaveRoomForOthers) {
    std::size_t taken = 0;
    for (std::uint32_t slot = 1; slot < 1000; ++slot) taken += fill({1000 + slot, slot, false});
    EXPECT_EQ(taken, limits.max_connections_of_subjects);
    EXPECT_EQ(fill({5000, 0, false}), limits.max_connections_per_uid);
}

TEST_F(Admissions, AllAccountsTogetherLeaveRoomForRoot) {
    std::size_t taken = 0;
    for (uid_t uid = 1; uid < 1000; ++uid) taken += fill({uid, 0, false});
    EXPECT_EQ(taken, limits.max_connections - limits.reserved_for_root);
    EXPECT_EQ(fill({0, 7, false}), 0U) << "a session of root is not root";
    EXPECT_EQ(fill({0, 0, false}), limits.reserved_for_root);
}

TEST_F(Admissions, WhatIsClosedIsFree) {
    const Owner owner{1000, 7, false};
    (void)fill(owner);
    const Status refused = admission.check(owner);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    EXPECT_THAT(refused.error().message(), HasSubstr("a session of uid 1000 has 4 connections"));
    admission.remove(owner);
    EXPECT_EQ(fill(owner), 1U);
}

TEST_F(Admissions, WhomNobodyCanTellCountsAsASubjectExceptRoot) {
    const Result<Subjection> unknown = fail(ErrorCode::kUnavailable, "gone");
    EXPECT_EQ(fill(Admission::owner_of(1000, unknown)), limits.max_connections_per_subject);
    EXPECT_EQ(Admission::owner_of(0, unknown), (Owner{0, 0, false}));
    EXPECT_EQ(Admission::owner_of(1000, Subjection{7, true}), (Owner{1000, 7, true}));
}

} // namespace
} // namespace bailiff::api
