#include "policy/own_host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace bailiff::policy {
namespace {

TEST(OwnHost, KnowsTheShellTheLoaderAndItself) {
    const OwnHost host = OwnHost::look();
    const HostFile* shell = host.find("/bin/sh");
    ASSERT_NE(shell, nullptr);
    EXPECT_TRUE(shell->runs_scripts);
    const HostFile* self = host.find("/proc/self/exe");
    ASSERT_NE(self, nullptr);
    EXPECT_EQ(self->why, "it would cover bailiff itself");
    EXPECT_FALSE(self->runs_scripts);
    EXPECT_NE(host.find("/etc/passwd"), nullptr);
    EXPECT_NE(host.find("/dev/null"), nullptr);
    EXPECT_EQ(host.find("/no/such/file"), nullptr);
}

TEST(OwnHost, KnowsTheProcessesAboveIt) {
    const OwnHost host = OwnHost::look();
    EXPECT_TRUE(host.uids().contains(getuid()));
    const std::string parent = "/proc/" + std::to_string(getppid()) + "/exe";
    std::error_code error;
    if (!std::filesystem::exists(parent, error))
        GTEST_SKIP() << "the parent's program cannot be looked at";
    EXPECT_NE(host.find(parent), nullptr);
}

} // namespace
} // namespace bailiff::policy
