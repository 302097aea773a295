#include "session/own_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/session/scene.h"

namespace bailiff::session {
namespace {

using testing::HasSubstr;

class OwnFiles : public testing::Test {
protected:
    AgentTable table() {
        auto made = make_agent_table(port, settings, {{"a", {11, 3}}});
        EXPECT_TRUE(made) << (made ? "" : made.error().message());
        return made ? *made : AgentTable{};
    }
    void SetUp() override {
        policy::AgentEntry entry;
        entry.name = "a";
        entry.at = {"policy.yaml", 7, 5};
        entry.executables = {"/srv/helper"};
        entry.files_at["/srv/helper"] = {"policy.yaml", 9, 22};
        settings.agents.push_back(entry);
        port.files.add_file("/sbin/init");
        port.files.add_file("/srv/fixer");
    }

    tests::FakeKernelPort port;
    policy::Settings settings;
    const std::vector<policy::HostFile> own = {{"/sbin/init", "it would cover PID 1", false},
                                               {"/no/such/shell", "it is a shell", true}};
};

TEST_F(OwnFiles, AFileThatIsTheHostsOwnIsRefusedWithItsLine) {
    port.files.add_link("/srv/helper", "/sbin/init");
    const Status checked = check_own_files(port, table(), own);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(checked.error().message(),
              "policy.yaml:9:22: match on \"/srv/helper\" is refused: it would cover PID 1 (it is "
              "the file /sbin/init)");
}

TEST_F(OwnFiles, AHardLinkIsTheSameFile) {
    port.files.nodes["/srv/helper"] = port.files.nodes.at("/sbin/init");
    EXPECT_FALSE(check_own_files(port, table(), own));
}

TEST_F(OwnFiles, AFileOfTheAgentsOwnIsGood) {
    port.files.add_link("/srv/helper", "/srv/fixer");
    EXPECT_TRUE(check_own_files(port, table(), own));
}

TEST_F(OwnFiles, WhatCannotBeLookedUpIsAnError) {
    port.files.add_link("/srv/helper", "/srv/fixer");
    const AgentTable made = table();
    port.fail_every("resolve");
    EXPECT_EQ(check_own_files(port, made, own).error().code(), ErrorCode::kUnavailable);
}

class OwnFilesInForce : public testing::Test, protected tests::Scene {};

// The policy's own check finds nothing: there is no /usr/bin/fixer here. The kernel side has one.
TEST_F(OwnFilesInForce, APolicyWhoseAgentIsTheShellIsRefusedAsAWhole) {
    start();
    const auto agents_before = port.agents;
    port.files.add_file("/bin/sh");
    port.files.remove("/usr/bin/fixer");
    const policy::OwnHost host = policy::OwnHost::look();
    for (const policy::HostFile& file : host.files())
        if (file.runs_scripts) port.files.nodes[file.path] = port.files.nodes.at("/bin/sh");
    port.files.nodes["/usr/bin/fixer"] = port.files.nodes.at("/bin/sh");
    const auto loaded = manager->load_policy(policy());
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message(), HasSubstr("policy.yaml:12:62: match on "
                                                    "\"/usr/bin/fixer\" is refused: "));
    EXPECT_EQ(port.agents.size(), agents_before.size());
    EXPECT_FALSE(manager->refresh()) << "nor is it taken for the agent later";
    ASSERT_EQ(port.agents.size(), agents_before.size());
    for (std::size_t i = 0; i < agents_before.size(); i++)
        EXPECT_EQ(port.agents[i].key.ino, agents_before[i].key.ino);
}

} // namespace
} // namespace bailiff::session
