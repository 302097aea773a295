#include "bailiffd/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bailiff/version.h"
#include "base/process.h"
#include "journal/utf8.h"
#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using api::Role;
using testing::HasSubstr;
using tests::kAlicesUid;
using tests::kBobsUid;

class Service : public testing::Test, public tests::Host {};

TEST_F(Service, GetSessionTellsItsOwnerEverything) {
    const std::string name = session_of_alice();
    v1::GetSessionRequest request;
    request.set_session(name);
    const auto got = service->get_session(caller(kAlicesUid), request);
    ASSERT_TRUE(got) << got.error().message();
    const v1::Session& told = got->session();
    EXPECT_EQ(told.id(), name);
    EXPECT_EQ(told.state(), "active");
    EXPECT_EQ(told.user(), tests::kAlice);
    EXPECT_EQ(told.user_issuer(), tests::kIdp);
    ASSERT_EQ(told.actors_size(), 1);
    EXPECT_EQ(told.actors(0).subject(), "agent:fixer");
    EXPECT_EQ(told.actor_source(), "act");
    EXPECT_EQ(told.task(), "T-1");
    EXPECT_EQ(told.task_note(), "note");
    EXPECT_EQ(told.uid(), kAlicesUid);
    EXPECT_EQ(told.seconds_left(), 600);
    EXPECT_EQ(told.tasks(), 1U);
}

TEST_F(Service, ASubjectIsToldItsOwnLastRefusal) {
    const std::uint32_t slot = manager->find(session_of_alice())->subject;
    bailiff_event event{};
    event.kind = BAILIFF_EVENT_VERDICT;
    event.verdict = BAILIFF_VERDICT_DENY;
    event.subject = slot;
    event.session = 1;
    event.subject_generation = port.subjects.at(slot).generation;
    v1::Record record;
    record.mutable_object()->set_path("/etc/passwd");
    refusals.meet(event, record);
    const api::Peer& peer = caller(kAlicesUid).peer;
    const auto told = service->get_refusal({peer, {}, {slot, false}}, {});
    ASSERT_TRUE(told) << told.error().message();
    EXPECT_EQ(told->refused().object().path(), "/etc/passwd");
    const auto other = service->get_refusal({peer, {}, {slot + 1, false}}, {});
    EXPECT_FALSE(other && other->has_refused());
    EXPECT_EQ(service->get_refusal({peer, {}, {}}, {}).error().code(),
              ErrorCode::kFailedPrecondition);
}

TEST_F(Service, AStrangerCannotTellAnothersSessionFromNone) {
    v1::GetSessionRequest theirs;
    theirs.set_session(session_of_alice());
    v1::GetSessionRequest none;
    none.set_session("s-00000000000000000000000000");
    const auto there = service->get_session(caller(kBobsUid), theirs);
    const auto absent = service->get_session(caller(kBobsUid), none);
    ASSERT_FALSE(there);
    ASSERT_FALSE(absent);
    EXPECT_EQ(there.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(absent.error().code(), ErrorCode::kNotFound);
    std::string said = there.error().message();
    said.replace(said.find(theirs.session()), theirs.session().size(), none.session());
    EXPECT_EQ(said, absent.error().message());
}

TEST_F(Service, AnAuditorSeesButDoesNotEnd) {
    const std::string name = session_of_alice();
    v1::GetSessionRequest get;
    get.set_session(name);
    EXPECT_TRUE(service->get_session(caller(kBobsUid, {Role::kAuditor}), get));
    v1::EndSessionRequest end;
    end.set_session(name);
    const auto ended = service->end_session(caller(kBobsUid, {Role::kAuditor}), end);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(manager->find(name)->state, session::State::kActive);
}

TEST_F(Service, EndingIsForTheOwnerAndAnOperator) {
    for (const auto& by : {caller(kAlicesUid), caller(kBobsUid, {Role::kOperator})}) {
        const uid_t uid = by.roles.has(Role::kOperator) ? kBobsUid : kAlicesUid;
        v1::EndSessionRequest end;
        end.set_session(session_of_alice());
        const auto ended = service->end_session(caller(uid, by.roles), end);
        ASSERT_TRUE(ended) << ended.error().message();
        EXPECT_EQ(ended->session().state(), "ended");
        EXPECT_THAT(ended->session().why(), HasSubstr("uid " + std::to_string(uid)));
    }
}

TEST_F(Service, ARevocationTellsWhoAndWhy) {
    v1::RevokeSessionRequest request;
    request.set_session(session_of_alice());
    request.set_reason("seen enough");
    const auto revoked = service->revoke_session(caller(kBobsUid, {Role::kOperator}), request);
    ASSERT_TRUE(revoked) << revoked.error().message();
    EXPECT_EQ(revoked->session().state(), "revoked");
    EXPECT_THAT(revoked->session().why(), HasSubstr("seen enough"));
    EXPECT_EQ(ask(*manager->find(request.session()), BAILIFF_RIGHT_READ, "/srv/work/one/code"),
              "deny: revoked");
    const auto again = service->revoke_session(caller(kBobsUid, {Role::kOperator}), request);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kFailedPrecondition);
}

TEST_F(Service, AReasonIsNeverCutInsideACharacter) {
    v1::RevokeSessionRequest request;
    request.set_session(session_of_alice());
    request.set_reason(std::string(1023, 'x') + "\xc3\xa9");
    const auto refused = service->revoke_session(caller(kAlicesUid), request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message(), HasSubstr("1025 bytes; expected at most 1024"));
    EXPECT_EQ(manager->find(request.session())->state, session::State::kActive);
    request.set_reason(std::string(1022, 'x') + "\xc3\xa9");
    EXPECT_TRUE(service->revoke_session(caller(kAlicesUid), request));
}

TEST_F(Service, AnIdOfAnyLengthIsToldInWholeCharacters) {
    v1::GetSessionRequest request;
    request.set_session(std::string(63, 'x') + "\xc3\xa9");
    const auto refused = service->get_session(caller(kAlicesUid), request);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(journal::is_utf8(refused.error().message()));
}

TEST_F(Service, WhatIsToldOfASessionIsUtf8) {
    const std::string name = session_of_alice();
    ASSERT_TRUE(manager->end(name, "was ended by uid 1 (\xff)", "test"));
    v1::GetSessionRequest request;
    request.set_session(name);
    EXPECT_EQ(service->get_session(caller(kAlicesUid), request)->session().why(),
              "was ended by uid 1 (\\xff)");
}

TEST_F(Service, AListIsOfOnesOwnUnlessOneMaySeeAll) {
    const std::string alices = session_of_alice();
    const std::string bobs = open(tests::kBob, "/srv/work/two")->name;
    const auto names = [this](const api::Caller& by, bool all) {
        v1::ListSessionsRequest request;
        request.set_all(all);
        std::vector<std::string> found;
        const auto listed = service->list_sessions(by, request);
        for (const auto& session : listed->sessions()) found.push_back(session.id());
        return found;
    };
    EXPECT_THAT(names(caller(kAlicesUid), false), testing::ElementsAre(alices));
    EXPECT_THAT(names(caller(kBobsUid), false), testing::ElementsAre(bobs));
    EXPECT_THAT(names(caller(0, {Role::kAuditor}), false),
                testing::UnorderedElementsAre(alices, bobs));
    ASSERT_TRUE(manager->end(bobs, "was ended by a test", "test"));
    EXPECT_THAT(names(caller(0, {Role::kAuditor}), false), testing::ElementsAre(alices));
    EXPECT_THAT(names(caller(0, {Role::kAuditor}), true),
                testing::UnorderedElementsAre(alices, bobs));
}

// The account comes from the user database: one that is not there may present nothing.
TEST_F(Service, OpeningIsRefusedToAnAccountThatMayNotPresentTheToken) {
    v1::OpenSessionRequest request;
    request.set_token(idp.sign(claims(tests::kAlice)));
    request.set_workspace("/srv/work/one");
    const auto refused = service->open_session(caller(kBobsUid), request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(opened, "");
    EXPECT_EQ(manager->list().size(), 0U);
}

TEST_F(Service, OpeningASessionTellsWhereItsRecordsBegin) {
    users = "  - {subject: \"user:alice\", presented_by: [\"" + std::to_string(getuid()) +
            "\"], profiles: [work]}\n";
    ASSERT_TRUE(service->reload_policy(caller(0), {}));
    journal.record(v1::Record());
    const api::Caller self = caller(getuid());
    peer.pidfd = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    peer.start_time = port.start_time_of_all = start_time_of(getpid()).value();
    v1::OpenSessionRequest request;
    request.set_token(idp.sign(claims(tests::kAlice)));
    const auto response = service->open_session(self, request);
    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->sequence(), 1U);
    EXPECT_EQ(opened, response->session().id());
}

TEST_F(Service, RenewingASessionOfOthersIsRefusedAlsoToAnOperator) {
    v1::RenewSessionRequest request;
    request.set_session(session_of_alice());
    clock.advance(60);
    request.set_token(idp.sign(claims(tests::kAlice)));
    const auto expires = manager->find(request.session())->expires_boot;
    const auto refused = service->renew_session(caller(kBobsUid, {Role::kOperator}), request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(manager->find(request.session())->expires_boot, expires);
}

TEST_F(Service, ARefusedPolicyIsTheCallersErrorAndChangesNothing) {
    const std::string name = session_of_alice();
    const std::string digest = manager->tables()->policy().digest;
    more = "no_such_field: 1\n";
    const auto refused = service->reload_policy(caller(0, {Role::kOperator}), {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("no_such_field"));
    EXPECT_EQ(manager->tables()->policy().digest, digest);
    EXPECT_EQ(manager->find(name)->state, session::State::kActive);
}

TEST_F(Service, AReloadTellsHowManySessionsItRevoked) {
    (void)session_of_alice();
    users = "  - {subject: \"user:bob\", presented_by: [\"61002\"], profiles: [work]}\n";
    const auto loaded = service->reload_policy(caller(0, {Role::kOperator}), {});
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(loaded->sessions_revoked(), 1U);
    EXPECT_EQ(loaded->policy_file(), "policy.yaml");
    EXPECT_EQ(loaded->policy_digest(), manager->tables()->policy().digest);
}

TEST_F(Service, WhoAmITellsRolesOutsideASession) {
    const auto told = service->who_am_i(caller(0, {Role::kUser, Role::kAuditor}), {});
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->has_uid());
    EXPECT_EQ(told->user(), "root");
    EXPECT_FALSE(told->subject());
    EXPECT_THAT(told->roles(), testing::ElementsAre("user", "auditor"));
}

TEST_F(Service, WhoAmITellsTheSessionInside) {
    const std::string name = session_of_alice();
    const auto told =
        service->who_am_i(caller(kAlicesUid, {}, {manager->find(name)->subject, false}), {});
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->subject());
    EXPECT_EQ(told->session(), name);
    EXPECT_EQ(told->session_user(), tests::kAlice);
    EXPECT_EQ(told->agent(), "fixer");
    EXPECT_EQ(told->roles_size(), 0);
}

TEST_F(Service, ASubjectOfAnAgentWithoutASessionIsToldFromOneWithASession) {
    const std::string name = session_of_alice();
    peer.pid = 71;
    port.tasks[71] = {manager->find(name)->subject, manager->find(name)->generation};
    EXPECT_FALSE(service->subject_of(peer)->unbound);
    peer.pid = 72;
    port.tasks[72] = {port.agents.at(0).subject, port.agents.at(0).generation};
    EXPECT_TRUE(service->subject_of(peer)->unbound);
    peer.pid = 73;
    EXPECT_EQ(service->subject_of(peer)->slot, 0U);
    port.fail_every("subject_of");
    EXPECT_FALSE(service->subject_of(peer)) << "who cannot be told is refused";
}

TEST_F(Service, StatusTellsPostureSessionsAgentsAndLosses) {
    posture.state = "DEGRADED";
    posture.detail = "not enforced: file";
    posture.remedy = "do this";
    posture.kernel.attachment = "fmod_ret";
    posture.kernel.checked_at = 1;
    posture.pins = "2 are missing";
    posture.kernel.families = {{"file", false, "was let through"}};
    (void)session_of_alice();
    port.counters[BAILIFF_COUNTER_EVENTS_LOST] = 3;
    port.counters[BAILIFF_COUNTER_DENIED] = 5;
    const auto told = service->get_status(caller(0, {Role::kAuditor}), {});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->posture(), "DEGRADED");
    EXPECT_EQ(told->pins(), "2 are missing");
    EXPECT_EQ(told->detail(), "not enforced: file");
    EXPECT_EQ(told->remedy(), "do this");
    EXPECT_EQ(told->attachment(), "fmod_ret");
    ASSERT_EQ(told->families_size(), 1);
    EXPECT_EQ(told->families(0).detail(), "was let through");
    EXPECT_EQ(told->mode(), "enforce");
    EXPECT_EQ(told->sessions(), 1U);
    EXPECT_EQ(told->next_expiry(), TimeText(clock.unix_nanos() + 600'000'000'000).c_str());
    EXPECT_EQ(told->events_lost(), 3U);
    EXPECT_EQ(told->denials(), 5U);
    EXPECT_EQ(told->journal(), "ok");
    EXPECT_EQ(told->version(), BAILIFF_VERSION);
}

TEST_F(Service, StatusSaysWhichAgentsEscapeByACopy) {
    agents =
        "  - {name: by-file, actor: \"agent:a\", match: {executable: [/usr/bin/fixer]}}\n"
        "  - {name: by-unit, actor: \"agent:b\", match: {unit: bot.service,\n"
        "     executable: [/usr/bin/fixer]}}\n"
        "  - {name: by-token, actor: \"agent:fixer\", profiles: [tools]}\n";
    ASSERT_TRUE(service->reload_policy(caller(0), {}));
    const auto told = service->get_status(caller(0), {});
    ASSERT_EQ(told->agents_size(), 3);
    EXPECT_TRUE(told->agents(0).escapable());
    EXPECT_EQ(told->agents(0).protection(), "executable /usr/bin/fixer");
    EXPECT_FALSE(told->agents(1).escapable());
    EXPECT_EQ(told->agents(1).protection(), "unit bot.service, executable /usr/bin/fixer");
    EXPECT_TRUE(told->agents(2).escapable());
    EXPECT_EQ(told->agents(2).protection(), "actor agent:fixer (only with a session)");
}

} // namespace
} // namespace bailiff::daemon
