// Posture: what bailiff-kernel says of itself when somebody takes away what it stands on.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "kernel/canary.h"
#include "kernel/client.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

class PostureOf : public Scene {
protected:
    static kernel::WirePosture look() {
        const Result<kernel::WirePosture> posture = kernel::run_canaries(programs());
        EXPECT_TRUE(posture) << (posture ? "" : posture.error().message());
        return posture ? *posture : kernel::WirePosture{};
    }
    static std::size_t enforcing(const kernel::WirePosture& posture) {
        std::size_t count = 0;
        for (const std::uint32_t family : posture.enforcing) count += family;
        return count;
    }
    static std::string remedy(const kernel::WirePosture& posture) {
        return kernel::explain_posture(posture).remedy;
    }
    static std::string links() {
        return options().pin_root + "/links_" + std::to_string(programs().generation());
    }
    static std::size_t entries(const std::string& folder) {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }
    // False where the kernel does not take the value.
    static bool set(const std::string& sysctl, const std::string& value) {
        std::ofstream file("/proc/sys/kernel/" + sysctl);
        return static_cast<bool>(file << value << std::flush);
    }
    static std::string get(const std::string& sysctl) {
        std::string value;
        std::ifstream("/proc/sys/kernel/" + sysctl) >> value;
        return value;
    }
};

TEST_F(PostureOf, AllFamiliesEnforceToBeginWith) {
    const kernel::WirePosture posture = look();
    EXPECT_EQ(enforcing(posture), kernel::kFamilyNames.size()) << kernel::describe(posture);
    EXPECT_EQ(posture.mended_pins + posture.unpinned_pins, 0U) << posture.pins;
}

TEST_F(PostureOf, WithFtraceSwitchedOffNothingEnforcesAndItSaysHowToMendThat) {
    if (!set("ftrace_enabled", "0") || get("ftrace_enabled") != "0")
        GTEST_SKIP() << "this kernel does not switch ftrace off";
    const kernel::WirePosture off = look();
    EXPECT_TRUE(set("ftrace_enabled", "1"));
    EXPECT_EQ(enforcing(off), 0U) << kernel::describe(off);
    EXPECT_FALSE(kernel::all_enforcing(off));
    EXPECT_NE(kernel::describe(off).find("kernel.ftrace_enabled is 0"), std::string::npos);
    EXPECT_NE(remedy(off).find("sysctl kernel.ftrace_enabled=1"), std::string::npos);
    EXPECT_EQ(enforcing(look()), kernel::kFamilyNames.size()) << "switched on again";
}

TEST_F(PostureOf, PinsThatWereRemovedAreMadeAgainAndNamed) {
    ASSERT_TRUE(fs::remove(links() + "/file_open"));
    ASSERT_TRUE(fs::remove(options().pin_root + "/maps/tasks"));
    const kernel::WirePosture posture = look();
    EXPECT_EQ(posture.mended_pins, 2U);
    EXPECT_STREQ(posture.pins, "file_open, map tasks");
    EXPECT_TRUE(fs::exists(links() + "/file_open"));
    EXPECT_TRUE(fs::exists(options().pin_root + "/maps/tasks"));
    EXPECT_EQ(look().mended_pins, 0U);
}

TEST_F(PostureOf, AllPinsAreMadeAgainWithTheirFolders) {
    const std::size_t links_before = entries(links());
    const std::size_t maps_before = entries(options().pin_root + "/maps");
    fs::remove_all(options().pin_root);
    const kernel::WirePosture posture = look();
    EXPECT_EQ(posture.mended_pins, links_before + maps_before);
    EXPECT_EQ(entries(links()), links_before);
    EXPECT_EQ(entries(options().pin_root + "/maps"), maps_before);
    EXPECT_TRUE(std::string(posture.pins).ends_with("...")) << "too many to name";
}

TEST_F(PostureOf, WhereNothingCanBePinnedItSaysThatEnforcementEndsWithBailiffKernel) {
    ASSERT_EQ(mount("tmpfs", options().pin_root.c_str(), "tmpfs", 0, nullptr), 0)
        << strerror(errno);
    const kernel::WirePosture posture = look();
    EXPECT_EQ(umount(options().pin_root.c_str()), 0) << strerror(errno);
    EXPECT_EQ(posture.unpinned_pins, entries(links()) + entries(options().pin_root + "/maps"));
    EXPECT_EQ(enforcing(posture), kernel::kFamilyNames.size()) << "they are attached all the same";
    EXPECT_FALSE(kernel::all_enforcing(posture));
    EXPECT_NE(remedy(posture).find("bpffs"), std::string::npos);
    EXPECT_EQ(look().unpinned_pins, 0U);
}

// New maps would not know who is a subject.
TEST_F(PostureOf, WithoutThePinnedTasksNobodyTakesOver) {
    ASSERT_TRUE(fs::remove(options().pin_root + "/maps/tasks"));
    const Result<kernel::Programs> other = kernel::start(options());
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message().find("maps/tasks was removed"), std::string::npos)
        << other.error().message();
    EXPECT_EQ(look().mended_pins, 1U);
}

// The addresses in kallsyms tell where rename_lock is; 2 hides them from every process.
TEST_F(PostureOf, WithAllAddressesHiddenNobodyTakesOverAndItSaysHowToMendThat) {
    const std::string before = get("kptr_restrict");
    ASSERT_TRUE(set("kptr_restrict", "2"));
    const Result<kernel::Programs> other = kernel::start(options());
    EXPECT_TRUE(set("kptr_restrict", before));
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message().find("sysctl kernel.kptr_restrict=1"), std::string::npos)
        << other.error().message();
    EXPECT_EQ(enforcing(look()), kernel::kFamilyNames.size()) << "those in force go on";
}

// Whether a kernel with dynamic preemption preempts programs is told in debugfs alone.
TEST_F(PostureOf, WithoutDebugfsAKernelThatMayPreemptIsTakenForOneThatDoes) {
    if (look().preemptible != 0) GTEST_SKIP() << "this kernel preempts programs as it is";
    ASSERT_EQ(umount2("/sys/kernel/debug", MNT_DETACH), 0) << strerror(errno);
    const kernel::WirePosture posture = look();
    EXPECT_EQ(mount("debugfs", "/sys/kernel/debug", "debugfs", 0, nullptr), 0) << strerror(errno);
    EXPECT_EQ(posture.preemptible, 1U);
    const kernel::KernelPosture explained = kernel::explain_posture(posture);
    if (posture.attachment != 0) {
        EXPECT_FALSE(explained.sound_attachment);
        EXPECT_FALSE(kernel::all_enforcing(posture));
        EXPECT_NE(explained.remedy.find("lsm="), std::string::npos) << explained.remedy;
    } else {
        EXPECT_EQ(explained.sound_attachment, posture.storage_busy == 0);
    }
    EXPECT_EQ(look().preemptible, 0U);
}

} // namespace
} // namespace bailiff::tests
