// From what the kernel reports to what the journal says.
#include "session/event_reader.h"

#include <arpa/inet.h>

#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::ElementsAre;

class EventReaders : public testing::Test, protected Scene {
protected:
    void SetUp() override {
        start();
        session = open(kAlice);
        ASSERT_NE(session, nullptr);
        reader = std::make_unique<session::EventReader>(*manager, clock, containers,
                                                        folder.file("proc"));
    }
    // Of process 41 of that session.
    bailiff_event event_of(const session::Session& who, bailiff_event_kind kind) {
        bailiff_event event = {};
        event.time = clock.boot_nanos();
        event.start_time = 77;
        event.kind = kind;
        event.pid = 41;
        event.tid = 42;
        event.parent_pid = 40;
        event.uid = 61001;
        event.subject = who.subject;
        event.subject_generation = who.generation;
        event.session = who.slot;
        event.session_epoch = who.epoch;
        event.policy = manager->tables()->slot();
        std::strcpy(event.comm, "fixer");
        return event;
    }
    bailiff_event denial() {
        bailiff_event event = event_of(*session, BAILIFF_EVENT_VERDICT);
        event.hook = BAILIFF_HOOK_FILE_OPEN;
        event.right = BAILIFF_RIGHT_WRITE;
        event.verdict = BAILIFF_VERDICT_DENY;
        event.reason = BAILIFF_REASON_EXPIRED;
        return event;
    }
    // What the kernel would report if that session wrote to a file.
    bailiff_event denial_of_write(const std::string& path) {
        const bailiff_decision decision = port.judge(session->subject, session->generation,
                                                     BAILIFF_RIGHT_WRITE, path, clock.boot_nanos());
        bailiff_event event = denial();
        event.verdict = decision.verdict;
        event.reason = decision.reason;
        event.label = decision.label;
        event.profile = decision.profile;
        event.layer = decision.layer;
        return event;
    }
    static void set_text(bailiff_event& event, const std::string& text) {
        std::memcpy(event.text, text.data(), text.size());
        event.text_length = static_cast<std::uint32_t>(text.size());
    }
    v1::Record read(const bailiff_event& event) {
        const auto record = reader->read(event);
        EXPECT_TRUE(record);
        return record ? *record : v1::Record();
    }

    const session::Session* session = nullptr;
    session::Containers containers{port, folder.file("proc")};
    std::unique_ptr<session::EventReader> reader;
};

TEST_F(EventReaders, ADenialSaysWhoForWhomAndWhat) {
    const v1::Record record = read(denial());
    EXPECT_EQ(record.kind(), "verdict");
    EXPECT_EQ(record.session(), session->name);
    EXPECT_EQ(record.user(), kAlice);
    EXPECT_EQ(record.actors(0).subject(), "agent:fixer");
    EXPECT_EQ(record.task(), "T-1");
    EXPECT_EQ(record.agent(), "fixer");
    EXPECT_EQ(record.hook(), "file_open");
    EXPECT_EQ(record.right(), "write");
    EXPECT_EQ(record.verdict(), "deny");
    EXPECT_EQ(record.reason(), "expired");
    EXPECT_FALSE(record.would_deny());
    EXPECT_EQ(record.process().pid(), 41U);
    EXPECT_EQ(record.process().parent_pid(), 40U);
    EXPECT_EQ(record.process().uid(), 61001U);
    EXPECT_EQ(record.process().comm(), "fixer");
    EXPECT_EQ(record.token_digest(), "") << "said once, when the session opened";
    EXPECT_FALSE(record.has_rule()) << "no rule decided";
}

TEST_F(EventReaders, WhatIsToBeSetIsTold) {
    bailiff_event event = denial_of_write("/srv/file");
    event.hook = BAILIFF_HOOK_INODE_SETATTR;
    event.right = BAILIFF_RIGHT_METADATA;
    event.dev = 8;
    set_text(event, std::string("file\0", 5));
    event.number = 1;
    event.port = 0104777;
    EXPECT_EQ(reader->read(event)->object().change(), "mode 4777");
    event.number = 6;
    const std::uint32_t ids[2] = {0, 12};
    std::memcpy(event.address, ids, sizeof(ids));
    EXPECT_EQ(reader->read(event)->object().change(), "owner uid 0, group gid 12");
    event.number = 8;
    const std::uint64_t size = 5'000'000'000;
    std::memcpy(event.address + 8, &size, sizeof(size));
    EXPECT_EQ(reader->read(event)->object().change(), "size 5000000000");
}

TEST_F(EventReaders, ADecidingRuleIsNamedWithItsLine) {
    const v1::Record record = read(denial_of_write("/etc/passwd"));
    EXPECT_EQ(record.reason(), "rule");
    EXPECT_EQ(record.rule().file(), "policy.yaml");
    EXPECT_EQ(record.rule().profile(), "ceiling");
    EXPECT_EQ(record.rule().layer(), "host");
    EXPECT_THAT(record.rule().text(), testing::HasSubstr("/etc"));
    const std::string text = policy_text();
    const std::string before = text.substr(0, text.find("{verdict: deny, rights: [write], path"));
    EXPECT_EQ(record.rule().line(), std::count(before.begin(), before.end(), '\n') + 1);
}

TEST_F(EventReaders, ADefaultIsNamedWithItsProfile) {
    const v1::Record record = read(denial_of_write("/srv/docs/plan"));
    EXPECT_EQ(record.reason(), "default");
    EXPECT_EQ(record.rule().layer(), "user");
    EXPECT_THAT(record.rule().profile(), testing::AnyOf("docs", "work"));
}

TEST_F(EventReaders, ARuleOfThePolicyBeforeAReloadIsStillNamed) {
    const bailiff_event event = denial_of_write("/etc/passwd");
    profiles += "  - {name: one-more}\n";
    ASSERT_TRUE(manager->load_policy(policy()));
    EXPECT_EQ(read(event).rule().profile(), "ceiling");
}

TEST_F(EventReaders, ARuleOfTheDaemonBeforeIsStillNamed) {
    const bailiff_event event = denial_of_write("/etc/passwd");
    const std::string name = session->name;
    start();
    ASSERT_NE(manager->tables()->slot(), event.policy);
    reader =
        std::make_unique<session::EventReader>(*manager, clock, containers, folder.file("proc"));
    EXPECT_EQ(read(event).rule().profile(), "ceiling");
    EXPECT_EQ(read(event).session(), name);
}

TEST_F(EventReaders, WhatWaitsNamesItsApproval) {
    bailiff_event event = denial();
    event.verdict = BAILIFF_VERDICT_HOLD;
    event.reason = BAILIFF_REASON_RULE;
    event.hold = 0xabc;
    EXPECT_EQ(read(event).verdict(), "hold");
    EXPECT_EQ(read(event).approval(), "0000000000000abc");
    event.verdict = BAILIFF_VERDICT_AUDIT;
    event.reason = BAILIFF_REASON_APPROVED;
    event.label = 0;
    EXPECT_EQ(read(event).reason(), "approved");
    EXPECT_FALSE(read(event).has_rule()) << "a default's rule is not kept";
}

TEST_F(EventReaders, ARenameThatWaitsHasBothItsNames) {
    using namespace std::string_literals;
    reader->set_mounts({{9, "/", "/d"}});
    bailiff_event event = denial();
    event.verdict = BAILIFF_VERDICT_HOLD;
    event.dev = 9;
    set_text(event, "plan\0docs\0\0old\0"s);
    EXPECT_EQ(read(event).object().path(), "/d/docs/plan");
    EXPECT_EQ(read(event).object().other_path(), "/d/old");
}

TEST_F(EventReaders, WhatALinkPointsToAndAnAttributesNameAreWhatChanges) {
    using namespace std::string_literals;
    reader->set_mounts({{9, "/", "/d"}});
    bailiff_event event = denial();
    event.verdict = BAILIFF_VERDICT_HOLD;
    event.dev = 9;
    event.hold = 0xabc;
    event.hook = BAILIFF_HOOK_INODE_SYMLINK;
    set_text(event, "l\0docs\0\0../etc/shadow\0"s);
    EXPECT_EQ(read(event).object().path(), "/d/docs/l");
    EXPECT_EQ(read(event).object().change(), "symbolic link to ../etc/shadow");
    EXPECT_EQ(read(event).object().other_path(), "");
    event.hook = BAILIFF_HOOK_INODE_SETXATTR;
    EXPECT_EQ(read(event).object().change(), "set attribute ../etc/shadow");
    event.hook = BAILIFF_HOOK_INODE_REMOVE_ACL;
    EXPECT_EQ(read(event).object().change(), "remove attribute ../etc/shadow");
    set_text(event, "l\0docs\0"s);
    event.flags = BAILIFF_EVENT_TRUNCATED;
    EXPECT_EQ(read(event).object().change(),
              "remove attribute (its path leaves no room to show it)");
    event.hold = 0;
    EXPECT_EQ(read(event).object().change(), "") << "it does not wait in mode observe";
    event.verdict = BAILIFF_VERDICT_DENY;
    EXPECT_EQ(read(event).object().change(), "") << "of what was denied nothing more is told";
}

TEST_F(EventReaders, AProgramThatIsToBeStartedHasItsArguments) {
    using namespace std::string_literals;
    reader->set_mounts({{9, "/", "/d"}});
    bailiff_event event = denial();
    event.hook = BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC;
    event.right = BAILIFF_RIGHT_ARGV;
    event.dev = 9;
    set_text(event, "git\0bin\0\0git\0\0push\0"s);
    const v1::Object object = read(event).object();
    EXPECT_EQ(read(event).right(), "argv");
    EXPECT_EQ(object.path(), "/d/bin/git");
    EXPECT_TRUE(object.other_path().empty());
    ASSERT_EQ(object.argv_size(), 3);
    EXPECT_EQ(object.argv(0), "git");
    EXPECT_EQ(object.argv(1), "");
    EXPECT_EQ(object.argv(2), "push");
    EXPECT_FALSE(object.argv_truncated());
    event.flags = BAILIFF_EVENT_TRUNCATED;
    EXPECT_TRUE(read(event).object().argv_truncated());
    EXPECT_FALSE(read(event).object().path_truncated());
    set_text(event, std::string(511, 'p') + "\0\0git\0"s);
    EXPECT_TRUE(read(event).object().path_truncated()) << "there was no room for more of it";
}

TEST_F(EventReaders, WouldBeDenialsSaySo) {
    bailiff_event event = denial();
    event.verdict = BAILIFF_VERDICT_AUDIT;
    event.flags = BAILIFF_EVENT_WOULD_DENY;
    EXPECT_TRUE(read(event).would_deny());
    EXPECT_EQ(read(event).verdict(), "audit");
}

TEST_F(EventReaders, ThePathIsPutTogetherFromItsNames) {
    reader->set_mounts({{9, "/", "/srv/disk"}, {9, "/", "/d"}, {9, "/part", "/p"}, {1, "/", "/"}});
    bailiff_event event = denial();
    event.dev = 9;
    event.ino = 100;
    event.generation = 3;
    using namespace std::string_literals;
    set_text(event, "plan\0docs\0"s);
    const v1::Record record = read(event);
    EXPECT_EQ(record.object().path(), "/d/docs/plan") << "the shortest whole mount";
    EXPECT_EQ(record.object().inode(), 100U);
    EXPECT_EQ(record.object().device(), 9U);
    EXPECT_EQ(record.object().generation(), 3U);
    EXPECT_FALSE(record.object().path_truncated());
    event.dev = 1;
    event.flags = BAILIFF_EVENT_TRUNCATED;
    EXPECT_EQ(read(event).object().path(), "/docs/plan");
    EXPECT_TRUE(read(event).object().path_truncated());
    event.text_length = 0;
    EXPECT_EQ(read(event).object().path(), "/");
}

TEST_F(EventReaders, ATextLongerThanItsFieldIsCut) {
    bailiff_event event = denial();
    event.dev = 1;
    std::memset(event.text, 'x', sizeof(event.text));
    event.text_length = 0xffffffff;
    EXPECT_EQ(read(event).object().path(), "/" + std::string(BAILIFF_EVENT_TEXT, 'x'));
}

TEST_F(EventReaders, AddressesAreOfTheirFamily) {
    bailiff_event event = denial();
    event.hook = BAILIFF_HOOK_SOCKET_CONNECT;
    event.right = BAILIFF_RIGHT_CONNECT;
    event.family = AF_INET;
    event.protocol = 6;
    event.port = 443;
    inet_pton(AF_INET6, "::ffff:10.1.2.3", event.address);
    v1::Record record = read(event);
    EXPECT_EQ(record.object().address(), "10.1.2.3");
    EXPECT_EQ(record.object().port(), 443U);
    EXPECT_EQ(record.object().protocol(), "tcp");
    event.family = AF_INET6;
    event.protocol = 17;
    inet_pton(AF_INET6, "fd00::1", event.address);
    record = read(event);
    EXPECT_EQ(record.object().address(), "fd00::1");
    EXPECT_EQ(record.object().protocol(), "udp");
    event.protocol = 132;
    EXPECT_EQ(read(event).object().protocol(), "132");
}

TEST_F(EventReaders, ASocketIsItsFamily) {
    bailiff_event event = denial();
    event.hook = BAILIFF_HOOK_SOCKET_CREATE;
    event.family = 40;
    event.protocol = 2;
    EXPECT_EQ(read(event).object().protocol(), "family 40 protocol 2 socket");
    event.family = AF_UNIX;
    EXPECT_EQ(read(event).object().protocol(), "unix socket");
}

TEST_F(EventReaders, AnExecNamesTheImageAndItsArguments) {
    bailiff_event event = event_of(*session, BAILIFF_EVENT_EXEC);
    using namespace std::string_literals;
    set_text(event, "/usr/bin/git\0git\0status\0"s);
    const v1::Record record = read(event);
    EXPECT_EQ(record.kind(), "exec");
    EXPECT_EQ(record.session(), session->name);
    EXPECT_EQ(record.process().executable(), "/usr/bin/git");
    EXPECT_THAT(record.process().argv(), ElementsAre("git", "status"));
    EXPECT_EQ(record.verdict(), "");
}

TEST_F(EventReaders, LaterEventsKnowTheImageUntilTheProcessIsGone) {
    bailiff_event exec = event_of(*session, BAILIFF_EVENT_EXEC);
    set_text(exec, "/usr/bin/git");
    (void)read(exec);
    EXPECT_EQ(read(denial()).process().executable(), "/usr/bin/git");
    bailiff_event child = denial();
    child.pid = 50;
    child.start_time = 99;
    child.parent_pid = 41;
    EXPECT_EQ(read(child).process().executable(), "/usr/bin/git") << "it has executed nothing";
    EXPECT_FALSE(reader->read(event_of(*session, BAILIFF_EVENT_EXIT)));
    bailiff_event next = denial();
    next.start_time = 100;
    EXPECT_EQ(read(next).process().executable(), "") << "that has its number now";
}

TEST_F(EventReaders, APidUsedAgainIsAnotherProcess) {
    bailiff_event exec = event_of(*session, BAILIFF_EVENT_EXEC);
    set_text(exec, "/usr/bin/git");
    (void)read(exec);
    bailiff_event other = denial();
    other.start_time++;
    EXPECT_EQ(read(other).process().executable(), "");
}

TEST_F(EventReaders, TheTimeIsThatOfTheAct) {
    bailiff_event event = denial();
    clock.advance(3);
    EXPECT_EQ(read(event).time(), TimeText(clock.unix_nanos() - 3'000'000'000).c_str());
}

TEST_F(EventReaders, AnAgentWithoutASessionIsNamed) {
    bailiff_event event = denial();
    event.session = 0;
    event.session_epoch = 0;
    event.subject = port.agents.at(0).subject;
    event.subject_generation = port.agents.at(0).generation;
    v1::Record record = read(event);
    EXPECT_EQ(record.kind(), "verdict");
    EXPECT_EQ(record.session(), "");
    EXPECT_EQ(record.agent(), "fixer");
    event.kind = BAILIFF_EVENT_EXEC;
    record = read(event);
    EXPECT_EQ(record.kind(), "unbound");
    EXPECT_EQ(record.agent(), "fixer");
}

TEST_F(EventReaders, ATaskOfASlotsFormerAgentIsNotThatOfNow) {
    bailiff_event event = denial();
    event.session = 0;
    event.session_epoch = 0;
    event.subject = port.agents.at(0).subject;
    event.subject_generation = port.agents.at(0).generation + 1;
    EXPECT_EQ(read(event).agent(), "");
}

// The kernel names no session for it: its slot's row is of another generation.
TEST_F(EventReaders, ATaskThatOutlivedItsSlotsIsItsSessions) {
    bailiff_event event = denial();
    event.session = 0;
    event.session_epoch = 0;
    EXPECT_EQ(read(event).session(), session->name);
}

TEST_F(EventReaders, ATaskFoundToBeAnAgentIsNoVerdict) {
    bailiff_event event = event_of(*session, BAILIFF_EVENT_UNBOUND);
    event.session = 0;
    event.session_epoch = 0;
    event.subject = port.agents.at(0).subject;
    event.subject_generation = port.agents.at(0).generation;
    event.hook = BAILIFF_HOOK_FILE_OPEN;
    const v1::Record record = read(event);
    EXPECT_EQ(record.kind(), "unbound");
    EXPECT_EQ(record.agent(), "fixer");
    EXPECT_EQ(record.verdict(), "");
    EXPECT_EQ(record.right(), "");
}

TEST_F(EventReaders, ASubjectThatNobodyKnowsIsRecordedAllTheSame) {
    bailiff_event event = denial();
    event.session = 999;
    event.subject = 4000;
    const v1::Record record = read(event);
    EXPECT_EQ(record.kind(), "verdict");
    EXPECT_EQ(record.verdict(), "deny");
    EXPECT_EQ(record.session(), "");
    EXPECT_EQ(record.user(), "");
    EXPECT_EQ(record.agent(), "");
    EXPECT_EQ(record.process().pid(), 41U);
}

TEST_F(EventReaders, ASlotsFormerSessionIsNotTheOneOfNow) {
    bailiff_event event = denial();
    event.session_epoch--;
    EXPECT_EQ(read(event).session(), "");
}

TEST_F(EventReaders, ASessionThatIsOverIsStillNamed) {
    ASSERT_TRUE(manager->revoke(session->name, "", "test"));
    EXPECT_EQ(read(denial()).session(), session->name);
}

TEST_F(EventReaders, NumbersThatNobodyKnowsDoNotHurt) {
    bailiff_event event = denial();
    event.hook = 250;
    event.reason = 250;
    event.right = 250;
    event.verdict = 250;
    event.layer = 250;
    EXPECT_EQ(read(event).hook(), "unknown");
    EXPECT_EQ(read(event).reason(), "unknown");
    event.reason = BAILIFF_REASON_RULE;
    event.profile = 65535;
    event.label = 0xffffffff;
    EXPECT_EQ(read(event).rule().profile(), "");
}

} // namespace
} // namespace bailiff::tests
