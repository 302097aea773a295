#include "session/container.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/support/fake_kernel_port.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::session {
namespace {

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kOther = "f" + kId.substr(1);
constexpr std::uint64_t kTick = 10'000'000;

std::string text_of(const std::optional<ContainerId>& id) {
    return id ? id->runtime + " " + id->id : "none";
}

TEST(ContainerOf, IsToldByTheNamesOfControlGroups) {
    EXPECT_EQ(text_of(container_of("/machine.slice/libpod-" + kId + ".scope")), "podman " + kId);
    EXPECT_EQ(text_of(container_of("/machine.slice/libpod-" + kId + ".scope/container")),
              "podman " + kId);
    EXPECT_EQ(text_of(container_of("/libpod_parent/libpod-" + kId)), "podman " + kId);
    EXPECT_EQ(text_of(container_of("/system.slice/docker-" + kId + ".scope")), "docker " + kId);
    EXPECT_EQ(text_of(container_of("/docker/" + kId + "/init.scope")), "docker " + kId);
}

TEST(ContainerOf, WhatIsOutsideHasNone) {
    EXPECT_EQ(text_of(container_of("/")), "none");
    EXPECT_EQ(text_of(container_of("/user.slice/" + kId.substr(1))), "none");
    EXPECT_EQ(text_of(container_of("/libpod_parent/conmon")), "none");
    EXPECT_EQ(text_of(container_of("/machine.slice/libpod-conmon-" + kId + ".scope")), "none");
    EXPECT_EQ(text_of(container_of("/docker/" + kId.substr(1))), "none");
    EXPECT_EQ(text_of(container_of("/docker/" + std::string(64, 'X'))), "none");
}

TEST(ContainerOf, AnIdAloneDoesNotTellTheRuntime) {
    EXPECT_EQ(text_of(container_of("/agents/" + kId)), " " + kId);
    EXPECT_EQ(text_of(container_of("/machine.slice/libpod-" + kOther + ".scope/" + kId)),
              "podman " + kOther);
}

TEST(ContainerOf, AContainerInAContainerIsTheInnerOne) {
    EXPECT_EQ(text_of(container_of("/docker/" + kId + "/libpod-" + kOther + ".scope")),
              "podman " + kOther);
}

class ContainersOfProcesses : public testing::Test {
protected:
    // A process that started `ticks` after the boot.
    void process(std::uint32_t pid, const std::string& cgroup, std::uint64_t ticks) {
        const std::string at = folder.file("proc/" + std::to_string(pid));
        std::filesystem::create_directories(at);
        tests::put_file(at + "/cgroup", "1:name=systemd:/\n0::" + cgroup + "\n");
        std::string stat = std::to_string(pid) + " (a name) S";
        for (int field = 4; field < 22; field++) stat += " 0";
        tests::put_file(at + "/stat", stat + " " + std::to_string(ticks) + " 0 0\n");
    }
    void gone(std::uint32_t pid) {
        std::filesystem::remove_all(folder.file("proc/" + std::to_string(pid)));
    }
    std::string id_of(std::uint32_t pid, std::uint64_t ticks, std::uint32_t parent = 1) {
        const v1::Container* found = containers.find(pid, ticks * kTick, parent);
        return found == nullptr ? "none" : found->id();
    }

    tests::TemporaryFolder folder;
    tests::FakeKernelPort port;
    Containers containers{port, folder.file("proc")};
};

TEST_F(ContainersOfProcesses, HaveWhatTheRuntimeWroteDownAskedOnce) {
    port.containers["podman/" + kId] = {"busybox:latest", "box"};
    process(40, "/libpod_parent/libpod-" + kId, 7);
    process(41, "/libpod_parent/libpod-" + kId, 8);
    ASSERT_EQ(id_of(41, 8), kId);
    const v1::Container* found = containers.find(40, 7 * kTick, 1);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->runtime(), "podman");
    EXPECT_EQ(found->image(), "busybox:latest");
    EXPECT_EQ(found->name(), "box");
    EXPECT_EQ(std::count(port.calls.begin(), port.calls.end(), "container"), 1);
}

TEST_F(ContainersOfProcesses, AnImageThatNobodyKnowsIsEmpty) {
    port.fail_every("container");
    process(40, "/docker/" + kId, 7);
    const v1::Container* found = containers.find(40, 7 * kTick, 1);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id(), kId);
    EXPECT_EQ(found->image(), "");
}

TEST_F(ContainersOfProcesses, AnIdAloneIsAContainerWhereDockerKnowsIt) {
    port.containers["docker/" + kId] = {"box", "one"};
    process(40, "/agents/" + kId, 7);
    process(41, "/agents/" + kOther, 7);
    const v1::Container* found = containers.find(40, 7 * kTick, 1);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->runtime(), "docker");
    EXPECT_EQ(found->image(), "box");
    EXPECT_EQ(id_of(41, 7), "none");
}

TEST_F(ContainersOfProcesses, AProcessThatIsGoneIsInItsParents) {
    process(40, "/docker/" + kId, 7);
    EXPECT_EQ(id_of(99, 9, 40), kId);
    EXPECT_EQ(id_of(99, 9, 98), "none");
}

TEST_F(ContainersOfProcesses, AnotherProcessWithThatNumberDoesNotCount) {
    process(40, "/docker/" + kId, 7);
    EXPECT_EQ(id_of(40, 6), "none");
    EXPECT_EQ(id_of(40, 7), kId);
    gone(40);
    EXPECT_EQ(id_of(40, 7), kId) << "it was seen";
}

} // namespace
} // namespace bailiff::session
