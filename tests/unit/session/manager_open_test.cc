// Opening a session: what is written, who gets what, and that a refusal leaves nothing.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::HasSubstr;

class ManagerOpen : public testing::Test, protected Scene {
protected:
    // The message of a refusal; it is recorded as well, and no session is there.
    std::string refusal(const Result<const session::Session*>& opened, ErrorCode code) {
        EXPECT_FALSE(opened);
        if (opened) return "";
        EXPECT_EQ(opened.error().code(), code);
        EXPECT_THAT(message_of("session.refused"), HasSubstr(opened.error().message()));
        expect_nothing();
        return opened.error().message();
    }
    void expect_nothing() {
        EXPECT_TRUE(manager->list().empty());
        for (const auto& [slot, row] : port.sessions) {
            if (slot == 0) continue;
            EXPECT_NE(row.state, BAILIFF_SESSION_ACTIVE) << "session slot " << slot;
            EXPECT_EQ(port.objects_of(static_cast<std::uint16_t>(slot)), 0U) << "slot " << slot;
        }
        EXPECT_THAT(get_file(state_file()), HasSubstr("\"sessions\":[]"));
    }
};

TEST_F(ManagerOpen, TheSubjectRowHoldsWhatThePolicyGrants) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const bailiff_subject row = port.subjects.at(session->subject);
    const policy::Image& image = manager->tables()->policy().image;
    bailiff_mask expected = image.policy.always;
    for (const auto& [layer, names] :
         std::map<std::uint8_t, std::vector<std::string>>{{BAILIFF_LAYER_HOST, {"ceiling"}},
                                                          {BAILIFF_LAYER_USER, {"docs", "work"}},
                                                          {BAILIFF_LAYER_AGENT, {"tools"}}})
        expected.word[0] |= image.mask(layer, names).word[0];
    EXPECT_EQ(row.profiles.word[0], expected.word[0]);
    EXPECT_EQ(row.session, session->slot);
    EXPECT_EQ(row.session_epoch, session->epoch);
    EXPECT_EQ(row.generation, session->generation);
    EXPECT_EQ(row.policy, manager->tables()->slot());
}

TEST_F(ManagerOpen, TheSessionRowEndsWithTheTokenOnTheBootClock) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const bailiff_session row = port.sessions.at(session->slot);
    EXPECT_EQ(row.state, BAILIFF_SESSION_ACTIVE);
    EXPECT_EQ(row.expires_at, clock.boot_nanos() + 600ULL * 1'000'000'000);
    EXPECT_EQ(row.epoch, session->epoch);
    EXPECT_TRUE(std::equal(session->id.begin(), session->id.end(), row.id));
}

TEST_F(ManagerOpen, ThePresentingProcessIsEnrolledAsTheSubject) {
    start();
    std::uint32_t enrolled = 0;
    const session::Presenter who = presenter(61001);
    const auto opened =
        manager->open({idp.sign(claims(kAlice)), "", "", "", false}, who, &enrolled);
    ASSERT_TRUE(opened);
    EXPECT_EQ(enrolled, 1U);
    const auto task = port.tasks.at(static_cast<std::uint32_t>(who.pid));
    EXPECT_EQ(task.first, (*opened)->subject);
    EXPECT_EQ(task.second, (*opened)->generation);
}

TEST_F(ManagerOpen, AliceAndBobGetDifferentVerdictsWithTheSameAgent) {
    start();
    const session::Session* alice = open(kAlice);
    const session::Session* bob = open(kBob);
    ASSERT_TRUE(alice != nullptr && bob != nullptr);
    EXPECT_NE(alice->subject, bob->subject);
    EXPECT_EQ(ask(*alice, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow");
    EXPECT_EQ(ask(*bob, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: default");
    for (const session::Session* each : {alice, bob})
        EXPECT_EQ(ask(*each, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow");
}

TEST_F(ManagerOpen, TheHostsCeilingStandsAboveWhatUserAndAgentGive) {
    profiles += "  - {name: all, default: {exec: allow, files: allow, network: allow}}\n";
    users = "  - {subject: \"user:alice\", presented_by: [\"61001\"], profiles: [all]}\n";
    start();
    const session::Session* alice = open(kAlice);
    ASSERT_NE(alice, nullptr);
    EXPECT_EQ(ask(*alice, BAILIFF_RIGHT_READ, "/etc/passwd"), "allow");
    EXPECT_EQ(ask(*alice, BAILIFF_RIGHT_WRITE, "/etc/passwd"), "deny: rule");
}

TEST_F(ManagerOpen, EachSessionHasItsOwnWorkspaceAlone) {
    start();
    const session::Session* one = open(kAlice, "/srv/work/one");
    const session::Session* two = open(kAlice, "/srv/work/two");
    const session::Session* none = open(kAlice, "");
    ASSERT_TRUE(one != nullptr && two != nullptr && none != nullptr);
    EXPECT_EQ(ask(*one, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow");
    EXPECT_EQ(ask(*one, BAILIFF_RIGHT_WRITE, "/srv/work/two/code"), "deny: default");
    EXPECT_EQ(ask(*two, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "deny: default");
    EXPECT_EQ(ask(*two, BAILIFF_RIGHT_CREATE, "/srv/work/two/new"), "allow");
    EXPECT_EQ(ask(*none, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "deny: default");
}

TEST_F(ManagerOpen, TheRecordSaysWhoForWhomAndWhatFor) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    const auto opened = records_of("session.opened");
    ASSERT_EQ(opened.size(), 1U);
    EXPECT_EQ(opened[0].session(), session->name);
    EXPECT_EQ(opened[0].user(), kAlice);
    EXPECT_EQ(opened[0].user_issuer(), kIdp);
    EXPECT_EQ(opened[0].actors(0).subject(), "agent:fixer");
    EXPECT_EQ(opened[0].task(), "T-1");
    EXPECT_EQ(opened[0].task_note(), "note");
    EXPECT_EQ(opened[0].agent(), "fixer");
    EXPECT_EQ(opened[0].by(), "uid 61001 (u61001)");
    EXPECT_EQ(opened[0].token_digest(), session->token.digest);
}

TEST_F(ManagerOpen, ATokenOpensOneSession) {
    start();
    const std::string token = idp.sign(claims(kAlice));
    ASSERT_TRUE(open_with(token, 61001));
    const auto again = open_with(token, 61001);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_EQ(manager->list().size(), 1U);
}

TEST_F(ManagerOpen, ATokenThatIsNotVerifiedIsRefused) {
    start();
    json::object stale = claims(kAlice);
    clock.advance(700);
    refusal(open_with(idp.sign(stale), 61001), ErrorCode::kUnauthenticated);
    EXPECT_EQ(records_of("session.refused")[0].user(), "") << "nothing in it can be believed";
}

TEST_F(ManagerOpen, AUserThatThePolicyDoesNotKnowIsRefusedByName) {
    start();
    EXPECT_THAT(
        refusal(open_with(idp.sign(claims("user:eve")), 61001), ErrorCode::kPermissionDenied),
        HasSubstr("user:eve"));
    EXPECT_EQ(records_of("session.refused")[0].user(), "user:eve");
    EXPECT_EQ(records_of("session.refused")[0].token_digest().size(), 64U);
}

TEST_F(ManagerOpen, AnAccountThatMayNotPresentTheTokenIsRefused) {
    start();
    EXPECT_THAT(refusal(open_with(idp.sign(claims(kAlice)), 61002), ErrorCode::kPermissionDenied),
                HasSubstr("u61002 may not present tokens of user:alice"));
}

TEST_F(ManagerOpen, AnAgentThatIsNotThereOrHasNoProfileIsRefused) {
    start();
    json::object other = claims(kAlice);
    other["act"] = json::object{{"iss", kIdp}, {"sub", "agent:other"}};
    EXPECT_THAT(refusal(open_with(idp.sign(other), 61001), ErrorCode::kPermissionDenied),
                HasSubstr("agent:other"));
    records.clear();
    other = claims(kAlice);
    other["act"] = json::object{{"iss", kIdp}, {"sub", "agent:idle"}};
    EXPECT_THAT(refusal(open_with(idp.sign(other), 61001), ErrorCode::kPermissionDenied),
                HasSubstr("agent idle has no profile"));
}

TEST_F(ManagerOpen, ARefusalByThePolicyDoesNotUseTheTokenUp) {
    start();
    const std::string token = idp.sign(claims(kAlice));
    refusal(open_with(token, 61002), ErrorCode::kPermissionDenied);
    EXPECT_FALSE(open_with(token, 61001, "/srv/work/missing"));
    EXPECT_TRUE(open_with(token, 61001));
}

TEST_F(ManagerOpen, AWorkspaceThatBecomesALinkIsAllowedNothingBehindIt) {
    start();
    const session::Session* session = open(kAlice, "/srv/work/one");
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow");
    port.files.remove("/srv/work/one");
    port.files.add_link("/srv/work/one", "/home/al");
    port.files.add_file("/home/al/keys");
    ASSERT_TRUE(manager->refresh());
    EXPECT_NE(ask(*session, BAILIFF_RIGHT_WRITE, "/home/al/keys"), "allow");
}

TEST_F(ManagerOpen, AHomeThatIsALinkIsTheFolderItLeadsTo) {
    port.files.add_link("/home/al2", "/home/al");
    start();
    session::Presenter presenter = this->presenter(61001);
    presenter.home = "/home/al2";
    std::uint32_t enrolled = 0;
    const auto opened = manager->open({idp.sign(claims(kAlice)), "", "/srv/work/one", "", false},
                                      presenter, &enrolled);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ((*opened)->variables.home, "/home/al");
}

TEST_F(ManagerOpen, AWorkspaceMustBeAFolderBelowARoot) {
    port.files.add_link("/srv/work/out", "/etc");
    port.files.add_link("/srv/in", "/srv/work/one");
    start();
    const std::string token = idp.sign(claims(kAlice));
    const auto code = [&](const std::string& workspace) {
        const auto opened = open_with(token, 61001, workspace);
        EXPECT_FALSE(opened) << workspace;
        return opened ? ErrorCode::kInternal : opened.error().code();
    };
    EXPECT_EQ(code("/srv/work/none"), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code("/srv/work/one/code"), ErrorCode::kInvalidArgument) << "a file";
    EXPECT_EQ(code("/srv/docs"), ErrorCode::kPermissionDenied);
    EXPECT_EQ(code("/srv/work"), ErrorCode::kPermissionDenied) << "the root itself";
    EXPECT_EQ(code("/srv/work/out"), ErrorCode::kPermissionDenied) << "a link that leads away";
    expect_nothing();
    const auto opened = open_with(token, 61001, "/srv/in");
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ((*opened)->variables.workspace, "/srv/work/one");
}

TEST_F(ManagerOpen, ATaskNoteHasALimit) {
    start();
    std::uint32_t enrolled = 0;
    const std::string token = idp.sign(claims(kAlice));
    refusal(
        manager->open({token, "", "", std::string(1025, 'x'), false}, presenter(61001), &enrolled),
        ErrorCode::kInvalidArgument);
    EXPECT_TRUE(
        manager->open({token, "", "", std::string(1024, 'x'), false}, presenter(61001), &enrolled));
}

TEST_F(ManagerOpen, MountsThatCannotBeReadRefuse) {
    start();
    mounts_fail = true;
    EXPECT_THAT(refusal(try_open(kAlice), ErrorCode::kInternal), HasSubstr("mountinfo"));
    mounts_fail = false;
    EXPECT_TRUE(try_open(kAlice));
}

TEST_F(ManagerOpen, AProcessThatIsGoneMeanwhileRefuses) {
    start();
    session::Presenter who = presenter(61001);
    who.still_there = [] { return false; };
    std::uint32_t enrolled = 0;
    EXPECT_THAT(refusal(manager->open({idp.sign(claims(kAlice)), "", "/srv/work/one", "", false},
                                      who, &enrolled),
                        ErrorCode::kFailedPrecondition),
                HasSubstr("gone"));
    const auto [subject, generation] = port.tasks.at(static_cast<std::uint32_t>(who.pid));
    EXPECT_EQ(ask(subject, generation, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: revoked")
        << "who was enrolled has nothing";
}

TEST_F(ManagerOpen, APidThatPassedToAnotherProcessIsNotEnrolled) {
    start();
    session::Presenter who = presenter(61001);
    who.start_time++;
    std::uint32_t enrolled = 0;
    refusal(manager->open({idp.sign(claims(kAlice)), "", "", "", false}, who, &enrolled),
            ErrorCode::kNotFound);
    EXPECT_TRUE(port.tasks.empty());
}

// Whichever call to the kernel side fails: no session, no rights, and the next one opens.
TEST(ManagerOpenStep, AFailureAtAnyStepLeavesNothingBehind) {
    std::set<std::string> refused;
    for (std::size_t step = 1;; step++) {
        Scene scene;
        scene.start();
        FakeKernelPort& port = scene.port;
        const std::size_t first = port.calls.size();
        port.fail_call(step);
        const auto opened = scene.try_open(kAlice);
        port.mend();
        if (port.calls.size() < first + step) break; // it needed fewer calls
        const std::string failed = port.calls[first + step - 1];
        if (opened) {
            EXPECT_EQ(failed, "resolve /") << "a mount that cannot be seen is denied, no more";
            continue;
        }
        refused.insert(failed.substr(0, failed.find(' ')));
        EXPECT_TRUE(scene.manager->list().empty()) << failed;
        EXPECT_EQ(scene.records_of("session.refused").size(), 1U) << failed;
        EXPECT_THAT(get_file(scene.state_file()), HasSubstr("\"sessions\":[]")) << failed;
        for (const auto& [slot, row] : port.sessions)
            EXPECT_TRUE(slot == 0 || row.state != BAILIFF_SESSION_ACTIVE) << failed;
        for (const auto& [key, object] : port.objects) EXPECT_EQ(key.session, 0) << failed;
        for (const auto& [pid, task] : port.tasks)
            EXPECT_EQ(scene.ask(task.first, task.second, BAILIFF_RIGHT_READ, "/srv/docs/plan"),
                      "deny: revoked")
                << failed;
        EXPECT_TRUE(scene.try_open(kAlice)) << failed;
    }
    EXPECT_EQ(refused, (std::set<std::string>{"enrol", "get_config", "get_session", "get_subject",
                                              "put_label", "put_object", "put_row", "put_session",
                                              "put_subject", "resolve"}));
}

TEST_F(ManagerOpen, RefusalsGiveTheirSlotsBack) {
    leave_subjects(2);
    start();
    port.fail_every("enrol");
    for (int i = 0; i < 3; i++) {
        const auto opened = try_open(kAlice, "");
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code(), ErrorCode::kUnavailable) << opened.error().message();
    }
    port.mend();
    EXPECT_TRUE(try_open(kAlice));
}

TEST_F(ManagerOpen, WhereSlotsRunOutNothingOpensUntilASessionEnds) {
    leave_subjects(2);
    start();
    const session::Session* first = open(kAlice, "");
    ASSERT_NE(first, nullptr);
    ASSERT_TRUE(open(kBob, "") != nullptr);
    const std::string token = idp.sign(claims(kAlice));
    const auto third = open_with(token, 61001);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(third.error().message(), HasSubstr("slot"));
    ASSERT_TRUE(manager->end(first->name, "was ended by a test", "test"));
    EXPECT_TRUE(open_with(token, 61001)) << "the token was not used up";
}

TEST_F(ManagerOpen, AUidHasALimitThatDoesNotTouchOthers) {
    start();
    const session::Session* first = nullptr;
    for (std::size_t i = 0; i < session::kMaxSessionsPerUid; i++) {
        const auto* opened = open(kAlice, "");
        ASSERT_NE(opened, nullptr);
        if (first == nullptr) first = opened;
    }
    const auto over = try_open(kAlice, "");
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(over.error().message(), HasSubstr("uid 61001 has 256 open sessions"));
    EXPECT_TRUE(try_open(kBob, ""));
    ASSERT_TRUE(manager->end(first->name, "was ended by a test", "test"));
    EXPECT_TRUE(try_open(kAlice, "")) << "what is over does not count";
}

TEST_F(ManagerOpen, ASlotUsedAgainIsDeadToTheTasksOfItsFormerSession) {
    leave_subjects(1);
    start();
    const session::Session old = *open(kAlice, "");
    ASSERT_TRUE(manager->end(old.name, "was ended by a test", "test"));
    const session::Session* next = open(kAlice, "");
    ASSERT_NE(next, nullptr);
    ASSERT_EQ(next->subject, old.subject);
    EXPECT_EQ(ask(*next, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow");
    EXPECT_EQ(ask(old, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: stale");
    EXPECT_EQ(manager->find_subject(old.subject), next);
    EXPECT_EQ(manager->find_slot(old.slot, old.epoch)->name, old.name);
}

// Every way in which a session can lie on static rules needs a label of its own.
TEST_F(ManagerOpen, WhereLabelsRunOutNothingOpensAndOthersGoOn) {
    users = "  - {subject: \"user:*\", presented_by: [\"61001\"], profiles: [docs, work, many]}\n";
    profiles += "  - {name: many, files: [\n";
    for (std::size_t i = 0; i + 20 < session::kLabelsPerSlot; i++)
        profiles += "     {verdict: deny, path: [/srv/work/f" + std::to_string(i) + "]},\n";
    profiles += "     {verdict: allow, rights: [read], path: [/srv/docs]}]}\n";
    for (std::size_t i = 0; i < 40; i++) port.files.add_folder("/srv/work/f" + std::to_string(i));
    start();
    const session::Session* first = open(kAlice);
    ASSERT_NE(first, nullptr);
    Result<const session::Session*> last = first;
    for (int i = 0; i < 40 && last; i++) last = try_open(kAlice, "/srv/work/f" + std::to_string(i));
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code(), ErrorCode::kResourceExhausted);
    EXPECT_THAT(last.error().message(), HasSubstr("distinct labels"));
    std::set<std::uint16_t> slots;
    for (const session::Session* session : manager->list()) slots.insert(session->slot);
    for (const auto& [key, object] : port.objects)
        EXPECT_TRUE(key.session == 0 || slots.contains(key.session));
    EXPECT_EQ(ask(*first, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow");
    EXPECT_TRUE(try_open(kAlice, "/srv/work/one")) << "its label is known already";
}

} // namespace
} // namespace bailiff::tests
