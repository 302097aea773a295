// Budgets and first contacts of a policy as they are written to the kernel's tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "session/policy_tables.h"
#include "tests/unit/support/fake_kernel_port.h"

namespace bailiff::session {
namespace {

constexpr const char* kPolicy =
    "version: 1\n"
    "host: {profiles: [p]}\n"
    "classes:\n"
    "  - {name: a, files: [{rights: [delete, truncate], path: [/srv/a/x, \"${workspace}/k\"]}]}\n"
    "  - {name: b, argv: [{command: [rm]}], network: [{to: [192.0.2.1], first_contact: true}]}\n"
    "profiles:\n"
    "  - name: p\n"
    "    irreversible:\n"
    "      - {class: a, verdict: hold, budget: {count: 20, per: 1m}}\n"
    "      - {class: b, verdict: hold, budget: {count: 3}}\n"
    "    network: [{verdict: hold, to: [192.0.2.2], first_contact: true}]\n";

class PolicyBudgets : public testing::Test {
protected:
    void SetUp() override {
        for (const char* folder : {"/srv", "/srv/a"}) port.files.add_folder(folder);
        port.files.add_file("/srv/a/x");
    }
    std::unique_ptr<PolicyTables> install(const std::string& text = kPolicy,
                                          std::uint8_t slot = 1) {
        auto policy = policy::load_text(text, "p.yaml");
        EXPECT_TRUE(policy) << (policy ? "" : policy.error().message());
        if (!policy) return nullptr;
        auto made = PolicyTables::install(port, *policy, slot, {}, mounts);
        EXPECT_TRUE(made) << (made ? "" : made.error().message());
        return made ? std::move(*made) : nullptr;
    }
    // Number, count, period, flags.
    using Row = std::tuple<std::uint32_t, std::uint32_t, std::uint64_t, std::uint32_t>;
    Row row(std::uint32_t label, std::uint8_t right) const {
        const auto found = port.budgets.find({label, 0, right, 0});
        if (found == port.budgets.end()) return {};
        const bailiff_budget& row = found->second;
        EXPECT_EQ(row.zero, 0U);
        return {row.number, row.count, row.period, row.flags};
    }
    std::uint32_t label_at(const std::string& address) const {
        std::uint32_t number = 0;
        for (const auto& [key, address_class] : port.addresses) {
            policy::Prefix prefix = *policy::parse_prefix(address);
            if (std::equal(prefix.bytes.begin(), prefix.bytes.end(), key.address) &&
                key.prefix_length == 32U + prefix.length)
                number = address_class;
        }
        const auto found = port.ports.find({number, 0, 0, 1});
        return found == port.ports.end() ? 0 : found->second;
    }
    std::uint32_t label_of(const std::string& path) {
        const auto inode = port.files.nodes.at(path).inode;
        for (const auto& [key, object] : port.objects)
            if (key.ino == inode.ino && key.kind <= BAILIFF_OBJECT_INODE && key.session == 0)
                return object.label;
        return 0;
    }

    tests::FakeKernelPort port;
    std::vector<Mount> mounts = {{tests::FakeFileSystem::kRootDevice, "/", "/"}};
};

constexpr std::uint64_t kMinute = 60'000'000'000;
constexpr std::uint64_t kAlways = ~std::uint64_t{0};

TEST_F(PolicyBudgets, EachHoldWithABudgetHasARow) {
    ASSERT_NE(install(), nullptr);
    const std::uint32_t file = label_of("/srv/a/x");
    ASSERT_NE(file, 0U);
    EXPECT_EQ(row(file, BAILIFF_RIGHT_DELETE), Row(0x10000, 20, kMinute, 0));
    EXPECT_EQ(row(file, BAILIFF_RIGHT_TRUNCATE), Row(0x10000, 20, kMinute, 0));
    EXPECT_EQ(row(file, BAILIFF_RIGHT_WRITE), Row()) << "nothing is said of it";
    EXPECT_EQ(row(port.patterns.at({1, 0}).label, BAILIFF_RIGHT_ARGV), Row(0x10001, 3, kAlways, 0));
    EXPECT_EQ(row(label_at("192.0.2.1"), BAILIFF_RIGHT_CONNECT),
              Row(0x10001, 3, kAlways, BAILIFF_BUDGET_CONTACT));
    const auto [number, count, period, flags] = row(label_at("192.0.2.2"), BAILIFF_RIGHT_CONNECT);
    EXPECT_EQ(count, 0U);
    EXPECT_EQ(period, kAlways);
    EXPECT_EQ(flags, BAILIFF_BUDGET_CONTACT);
    EXPECT_EQ(number >> 16, 1U) << "the policy's slot";
    EXPECT_EQ(port.budgets.size(), 5U);
    EXPECT_TRUE((port.policies.at(1).flags & BAILIFF_POLICY_HAS_BUDGETS) != 0);
}

// Else a label could be met that does not ask yet, or is taken for one that always does.
TEST_F(PolicyBudgets, TheRowsOfALabelAreWrittenBeforeIt) {
    ASSERT_NE(install(), nullptr);
    const auto& calls = port.calls;
    const auto first = [&](const char* call) {
        return std::find(calls.begin(), calls.end(), call) - calls.begin();
    };
    EXPECT_LT(first("clear_policy"), first("clear_budgets"));
    EXPECT_LT(first("clear_budgets"), first("put_budget"));
    std::size_t labels = 0;
    for (std::size_t i = 0; i < calls.size(); i++) {
        if (calls[i] == "put_label") labels++;
        if (calls[i] == "put_budget") {
            EXPECT_TRUE(calls[i + 1] == "put_budget" || calls[i + 1] == "put_label") << i;
        }
    }
    EXPECT_EQ(labels, port.labels.size());
}

TEST_F(PolicyBudgets, AHoldThatAlwaysAsksHasNone) {
    ASSERT_NE(install(std::string(kPolicy) +
                      "    files: [{verdict: hold, rights: [delete], path: [/srv/a/x]}]\n"),
              nullptr);
    const std::uint32_t file = label_of("/srv/a/x");
    EXPECT_EQ(row(file, BAILIFF_RIGHT_DELETE), Row());
    EXPECT_EQ(row(file, BAILIFF_RIGHT_TRUNCATE), Row(0x10000, 20, kMinute, 0));
}

TEST_F(PolicyBudgets, WhatWasInTheSlotBeforeIsGone) {
    ASSERT_NE(install(kPolicy, 0), nullptr);
    const std::size_t others = port.budgets.size();
    ASSERT_NE(install(), nullptr);
    ASSERT_EQ(port.budgets.size(), 2 * others);
    ASSERT_NE(install("version: 1\n"), nullptr);
    EXPECT_EQ(port.budgets.size(), others) << "another slot's";
    EXPECT_EQ(port.policies.at(1).flags & BAILIFF_POLICY_HAS_BUDGETS, 0U);
}

TEST_F(PolicyBudgets, WithoutItsRowsAPolicyIsNotInstalled) {
    auto policy = policy::load_text(kPolicy, "p.yaml");
    ASSERT_TRUE(policy);
    for (const char* call : {"put_budget", "clear_budgets"}) {
        port.fail_every(call);
        EXPECT_FALSE(PolicyTables::install(port, *policy, 1, {}, mounts)) << call;
        port.mend();
    }
}

TEST_F(PolicyBudgets, ASessionsOwnPathsSpendOfTheSame) {
    const auto tables = install();
    ASSERT_NE(tables, nullptr);
    const bailiff_inode file = port.files.add_file("/srv/a/k");
    ASSERT_TRUE(tables->bind(7, {{"/srv/a", ""}, {}}, mounts));
    std::uint32_t label = 0;
    for (const auto& [key, object] : port.objects)
        if (key.ino == file.ino && key.session == 7) label = object.label;
    EXPECT_EQ(row(label, BAILIFF_RIGHT_DELETE), Row(0x10000, 20, kMinute, 0));
}

// What is missing above a path is made with an answer only: in it nothing is watched at once.
TEST_F(PolicyBudgets, AFolderThatIsMissingAlwaysAsks) {
    ASSERT_NE(install("version: 1\nhost: {profiles: [p]}\nclasses:\n"
                      "  - {name: a, files: [{rights: [create], path: [/srv/a/no/y, "
                      "/srv/a/z]}]}\nprofiles:\n"
                      "  - {name: p, irreversible: [{class: a, verdict: hold, budget: {count: "
                      "20}}]}\n"),
              nullptr);
    const auto label = [&](const char* name) {
        for (const auto& [key, object] : port.objects)
            if (key.kind == BAILIFF_OBJECT_ENTRY && key.name == hash_name(port.config, name))
                return object.label;
        return 0U;
    };
    EXPECT_EQ(port.row(label("no"), BAILIFF_RIGHT_CREATE).says[BAILIFF_VERDICT_HOLD].word[0], 1U);
    EXPECT_EQ(row(label("no"), BAILIFF_RIGHT_CREATE), Row());
    EXPECT_EQ(row(label("z"), BAILIFF_RIGHT_CREATE), Row(0x10000, 20, kAlways, 0));
}

} // namespace
} // namespace bailiff::session
