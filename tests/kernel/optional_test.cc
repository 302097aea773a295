// Programs that bailiff can do without: where the kernel does not take one, no session is opened
// and the posture says what is missing, until somebody accepts that.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "kernel/client.h"
#include "kernel/detach.h"
#include "kernel/enrolment.h"
#include "kernel/optional.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

const std::string kPins = "/sys/fs/bpf/bailiff_optional";
const std::string kRunFolder = "/run/bailiff-optional";

class Optional : public Scene {
protected:
    void TearDown() override { EXPECT_TRUE(kernel::remove_pins(kPins)); }

    static std::set<std::string> all() {
        std::set<std::string> names;
        for (const kernel::OptionalProgram& program : kernel::optional_programs())
            names.insert(std::string(program.name));
        return names;
    }
};

TEST_F(Optional, WithoutAnyOfThemTheProbesAreDeniedAndThePostureNamesThem) {
    kernel::Options options;
    options.pin_root = kPins;
    options.without = all();
    Result<kernel::Programs> programs = kernel::start(options);
    ASSERT_TRUE(programs) << programs.error().message();
    EXPECT_TRUE(programs->missing().empty());
    for (const std::string& name : programs->attached())
        EXPECT_FALSE(options.without.contains(name)) << name;
    const Result<kernel::WirePosture> posture = kernel::run_canaries(*programs);
    ASSERT_TRUE(posture) << posture.error().message();
    for (std::size_t i = 0; i < kernel::kFamilyNames.size(); i++)
        EXPECT_EQ(posture->enforcing[i], 1U) << kernel::kFamilyNames[i];
    EXPECT_FALSE(kernel::all_enforcing(*posture));
    EXPECT_NE(kernel::describe(*posture).find("not loaded, by --without: file_fcntl, "),
              std::string::npos)
        << kernel::describe(*posture);
}

TEST_F(Optional, WhereTheKernelRefusesOneNoSessionIsOpenedUntilThatIsAccepted) {
    const pid_t server = fork();
    ASSERT_GE(server, 0);
    if (server == 0) {
        const auto path = fs::read_symlink("/proc/self/exe").parent_path();
        execl((path / "bailiff_kernel_one_refused").c_str(), "bailiff-kernel", "--pins",
              kPins.c_str(), "--run-dir", kRunFolder.c_str(), "--daemon-user", "root", nullptr);
        _exit(127);
    }
    const auto is_up = [] { return fs::exists(kRunFolder + "/kernel.sock"); };
    int state = 0;
    for (int i = 0; i < 6000 && !is_up() && waitpid(server, &state, WNOHANG) == 0; i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_TRUE(is_up()) << "it ended with status " << WEXITSTATUS(state);
    const auto client = kernel::Client::connect(kRunFolder);
    ASSERT_TRUE(client) << client.error().message();
    const auto pid = static_cast<std::uint32_t>(getpid());
    const auto started = kernel::process_start_time(pid);
    ASSERT_TRUE(started);
    const auto enrolled = (*client)->enrol(pid, *started, 1, 1);
    ASSERT_FALSE(enrolled);
    EXPECT_EQ(enrolled.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(enrolled.error().message().find("bailiff-kernel --without path_notify accepts that"),
              std::string::npos)
        << enrolled.error().message();
    const auto posture = (*client)->posture();
    ASSERT_TRUE(posture) << posture.error().message();
    for (const kernel::FamilyPosture& family : posture->families)
        EXPECT_EQ(family.enforcing, family.family != "file") << family.family;
    kill(server, SIGKILL);
    waitpid(server, &state, 0);
}

TEST_F(Optional, WhatIsInForceIsNotReplacedByProgramsOfWhichOneIsRefused) {
    int status = 0;
    const std::string said =
        run_beside("bailiff_kernel_one_refused --once --pins " + options().pin_root, status);
    EXPECT_EQ(status, 1) << said;
    EXPECT_NE(said.find("--without path_notify accepts that"), std::string::npos) << said;
    EXPECT_NE(said.find(" stay"), std::string::npos) << said;
}

} // namespace
} // namespace bailiff::tests
