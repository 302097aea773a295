#include "bailiffd/posture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bailiff::daemon {
namespace {

using testing::HasSubstr;

kernel::KernelPosture probes(bool exec, bool file) {
    kernel::KernelPosture posture;
    posture.attachment = "lsm";
    posture.families = {{"exec", exec, exec ? "" : "a probe that must be denied was not"},
                        {"file", file, file ? "" : "a probe that must be denied was not"}};
    return posture;
}

TEST(Posture, BeforeAnyProbeItIsDown) {
    EXPECT_EQ(Posture().state, "DOWN");
}

TEST(Posture, EnforcingWhenEveryFamilyDeniedItsProbe) {
    EXPECT_EQ(judge_posture(probes(true, true), false, "ok").state, "ENFORCING");
}

TEST(Posture, OneFamilyThatDidNotDenyIsNamed) {
    const Posture posture = judge_posture(probes(true, false), false, "ok");
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("file (a probe that must be denied was not)"));
    EXPECT_THAT(posture.detail, Not(HasSubstr("exec")));
}

TEST(Posture, DownWhenNoFamilyDenies) {
    EXPECT_EQ(judge_posture(probes(false, false), false, "ok").state, "DOWN");
}

TEST(Posture, ObserveIsToldAndHidesNoFailure) {
    EXPECT_EQ(judge_posture(probes(true, true), true, "ok").state, "OBSERVING");
    EXPECT_EQ(judge_posture(probes(true, false), true, "ok").state, "DEGRADED");
    EXPECT_EQ(judge_posture(probes(false, false), true, "ok").state, "DOWN");
}

TEST(Posture, AnAttachmentThatCanBeSkippedIsDegradedAndNamesTheRemedy) {
    kernel::KernelPosture weak = probes(true, true);
    weak.attachment = "fmod_ret";
    weak.sound_attachment = false;
    weak.remedy = "boot with bpf in the lsm= list";
    const Posture posture = judge_posture(weak, false, "ok");
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("fmod_ret"));
    EXPECT_EQ(posture.remedy, "boot with bpf in the lsm= list");
}

TEST(Posture, AJournalThatCannotBeWrittenIsDegradedWithItsOwnWords) {
    const Posture posture = judge_posture(probes(true, true), false, "disk full");
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("not recorded: disk full"));
}

TEST(Posture, WithoutAnAnswerFromTheKernelSideNothingIsClaimed) {
    const Posture posture =
        judge_posture(fail(ErrorCode::kUnavailable, "bailiff-kernel is gone"), false, "ok");
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("bailiff-kernel is gone"));
    EXPECT_THAT(posture.remedy, HasSubstr("bailiff-kernel"));
}

TEST(Posture, ChangesWithItsStateOrItsDetail) {
    const Posture good = judge_posture(probes(true, true), false, "ok");
    EXPECT_TRUE(good == judge_posture(probes(true, true), false, "ok"));
    EXPECT_FALSE(good == judge_posture(probes(true, false), false, "ok"));
    EXPECT_FALSE(judge_posture(probes(true, true), false, "a") ==
                 judge_posture(probes(true, true), false, "b"));
}

} // namespace
} // namespace bailiff::daemon
