#include "session/agent_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "bailiff/verdict.h"
#include "kernel/objects.h"
#include "session/layout.h"
#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AgentTables : public testing::Test {
protected:
    policy::AgentEntry& agent(const std::string& name) {
        policy::AgentEntry entry;
        entry.name = name;
        entry.at = {"policy.yaml", 7, 5};
        subjects.emplace(name, AgentSubject{static_cast<std::uint32_t>(subjects.size()) + 11, 3});
        return settings.agents.emplace_back(entry);
    }
    AgentTable make() {
        auto table = make_agent_table(port, settings, subjects);
        EXPECT_TRUE(table) << (table ? "" : table.error().message());
        return table ? *table : AgentTable{};
    }
    // The subject that a key leads to; none where it is not there.
    static std::optional<std::uint32_t> subject_of(const AgentTable& table,
                                                   const bailiff_object_key& key) {
        for (const kernel::AgentMatch& match : table.matches)
            if (std::memcmp(&match.key, &key, sizeof(key)) == 0) return match.subject;
        return std::nullopt;
    }
    static bailiff_object_key key_of(bailiff_object_kind kind, std::uint64_t ino,
                                     std::uint64_t name) {
        bailiff_object_key key = {};
        key.kind = static_cast<std::uint8_t>(kind);
        key.ino = ino;
        key.name = name;
        return key;
    }

    tests::FakeKernelPort port;
    policy::Settings settings;
    std::map<std::string, AgentSubject> subjects;
};

TEST_F(AgentTables, AnExecutableIsItsInode) {
    agent("a").executables = {"/usr/bin/fixer"};
    const bailiff_inode inode = port.files.add_file("/usr/bin/fixer");
    const AgentTable table = make();
    ASSERT_EQ(table.matches.size(), 1U);
    EXPECT_EQ(subject_of(table, kernel::inode_key(inode, 0)), 11U);
    EXPECT_EQ(table.matches[0].generation, 3U);
    EXPECT_EQ(table.matches[0].key.kind, BAILIFF_OBJECT_INODE);
    EXPECT_THAT(table.notes, IsEmpty());
}

TEST_F(AgentTables, ALinkIsWhatItLeadsTo) {
    agent("a").executables = {"/usr/bin/link"};
    const bailiff_inode inode = port.files.add_file("/opt/fixer");
    port.files.add_link("/usr/bin/link", "/opt/fixer");
    EXPECT_EQ(subject_of(make(), kernel::inode_key(inode, 0)), 11U);
}

TEST_F(AgentTables, AFileThatIsReplacedIsAnotherInode) {
    agent("a").executables = {"/usr/bin/fixer"};
    const bailiff_inode old = port.files.add_file("/usr/bin/fixer");
    port.files.remove("/usr/bin/fixer");
    const bailiff_inode now = port.files.add_file("/usr/bin/fixer");
    const AgentTable table = make();
    EXPECT_EQ(subject_of(table, kernel::inode_key(now, 0)), 11U);
    EXPECT_EQ(subject_of(table, kernel::inode_key(old, 0)), std::nullopt);
}

TEST_F(AgentTables, AFileThatIsNotThereIsANoteWithItsLine) {
    agent("a").executables = {"/usr/bin/none"};
    const AgentTable table = make();
    EXPECT_THAT(table.matches, IsEmpty());
    EXPECT_THAT(table.notes, ElementsAre("policy.yaml:7:5: match on /usr/bin/none: not there now"));
}

TEST_F(AgentTables, AFileThatCannotBeLookedUpIsAnError) {
    agent("a").executables = {"/usr/bin/fixer"};
    port.files.add_file("/usr/bin/fixer");
    port.fail_every("resolve");
    EXPECT_EQ(make_agent_table(port, settings, subjects).error().code(), ErrorCode::kUnavailable);
}

TEST_F(AgentTables, AUidIsItsNumber) {
    agent("a").uid = "61005";
    agent("b").uid = "root";
    const AgentTable table = make();
    EXPECT_EQ(subject_of(table, key_of(BAILIFF_OBJECT_UID, 61005, 0)), 11U);
    EXPECT_EQ(subject_of(table, key_of(BAILIFF_OBJECT_UID, 0, 0)), 12U) << "by its name";
    EXPECT_EQ(table.matches.size(), 2U);
}

TEST_F(AgentTables, AnAccountThatIsNotThereIsANote) {
    agent("a").uid = "no-such-account-here";
    agent("b").uid = "12x";
    const AgentTable table = make();
    EXPECT_THAT(table.matches, IsEmpty());
    EXPECT_THAT(table.notes, ElementsAre(HasSubstr("uid no-such-account-here: no such account"),
                                         HasSubstr("uid 12x: no such account")));
}

TEST_F(AgentTables, AUnitIsItsNamesHash) {
    agent("a").unit = "agent.service";
    const std::uint64_t name = hash_name(port.config, "agent.service");
    EXPECT_EQ(subject_of(make(), key_of(BAILIFF_OBJECT_UNIT, 0, name)), 11U);
}

TEST_F(AgentTables, ACgroupIsTheHashOfItsPathFromTheTop) {
    agent("a").cgroup = "/agents.slice/a.service";
    const auto level = [&](const std::string& name, std::uint64_t above) {
        std::uint64_t words[BAILIFF_NAME_MAX / 8] = {};
        std::memcpy(words, name.data(), name.size());
        return bailiff_cgroup_hash(words, static_cast<std::uint32_t>(name.size()), above,
                                   port.config.name_key[0], port.config.name_key[1]);
    };
    const std::uint64_t path = level("a.service", level("agents.slice", 0));
    EXPECT_EQ(subject_of(make(), key_of(BAILIFF_OBJECT_CGROUP, 0, path)), 11U);
    EXPECT_EQ(hash_cgroup(port.config, "/agents.slice/a.service/"), path) << "a slash at the end";
    EXPECT_NE(hash_cgroup(port.config, "/a.service/agents.slice"), path);
    EXPECT_NE(hash_cgroup(port.config, "/a.service"), path);
}

TEST_F(AgentTables, AScriptBringsItsInterpreters) {
    if (!std::filesystem::exists("/usr/bin/sh")) GTEST_SKIP() << "this host has no /usr/bin/sh";
    policy::AgentEntry& entry = agent("a");
    entry.scripts = {"/opt/agent.sh"};
    entry.interpreters = {"/opt/runner", "/opt/none"};
    const bailiff_inode script = port.files.add_file("/opt/agent.sh");
    const bailiff_inode runner = port.files.add_file("/opt/runner");
    const bailiff_inode sh = port.files.add_file("/usr/bin/sh");
    const AgentTable table = make();
    EXPECT_EQ(subject_of(table, kernel::inode_key(script, 0)), 11U);
    EXPECT_EQ(subject_of(table, kernel::inode_key(runner, 0)), 0U) << "watched, no agent yet";
    EXPECT_EQ(subject_of(table, kernel::inode_key(sh, 0)), 0U) << "known by its name";
    EXPECT_THAT(table.notes, IsEmpty()) << "an interpreter need not be there";
}

TEST_F(AgentTables, WithoutAScriptNoInterpreterIsWatched) {
    agent("a").executables = {"/usr/bin/fixer"};
    port.files.add_file("/usr/bin/fixer");
    port.files.add_file("/usr/bin/sh");
    EXPECT_EQ(make().matches.size(), 1U);
}

TEST_F(AgentTables, APythonScriptIsAlsoItsCompiledModule) {
    agent("a").scripts = {"/opt/a/agent.py"};
    port.files.add_file("/opt/a/agent.py");
    const bailiff_inode folder = port.files.add_folder("/opt/a");
    bailiff_object_key key = kernel::inode_key(folder, 0);
    key.kind = BAILIFF_OBJECT_MODULE;
    key.name = hash_name(port.config, "agent");
    EXPECT_EQ(subject_of(make(), key), 11U);
    settings.agents[0].scripts = {"/opt/a/agent.sh"};
    EXPECT_EQ(subject_of(make(), key), std::nullopt);
}

TEST_F(AgentTables, OfTwoAgentsTheFirstHasTheFile) {
    agent("a").executables = {"/usr/bin/fixer"};
    agent("b").executables = {"/usr/bin/fixer"};
    const bailiff_inode inode = port.files.add_file("/usr/bin/fixer");
    const AgentTable table = make();
    EXPECT_EQ(table.matches.size(), 1U);
    EXPECT_EQ(subject_of(table, kernel::inode_key(inode, 0)), 11U);
}

TEST_F(AgentTables, AnInterpreterThatIsAnAgentItselfStaysThat) {
    agent("a").scripts = {"/opt/agent.sh"};
    agent("b").executables = {"/opt/runner"};
    settings.agents[0].interpreters = {"/opt/runner"};
    const bailiff_inode runner = port.files.add_file("/opt/runner");
    port.files.add_file("/opt/agent.sh");
    EXPECT_EQ(subject_of(make(), kernel::inode_key(runner, 0)), 12U);
}

} // namespace
} // namespace bailiff::session
