#include "session/policy_tables.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/objects.h"
#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

class PolicyTable : public testing::Test {
protected:
    PolicyTable() { port.files.add_file("/srv/a/f"); }
    std::unique_ptr<PolicyTables> install(std::uint8_t slot = 1, Bindings bindings = {}) {
        auto policy = policy::load_text(
            "version: 1\n"
            "host: {profiles: [p]}\n"
            "profiles:\n"
            "  - name: p\n"
            "    default: {exec: allow, files: allow, network: deny}\n"
            "    files:\n"
            "      - {verdict: deny, path: [/srv/a/f]}\n"
            "      - {verdict: allow, path: [\"${workspace}\"]}\n"
            "    network: [{verdict: allow, to: [10.0.0.0/8], protocol: tcp, port: [443]}]\n",
            "p.yaml");
        EXPECT_TRUE(policy) << (policy ? "" : policy.error().message());
        if (!policy) return nullptr;
        auto made = PolicyTables::install(port, *policy, slot, std::move(bindings), mounts);
        EXPECT_TRUE(made) << (made ? "" : made.error().message());
        return made ? std::move(*made) : nullptr;
    }
    tests::FakeKernelPort port;
    std::vector<Mount> mounts = {{tests::FakeFileSystem::kRootDevice, "/", "/"}};
};

TEST_F(PolicyTable, TheRowOfThePolicyNamesItsDefaults) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const bailiff_policy row = port.policies.at(1);
    EXPECT_EQ(row.layer[BAILIFF_LAYER_HOST].word[0], 3U) << "the policy's and bailiff's own";
    const bailiff_row& connect = port.defaults.at({1, BAILIFF_RIGHT_CONNECT});
    const bailiff_row& read = port.defaults.at({1, BAILIFF_RIGHT_READ});
    EXPECT_EQ(connect.says[BAILIFF_VERDICT_DENY].word[0], 1U);
    EXPECT_EQ(read.says[BAILIFF_VERDICT_ALLOW].word[0], 3U);
}

TEST_F(PolicyTable, AddressesAndPortsCarryThePolicysSlot) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const auto found =
        std::find_if(port.addresses.begin(), port.addresses.end(),
                     [](const auto& entry) { return entry.first.prefix_length == 32 + 96 + 8; });
    ASSERT_NE(found, port.addresses.end());
    EXPECT_EQ(found->first.policy, htonl(1));
    EXPECT_EQ(found->first.address[12], 10);
    const auto label = port.ports.find({found->second, 443, 6, 1});
    ASSERT_NE(label, port.ports.end());
    EXPECT_EQ(port.row(label->second, BAILIFF_RIGHT_CONNECT).says[BAILIFF_VERDICT_ALLOW].word[0],
              1U);
}

TEST_F(PolicyTable, WhatWasInTheSlotBeforeIsGone) {
    bailiff_object_key stale = {};
    stale.ino = 4242;
    stale.policy = 1;
    bailiff_object_key other = stale;
    other.policy = 0;
    port.objects[stale] = {1, 0};
    port.objects[other] = {1, 0};
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    EXPECT_FALSE(port.objects.contains(stale));
    EXPECT_TRUE(port.objects.contains(other)) << "another slot's";
}

TEST_F(PolicyTable, ARefreshWritesNothingWhereNothingChanged) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const std::size_t before = port.calls.size();
    ASSERT_TRUE(tables->refresh(mounts));
    for (std::size_t i = before; i < port.calls.size(); i++)
        EXPECT_TRUE(port.calls[i] == "get_config" || port.calls[i].starts_with("resolve"))
            << port.calls[i];
}

TEST_F(PolicyTable, WhatIsNewIsWrittenBeforeWhatIsStaleGoes) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const bailiff_object_key old = kernel::inode_key(port.files.nodes.at("/srv/a/f").inode, 1);
    port.files.remove("/srv/a/f");
    const bailiff_object_key now = kernel::inode_key(port.files.add_file("/srv/a/f"), 1);
    const std::size_t before = port.calls.size();
    ASSERT_TRUE(tables->refresh(mounts));
    EXPECT_TRUE(port.objects.contains(now));
    EXPECT_FALSE(port.objects.contains(old));
    const auto first = [&](const std::string& call) {
        return std::find(port.calls.begin() + static_cast<std::ptrdiff_t>(before), port.calls.end(),
                         call);
    };
    ASSERT_NE(first("put_object"), port.calls.end());
    EXPECT_LT(first("put_object"), first("erase_object"));
}

TEST_F(PolicyTable, AnEraseThatFailedIsTriedAgain) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const bailiff_object_key old = kernel::inode_key(port.files.nodes.at("/srv/a/f").inode, 1);
    port.files.remove("/srv/a/f");
    port.fail_every("erase_object");
    EXPECT_FALSE(tables->refresh(mounts));
    port.mend();
    ASSERT_TRUE(tables->refresh(mounts));
    EXPECT_FALSE(port.objects.contains(old));
}

TEST_F(PolicyTable, ASessionsLabelsComeAndGoWithIt) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    ASSERT_TRUE(tables->bind(7, {"/srv/a", ""}, mounts));
    EXPECT_EQ(port.objects_of(7), 2U) << "the folder, and its name in the folder above";
    tables->unbind(7);
    EXPECT_EQ(port.objects_of(7), 0U);
    ASSERT_TRUE(tables->refresh(mounts));
    EXPECT_EQ(port.objects_of(7), 0U);
    for (const auto& [key, object] : port.objects)
        EXPECT_EQ(object.flags & BAILIFF_OBJECT_PER_SESSION, 0U);
}

TEST_F(PolicyTable, ABindThatFailsLeavesNoLabelOfTheSession) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const std::size_t before = port.calls.size();
    ASSERT_TRUE(tables->bind(7, {"/srv/a", ""}, mounts));
    const std::size_t steps = port.calls.size() - before;
    tables->unbind(7);
    ASSERT_TRUE(tables->refresh(mounts));
    std::size_t failed = 0;
    for (std::size_t step = 1; step <= steps; step++) {
        port.fail_call(step);
        const Status bound = tables->bind(7, {"/srv/a", ""}, mounts);
        port.mend();
        failed += bound ? 0 : 1;
        if (bound) tables->unbind(7);
        EXPECT_EQ(port.objects_of(7), 0U) << "step " << step;
        ASSERT_TRUE(tables->refresh(mounts));
    }
    EXPECT_GT(failed, 3U);
}

TEST_F(PolicyTable, SessionsThatAreOpenAreBoundFromTheStart) {
    const auto tables = install(2, {{7, {"/srv/a", ""}}});
    ASSERT_NE(tables, nullptr);
    EXPECT_EQ(tables->slot(), 2);
    EXPECT_EQ(port.objects_of(7), 2U);
}

} // namespace
} // namespace bailiff::session
