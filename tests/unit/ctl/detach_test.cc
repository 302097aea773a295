// bailiffctl detach up to the point where it acts; that part is tested with the kernel side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "kernel/detachment.h"
#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;

class DetachCommand : public testing::Test {
protected:
    int detach(const std::string& reason) {
        return program_.run({"--socket", folder_ / "none.sock", "detach", "--reason", reason,
                             "--pins", folder_ / "pins", "--run-dir", folder_ / "", "--state-dir",
                             folder_ / ""});
    }
    void pin() { std::filesystem::create_directories(folder_ / "pins/links_1"); }
    [[nodiscard]] bool pinned() const { return std::filesystem::exists(folder_ / "pins"); }
    [[nodiscard]] Result<kernel::Detachment> recorded() const {
        return kernel::load_detachment(folder_ / "");
    }

    Program program_;
    api::ScratchFolder folder_;
};

TEST_F(DetachCommand, WithoutAReasonNothingIsDone) {
    pin();
    EXPECT_EQ(program_.run({"detach"}), 2);
    EXPECT_EQ(detach(" "), 1);
    EXPECT_THAT(program_.err(), HasSubstr("--reason: expected 1 to 1024 bytes"));
    EXPECT_EQ(detach(std::string(1025, 'x')), 1);
    EXPECT_TRUE(pinned());
}

TEST_F(DetachCommand, DetachesAndWritesDownWhoAndWhy) {
    if (getuid() != 0) GTEST_SKIP() << "only root may detach";
    pin();
    EXPECT_EQ(detach("locked out"), 0) << program_.err();
    EXPECT_FALSE(pinned());
    EXPECT_THAT(program_.out(), HasSubstr("detached by uid 0 (root)"));
    const auto what = recorded();
    ASSERT_TRUE(what) << what.error().message();
    EXPECT_EQ(what->reason, "locked out");
    EXPECT_FALSE(what->recorded);
}

TEST_F(DetachCommand, WhereNothingIsAttachedNothingIsWrittenDown) {
    if (getuid() != 0) GTEST_SKIP() << "only root may detach";
    EXPECT_EQ(detach("locked out"), 1);
    EXPECT_THAT(program_.err(), HasSubstr("nothing is attached"));
    EXPECT_FALSE(recorded());
}

} // namespace
} // namespace bailiff::ctl
