// A policy put in force: for open sessions, and for agents without one.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using session::State;
using testing::HasSubstr;
using testing::IsEmpty;

class ManagerPolicy : public testing::Test, protected Scene {
protected:
    Result<std::uint32_t> reload() { return manager->load_policy(policy()); }
    void take_from_docs() {
        const std::string before = "rights: [read], path: [/srv/docs]";
        profiles.replace(profiles.find(before), before.size(),
                         "rights: [read], path: [/srv/other]");
    }
    // The subject slot of an agent with no session.
    std::uint32_t slot_of(const std::string& agent) {
        for (std::uint32_t slot = 1; slot < BAILIFF_MAX_SUBJECTS; slot++)
            if (manager->unbound_agent(slot) == agent) return slot;
        ADD_FAILURE() << "no subject of agent " << agent;
        return 0;
    }
    std::string ask_agent(const std::string& agent, const std::string& path) {
        const std::uint32_t slot = slot_of(agent);
        return ask(slot, port.subjects.at(slot).generation, BAILIFF_RIGHT_READ, path);
    }
};

TEST_F(ManagerPolicy, OpenSessionsGetTheNewRules) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    ASSERT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow");
    take_from_docs();
    ASSERT_EQ(reload().value(), 0U);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: default");
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow")
        << "with its own workspace";
    EXPECT_EQ(port.subjects.at(session->subject).policy, manager->tables()->slot());
}

TEST_F(ManagerPolicy, AReloadUsesAnotherSlotAndClearsTheOld) {
    start();
    const std::uint8_t before = manager->tables()->slot();
    ASSERT_NE(open(kAlice), nullptr);
    ASSERT_TRUE(reload());
    EXPECT_NE(manager->tables()->slot(), before);
    EXPECT_EQ(port.objects_of_policy(before), 0U);
    EXPECT_GT(port.objects_of_policy(manager->tables()->slot()), 0U);
}

// Each slot is named by the row of a session that ended under it.
TEST_F(ManagerPolicy, ReloadsNeverWriteOverThePolicyInForce) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    for (int i = 0; i < 8; i++) {
        const session::Session* brief = open(kBob);
        ASSERT_NE(brief, nullptr);
        ASSERT_TRUE(manager->end(brief->name, "was ended by a test", "test"));
        const std::uint8_t before = manager->tables()->slot();
        const auto loaded = reload();
        ASSERT_TRUE(loaded) << loaded.error().message();
        ASSERT_NE(manager->tables()->slot(), before) << "reload " << i;
        ASSERT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow");
    }
}

TEST_F(ManagerPolicy, ASessionThatTheNewPolicyGivesNothingIsRevoked) {
    start();
    const session::Session* alice = open(kAlice);
    const session::Session* bob = open(kBob);
    ASSERT_TRUE(alice != nullptr && bob != nullptr);
    users = "  - {subject: \"user:alice\", presented_by: [\"61001\"], profiles: [docs, work]}\n";
    ASSERT_EQ(reload().value(), 1U);
    EXPECT_EQ(bob->state, State::kRevoked);
    EXPECT_EQ(ask(*bob, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "deny: revoked");
    EXPECT_THAT(message_of("session.revoked"), HasSubstr("change of policy"));
    EXPECT_THAT(message_of("session.revoked"), HasSubstr("user:bob"));
    EXPECT_EQ(records_of("session.revoked")[0].by(), "policy");
    EXPECT_EQ(ask(*alice, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow");
    EXPECT_EQ(port.objects_of(bob->slot), 0U) << "its labels of the new policy go as well";
    EXPECT_FALSE(try_open(kBob));
}

TEST_F(ManagerPolicy, AnAccountThatMayNoLongerPresentLosesItsSession) {
    start();
    const session::Session* alice = open(kAlice);
    ASSERT_NE(alice, nullptr);
    users = "  - {subject: \"user:alice\", presented_by: [\"61009\"], profiles: [docs, work]}\n";
    ASSERT_EQ(reload().value(), 1U);
    EXPECT_EQ(alice->state, State::kRevoked);
}

TEST_F(ManagerPolicy, TheNewPolicysIssuersDecideWhoOpens) {
    start();
    const std::string token = other_idp.sign(other_idp.claims(kAlice, clock.unix_seconds(), 600));
    std::string text = policy_text();
    text.replace(text.find(kOtherIdp), std::string(kOtherIdp).size(), "https://nobody.example");
    ASSERT_TRUE(manager->load_policy(policy::load_text(text, "policy.yaml").value()));
    EXPECT_EQ(open_with(token, 61001).error().code(), ErrorCode::kUnauthenticated);
    ASSERT_TRUE(reload());
    EXPECT_TRUE(open_with(token, 61001));
}

TEST_F(ManagerPolicy, AnIssuerThatIsNoLongerTrustedLosesItsSessions) {
    start();
    const auto theirs =
        open_with(other_idp.sign(other_idp.claims(kAlice, clock.unix_seconds(), 600)), 61001);
    const session::Session* ours = open(kAlice);
    ASSERT_TRUE(theirs && ours != nullptr);
    std::string text = policy_text();
    text.replace(text.find(kOtherIdp), std::string(kOtherIdp).size(), "https://nobody.example");
    ASSERT_EQ(manager->load_policy(policy::load_text(text, "policy.yaml").value()).value(), 1U);
    EXPECT_EQ((*theirs)->state, State::kRevoked);
    EXPECT_EQ(ask(**theirs, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: revoked");
    EXPECT_THAT(message_of("session.revoked"), HasSubstr(kOtherIdp));
    EXPECT_EQ(ours->state, State::kActive);
}

TEST_F(ManagerPolicy, KeysThatCannotBeReadLeaveTheOldPolicy) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    take_from_docs();
    std::filesystem::remove(idp.file());
    const auto loaded = reload();
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message(), HasSubstr(kIdp));
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow");
}

TEST_F(ManagerPolicy, ModeObserveComesAndGoesWithThePolicy) {
    start();
    EXPECT_EQ(port.config.flags & BAILIFF_CONFIG_OBSERVE, 0U);
    more = "mode: observe\n";
    ASSERT_TRUE(reload());
    EXPECT_NE(port.config.flags & BAILIFF_CONFIG_OBSERVE, 0U);
    more = "";
    ASSERT_TRUE(reload());
    EXPECT_EQ(port.config.flags & BAILIFF_CONFIG_OBSERVE, 0U);
}

std::string kind_of(const std::string& call) {
    return call.substr(0, call.find(' '));
}

// Whichever call to the kernel side fails on the way to a policy that observes and gives bob
// nothing: enforcement goes on as it was. Of many calls of one kind in a row the first and the
// last.
TEST(ManagerPolicyStep, AFailureAtAnyStepLeavesTheOldPolicyInForce) {
    std::set<std::string> failed_at;
    std::vector<std::string> kinds; // of what is called when nothing fails
    for (std::size_t step = 0; step <= kinds.size(); step++) {
        const auto same = [&](std::size_t other) {
            return other >= 1 && other <= kinds.size() && kinds[other - 1] == kinds[step - 1];
        };
        if (step > 0 && same(step - 1) && same(step + 1)) continue;
        Scene scene;
        scene.start();
        const session::Session* alice = scene.open(kAlice);
        const session::Session* bob = scene.open(kBob);
        ASSERT_TRUE(alice != nullptr && bob != nullptr);
        scene.more = "mode: observe\n";
        scene.users = "  - {subject: \"user:alice\", presented_by: [\"61001\"], profiles: [all]}\n";
        scene.profiles += "  - {name: all, default: {exec: allow, files: allow, network: allow}}\n";
        const std::size_t first = scene.port.calls.size();
        if (step > 0) scene.port.fail_call(step);
        const auto loaded = scene.manager->load_policy(scene.policy());
        scene.port.mend();
        if (step == 0) {
            ASSERT_TRUE(loaded);
            for (std::size_t i = first; i < scene.port.calls.size(); i++)
                kinds.push_back(kind_of(scene.port.calls[i]));
            continue;
        }
        const std::string failed = scene.port.calls[first + step - 1];
        if (loaded) continue; // a mount or a match that cannot be seen, for instance
        failed_at.insert(kind_of(failed));
        EXPECT_EQ(scene.port.config.flags & BAILIFF_CONFIG_OBSERVE, 0U) << failed;
        EXPECT_EQ(alice->state, State::kActive) << failed;
        EXPECT_EQ(bob->state, State::kActive) << failed;
        EXPECT_EQ(scene.ask(*alice, BAILIFF_RIGHT_READ, "/etc/passwd"), "deny: default") << failed;
        EXPECT_EQ(scene.ask(*alice, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "allow") << failed;
        EXPECT_EQ(scene.ask(*bob, BAILIFF_RIGHT_READ, "/srv/docs/plan"), "deny: default") << failed;
        EXPECT_TRUE(scene.try_open(kBob)) << failed;
        EXPECT_EQ(scene.manager->load_policy(scene.policy()).value_or(99), 2U) << failed;
    }
    EXPECT_TRUE(failed_at.contains("put_row"));
    EXPECT_TRUE(failed_at.contains("set_observe"));
    EXPECT_TRUE(failed_at.contains("put_subject"));
    EXPECT_TRUE(failed_at.contains("put_agents"));
}

TEST_F(ManagerPolicy, AgentsWithoutASessionHaveTheirUnboundProfiles) {
    start();
    EXPECT_EQ(ask_agent("fixer", "/usr/bin/fixer"), "allow");
    EXPECT_EQ(ask_agent("fixer", "/srv/docs/plan"), "deny: default");
    EXPECT_EQ(ask_agent("idle", "/usr/bin/fixer"), "deny: no profile");
    EXPECT_NE(slot_of("fixer"), slot_of("idle"));
    EXPECT_EQ(manager->unbound_agent(4000), "");
}

TEST_F(ManagerPolicy, AnAgentKeepsItsSubjectAcrossAReload) {
    start();
    const std::uint32_t slot = slot_of("fixer");
    const std::uint32_t generation = port.subjects.at(slot).generation;
    const std::string before = "rights: [read], path: [/usr]";
    profiles.replace(profiles.find(before), before.size(), "rights: [read], path: [/srv]");
    ASSERT_TRUE(reload());
    EXPECT_EQ(slot_of("fixer"), slot);
    EXPECT_EQ(port.subjects.at(slot).generation, generation) << "what runs of it goes on";
    EXPECT_EQ(ask_agent("fixer", "/usr/bin/fixer"), "deny: default");
    EXPECT_EQ(ask_agent("fixer", "/srv/docs/plan"), "allow");
}

TEST_F(ManagerPolicy, AnAgentThatThePolicyDropsHasNothing) {
    start();
    const std::uint32_t slot = slot_of("fixer");
    agents = "  - {name: idle, actor: \"agent:idle\", profiles: [tools]}\n";
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(slot, port.subjects.at(slot).generation, BAILIFF_RIGHT_READ, "/usr/bin/fixer"),
              "deny: no profile");
    EXPECT_THAT(port.agents, IsEmpty());
}

TEST_F(ManagerPolicy, RunningTasksThatMatchAreAdoptedAndCounted) {
    start();
    EXPECT_THAT(records_of("policy.agents"), IsEmpty());
    port.to_adopt.tasks = 3;
    ASSERT_TRUE(manager->refresh());
    EXPECT_THAT(message_of("policy.agents"), HasSubstr("3 running tasks"));
    EXPECT_EQ(records_of("policy.agents")[0].reason(), "adopted");
}

TEST_F(ManagerPolicy, AgentsThatRanBeforeTheFirstPolicyWereUnwatched) {
    const std::uint64_t started = clock.boot_nanos() - 90ULL * 1'000'000'000;
    port.to_adopt = {4, {{1, 3, 700, started}, {4711, 1, 900, started}}};
    start();
    ASSERT_EQ(slot_of("fixer"), 1U);
    const auto records = records_of("agent.unwatched");
    ASSERT_EQ(records.size(), 1U) << "the other subject is no agent without a session";
    EXPECT_EQ(records[0].agent(), "fixer");
    EXPECT_EQ(records[0].tasks(), 3U);
    EXPECT_EQ(records[0].process().pid(), 700U);
    EXPECT_EQ(records[0].process().start_time_ns(), started);
    EXPECT_EQ(records[0].unwatched_since(), TimeText(clock.unix_nanos() - 90'000'000'000).c_str());
    EXPECT_EQ(records[0].unwatched_until(), TimeText(clock.unix_nanos()).c_str());
    EXPECT_THAT(records[0].message(), HasSubstr("agent fixer ran unwatched from"));
}

TEST_F(ManagerPolicy, AfterARestartNothingWasUnwatched) {
    start();
    port.to_adopt = {1, {{1, 1, 700, 1}}};
    start(); // the kernel has a policy already
    EXPECT_EQ(records_of("policy.agents").size(), 1U);
    port.to_adopt = {1, {{1, 1, 700, 1}}};
    ASSERT_TRUE(manager->refresh());
    EXPECT_THAT(records_of("agent.unwatched"), IsEmpty());
}

TEST_F(ManagerPolicy, AMatchThatIsReplacedIsFoundAgain) {
    start();
    ASSERT_EQ(port.agents.size(), 1U);
    const std::uint64_t before = port.agents[0].key.ino;
    port.files.remove("/usr/bin/fixer");
    const std::uint64_t now = port.files.add_file("/usr/bin/fixer").ino; // an upgrade
    ASSERT_TRUE(manager->refresh());
    ASSERT_EQ(port.agents.size(), 1U);
    EXPECT_NE(now, before);
    EXPECT_EQ(port.agents[0].key.ino, now);
    EXPECT_EQ(port.agents[0].subject, slot_of("fixer"));
    EXPECT_EQ(port.agents[0].generation, port.subjects.at(slot_of("fixer")).generation);
}

TEST_F(ManagerPolicy, AMatchThatIsNotThereIsToldOnce) {
    port.files.remove("/usr/bin/fixer");
    start();
    EXPECT_THAT(message_of("policy.agents"), HasSubstr("/usr/bin/fixer: not there now"));
    ASSERT_TRUE(manager->refresh());
    EXPECT_EQ(records_of("policy.agents").size(), 1U);
    port.files.add_file("/usr/bin/fixer");
    ASSERT_TRUE(manager->refresh());
    port.files.remove("/usr/bin/fixer");
    ASSERT_TRUE(manager->refresh());
    EXPECT_EQ(records_of("policy.agents").size(), 2U) << "it had come in between";
}

TEST_F(ManagerPolicy, SessionZeroNeverEnds) {
    start();
    EXPECT_EQ(port.sessions.at(0).state, BAILIFF_SESSION_ACTIVE);
    EXPECT_EQ(port.sessions.at(0).expires_at, ~0ULL);
}

} // namespace
} // namespace bailiff::tests
