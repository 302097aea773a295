// Who may see and restore what was kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using api::Role;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::kAlicesUid;
using tests::kBobsUid;

class Undo : public testing::Test, public tests::Host {
protected:
    // Three of Alice's session, then one of Bob's agent, which has none.
    void SetUp() override {
        session = session_of_alice();
        for (std::uint64_t action = 1; action <= 3; action++) keep(action, session, kAlicesUid);
        keep(4, "", kBobsUid);
    }
    void keep(std::uint64_t action, const std::string& of, uid_t account) {
        undo::Entry entry;
        entry.action = action;
        entry.time = static_cast<std::int64_t>(port.preserved.size() + 1);
        entry.session = of;
        entry.account = account;
        entry.path = "/srv/" + std::to_string(action);
        port.preserved[entry.time] = entry;
    }
    // The actions, of all answers.
    std::vector<std::uint64_t> listed(uid_t uid, api::RoleSet roles,
                                      v1::ListPreservedRequest request = {}) {
        std::vector<std::uint64_t> found;
        do {
            const auto answer = service->list_preserved(caller(uid, roles), request);
            EXPECT_TRUE(answer) << (answer ? "" : answer.error().message());
            if (!answer) break;
            for (const v1::Preserved& one : answer->preserved())
                found.push_back(std::stoull(one.action(), nullptr, 16));
            request.set_after(answer->next());
        } while (!request.after().empty());
        return found;
    }
    Result<v1::RestorePreservedResponse> restore(uid_t uid, api::RoleSet roles,
                                                 const std::vector<std::uint64_t>& actions,
                                                 bool replace = false) {
        v1::RestorePreservedRequest request;
        for (const std::uint64_t action : actions) request.add_actions(approval_id(action));
        request.set_replace(replace);
        return service->restore_preserved(caller(uid, roles), request);
    }
    std::vector<v1::Record> journalled() { return journal.read({})->records; }

    std::string session;
};

TEST_F(Undo, EachSeesItsOwnAndAnAuditorAll) {
    EXPECT_THAT(listed(kAlicesUid, {Role::kUser}), ElementsAre(1, 2, 3));
    EXPECT_THAT(listed(kBobsUid, {Role::kUser}), ElementsAre(4));
    EXPECT_THAT(listed(61003, {Role::kUser, Role::kApprover}), IsEmpty());
    for (const Role role : {Role::kAuditor, Role::kOperator})
        EXPECT_THAT(listed(61003, {role}), ElementsAre(1, 2, 3, 4));
}

TEST_F(Undo, AnEntryIsToldWithAllThatIsKnown) {
    undo::Entry entry;
    entry.action = 10;
    entry.time = 5'000'000'000;
    entry.loss = undo::Loss::kChanged;
    entry.session = session;
    entry.account = kAlicesUid;
    entry.path = "/srv/a\xff";
    entry.mode = 0100640;
    entry.owner = 1001;
    entry.size = 12;
    entry.linked = true;
    port.preserved = {{entry.time, entry}};
    const auto answer = service->list_preserved(caller(kAlicesUid), {});
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->preserved_size(), 1);
    const v1::Preserved& one = answer->preserved(0);
    EXPECT_EQ(one.action(), "000000000000000a");
    EXPECT_EQ(one.time(), "1970-01-01T00:00:05.000Z");
    EXPECT_EQ(one.session(), session);
    EXPECT_EQ(one.path(), "/srv/a\\xff");
    EXPECT_EQ(one.loss(), "changed");
    EXPECT_EQ(one.mode(), 0100640U);
    EXPECT_EQ(one.owner(), 1001U);
    EXPECT_EQ(one.size(), 12U);
    EXPECT_TRUE(one.linked());
}

TEST_F(Undo, AListCanBeOfOneSessionOrOneAction) {
    v1::ListPreservedRequest request;
    request.set_session(session);
    EXPECT_THAT(listed(61003, {Role::kAuditor}, request), ElementsAre(1, 2, 3));
    request.set_action(approval_id(2));
    EXPECT_THAT(listed(61003, {Role::kAuditor}, request), ElementsAre(2));
    request.set_session("s-0");
    EXPECT_THAT(listed(61003, {Role::kAuditor}, request), IsEmpty());
}

TEST_F(Undo, ALongListComesInParts) {
    port.preserved.clear();
    for (std::uint64_t action = 1; action <= 501; action++) keep(action, session, kAlicesUid);
    const auto first = service->list_preserved(caller(kAlicesUid), {});
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->next().empty());
    EXPECT_LE(first->preserved_size(), 500);
    EXPECT_EQ(listed(kAlicesUid, {Role::kUser}).size(), 501U);
}

TEST_F(Undo, AnAfterThatNoAnswerGaveIsRefused) {
    v1::ListPreservedRequest request;
    for (const char* after : {"x", "1x", " 1"}) {
        request.set_after(after);
        const auto answer = service->list_preserved(caller(kAlicesUid), request);
        ASSERT_FALSE(answer) << after;
        EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
    }
}

TEST_F(Undo, WithoutTheKernelSideThereIsNoAnswer) {
    port.fail_every("kept");
    port.fail_every("find_kept");
    EXPECT_FALSE(service->list_preserved(caller(kAlicesUid), {}));
    EXPECT_FALSE(restore(kAlicesUid, {Role::kUser}, {1}));
}

TEST_F(Undo, OnesOwnIsRestoredInTheOrderGivenAndRecorded) {
    const auto done = restore(kAlicesUid, {Role::kUser}, {3, 1}, true);
    ASSERT_TRUE(done) << done.error().message();
    ASSERT_EQ(done->outcomes_size(), 2);
    EXPECT_EQ(done->outcomes(0).action(), approval_id(3));
    EXPECT_EQ(done->outcomes(0).path(), "/srv/3");
    EXPECT_EQ(done->outcomes(0).problem(), "");
    EXPECT_EQ(done->outcomes(1).path(), "/srv/1");
    EXPECT_THAT(listed(kAlicesUid, {Role::kUser}), ElementsAre(2));
    ASSERT_EQ(port.restorings.size(), 2U);
    EXPECT_TRUE(port.restorings[0].replace);
    const auto records = journalled();
    ASSERT_EQ(records.size(), 2U);
    const v1::Record& first = records[0];
    EXPECT_EQ(first.kind(), "undo.restored");
    EXPECT_EQ(first.session(), session);
    EXPECT_EQ(first.user(), "user:alice");
    EXPECT_EQ(first.approval(), approval_id(3));
    EXPECT_EQ(first.object().path(), "/srv/3");
    EXPECT_THAT(first.by(), HasSubstr("uid 61001"));
    EXPECT_EQ(first.verdict(), "");
    EXPECT_EQ(first.message(), "/srv/3 is as it was before it was removed");
    EXPECT_EQ(records[1].object().path(), "/srv/1");
}

TEST_F(Undo, WhatWasNotRestoredIsRecordedWithWhy) {
    port.refuses_to_restore = "something newer stands there";
    const auto done = restore(kAlicesUid, {Role::kUser}, {2});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->outcomes(0).problem(), "something newer stands there");
    const auto records = journalled();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].kind(), "undo.refused");
    EXPECT_EQ(records[0].message(), "/srv/2: something newer stands there");
}

TEST_F(Undo, OthersAreRestoredByAnOperatorAlone) {
    for (const api::RoleSet roles :
         {api::RoleSet{Role::kUser}, api::RoleSet{Role::kUser, Role::kAuditor, Role::kApprover}}) {
        const auto refused = restore(kBobsUid, roles, {1});
        ASSERT_TRUE(refused);
        EXPECT_THAT(refused->outcomes(0).problem(), HasSubstr("known to you"));
        EXPECT_EQ(refused->outcomes(0).path(), "");
    }
    EXPECT_THAT(journalled(), IsEmpty());
    const auto done = restore(61003, {Role::kOperator}, {1, 4});
    ASSERT_TRUE(done);
    for (const auto& outcome : done->outcomes()) EXPECT_EQ(outcome.problem(), "");
    EXPECT_EQ(journalled()[1].session(), "") << "of an agent without one";
}

TEST_F(Undo, OfAnUnknownActionTheOthersAreRestored) {
    const auto done = restore(kAlicesUid, {Role::kUser}, {77, 1, 1});
    ASSERT_TRUE(done);
    ASSERT_EQ(done->outcomes_size(), 3);
    EXPECT_THAT(done->outcomes(0).problem(),
                HasSubstr("nothing that was kept of action \"000000000000004d\" is known to you"));
    EXPECT_EQ(done->outcomes(1).problem(), "");
    EXPECT_THAT(done->outcomes(2).problem(), HasSubstr("nothing that was kept"))
        << "the second time it is gone";
}

TEST_F(Undo, WhatAUserPutsAsideIsWithinThePolicysLimits) {
    ASSERT_TRUE(restore(kAlicesUid, {Role::kUser}, {3}, true));
    const undo::Restoring& how = port.restorings.back();
    EXPECT_EQ(how.caller, kAlicesUid);
    EXPECT_EQ(how.limits.max_copy, 64U << 20);
    EXPECT_EQ(how.limits.quota, std::uint64_t{4} << 30);
    EXPECT_EQ(how.limits.session_bytes, std::uint64_t{1} << 30);
    EXPECT_GT(how.limits.entries, how.limits.session_entries);
    EXPECT_GT(how.limits.session_entries, 0U);
}

TEST_F(Undo, WhatTakesLongIsDoneInParts) {
    port.on_restore = [this] { clock.advance(1); };
    const auto first = restore(kAlicesUid, {Role::kUser}, {3, 2, 1});
    ASSERT_TRUE(first);
    ASSERT_EQ(first->outcomes_size(), 1);
    EXPECT_EQ(first->outcomes(0).action(), approval_id(3));
    EXPECT_THAT(listed(kAlicesUid, {Role::kUser}), ElementsAre(1, 2));
}

TEST_F(Undo, WhatWasRestoredIsToldWhenTheKernelSideGoes) {
    port.on_restore = [this] { port.fail_every("find_kept"); };
    const auto done = restore(kAlicesUid, {Role::kUser}, {3, 2});
    ASSERT_TRUE(done);
    ASSERT_EQ(done->outcomes_size(), 1);
    EXPECT_EQ(done->outcomes(0).problem(), "");
}

TEST_F(Undo, WithoutAnAnswerItMayBeRestoredAllTheSame) {
    port.fail_every("restore");
    const auto done = restore(kAlicesUid, {Role::kUser}, {3});
    ASSERT_TRUE(done);
    EXPECT_THAT(done->outcomes(0).problem(), HasSubstr("it may be restored all the same"));
    EXPECT_THAT(journalled()[0].message(), HasSubstr("it may be restored all the same"));
}

TEST_F(Undo, MoreThanOneCallTakesIsRefused) {
    EXPECT_TRUE(restore(kAlicesUid, {Role::kUser}, std::vector<std::uint64_t>(256, 77)));
    const auto done = restore(kAlicesUid, {Role::kUser}, std::vector<std::uint64_t>(257, 1));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(port.restorings, IsEmpty());
}

TEST_F(Undo, WhatTheSessionItselfChangedIsNotNewer) {
    ASSERT_TRUE(restore(kAlicesUid, {Role::kUser}, {3}));
    EXPECT_EQ(port.restorings.back().changed_until, clock.unix_nanos());
    ASSERT_TRUE(manager->end(session, "", ""));
    const std::int64_t ended = clock.unix_nanos();
    clock.advance(5);
    ASSERT_TRUE(restore(kAlicesUid, {Role::kUser}, {2}));
    EXPECT_EQ(port.restorings.back().changed_until, ended);
    ASSERT_TRUE(restore(kBobsUid, {Role::kUser}, {4}));
    EXPECT_EQ(port.restorings.back().changed_until, 0) << "without a session nobody knows";
    keep(5, "s-forgotten", kAlicesUid);
    ASSERT_TRUE(restore(kAlicesUid, {Role::kUser}, {5}));
    EXPECT_EQ(port.restorings.back().changed_until, 0);
}

TEST_F(Undo, WhatIsTooOldIsForgottenAndRecorded) {
    const std::int64_t keep = 7 * std::int64_t{86400} * 1'000'000'000;
    undo::Entry entry;
    for (const std::int64_t age : {keep + 1, keep, std::int64_t{0}}) {
        entry.time = clock.unix_nanos() - age;
        port.preserved[entry.time] = entry;
    }
    std::erase_if(port.preserved, [](const auto& one) { return one.first < 100; });
    service->prune_preserved();
    EXPECT_EQ(port.preserved.size(), 2U);
    const auto records = journalled();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].kind(), "undo.expired");
    EXPECT_THAT(records[0].message(), HasSubstr("1 entry of before "));
    service->prune_preserved();
    EXPECT_EQ(journalled().size(), 1U) << "of nothing there is no record";
}

TEST_F(Undo, AStoreThatCannotBeUsedKeepsNoOtherFromIt) {
    more = "undo: {stores: [/srv/undo, /data/undo]}\n";
    ASSERT_TRUE(manager->load_policy(policy()));
    service->add_stores();
    EXPECT_THAT(port.stores, ElementsAre("/srv/undo", "/data/undo"));
    port.stores.clear();
    port.fail_call(1);
    service->add_stores();
    EXPECT_THAT(port.stores, ElementsAre("/data/undo"));
}

} // namespace
} // namespace bailiff::daemon
