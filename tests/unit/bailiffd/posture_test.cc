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
    EXPECT_EQ(judge_posture(probes(true, true), false, {}).state, "ENFORCING");
}

TEST(Posture, OneFamilyThatDidNotDenyIsNamed) {
    const Posture posture = judge_posture(probes(true, false), false, {});
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("file (a probe that must be denied was not)"));
    EXPECT_THAT(posture.detail, Not(HasSubstr("exec")));
}

TEST(Posture, DownWhenNoFamilyDenies) {
    EXPECT_EQ(judge_posture(probes(false, false), false, {}).state, "DOWN");
}

TEST(Posture, ADetachmentIsTheReasonWhileTheKernelSideIsSilent) {
    const Result<kernel::KernelPosture> silent = fail(ErrorCode::kUnavailable, "no answer");
    EXPECT_EQ(judge_posture(silent, false, {}).state, "DEGRADED");
    const Posture posture = judge_posture(silent, false, {}, "detached by uid 0 (root)");
    EXPECT_EQ(posture.state, "DOWN");
    EXPECT_THAT(posture.detail, HasSubstr("detached by uid 0 (root); nothing is enforced"));
    EXPECT_THAT(posture.remedy, HasSubstr("restart"));
    EXPECT_EQ(judge_posture(probes(true, true), false, {}, "detached by x").state, "ENFORCING")
        << "it explains, and decides nothing";
}

TEST(Posture, ObserveIsToldAndHidesNoFailure) {
    EXPECT_EQ(judge_posture(probes(true, true), true, {}).state, "OBSERVING");
    EXPECT_EQ(judge_posture(probes(true, false), true, {}).state, "DEGRADED");
    EXPECT_EQ(judge_posture(probes(false, false), true, {}).state, "DOWN");
}

TEST(Posture, AnAttachmentThatCanBeSkippedIsDegradedAndNamesTheRemedy) {
    kernel::KernelPosture weak = probes(true, true);
    weak.attachment = "fmod_ret";
    weak.sound_attachment = false;
    weak.remedy = "boot with bpf in the lsm= list";
    const Posture posture = judge_posture(weak, false, {});
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("fmod_ret"));
    EXPECT_EQ(posture.remedy, "boot with bpf in the lsm= list");
}

TEST(Posture, AJournalThatCannotBeWrittenIsDegradedWithItsOwnWords) {
    const Posture posture = judge_posture(probes(true, true), false, {.journal = "disk full"});
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("not recorded: disk full"));
}

TEST(Posture, AJournalThatCannotBeWrittenIsToldBesideAnyOtherReason) {
    const Writing full{.journal = "disk full"};
    const Posture unproven =
        judge_posture(fail(ErrorCode::kUnavailable, "bailiff-kernel is gone"), false, full);
    EXPECT_THAT(unproven.detail, HasSubstr("bailiff-kernel is gone"));
    EXPECT_THAT(unproven.detail, HasSubstr("not recorded: disk full"));
    EXPECT_THAT(unproven.remedy, HasSubstr("bailiff-kernel"));
    EXPECT_THAT(unproven.remedy, HasSubstr("make room"));
    const Posture partly = judge_posture(probes(true, false), false, full);
    EXPECT_THAT(partly.detail, HasSubstr("file (a probe"));
    EXPECT_THAT(partly.detail, HasSubstr("not recorded: disk full"));
    const Posture observing = judge_posture(probes(true, true), true, full);
    EXPECT_EQ(observing.state, "DEGRADED");
    EXPECT_THAT(observing.detail, HasSubstr("mode observe"));
    EXPECT_THAT(observing.detail, HasSubstr("not recorded: disk full"));
    EXPECT_EQ(judge_posture(probes(false, false), false, full).state, "DOWN");
}

TEST(Posture, TokensWhoseUseCannotBeRecordedOpenNothingAndThatIsSaid) {
    const Posture posture =
        judge_posture(probes(true, true), false, {.used_tokens = "no space left"});
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_EQ(posture.detail, "enforced; no session can be opened: no space left");
}

TEST(Posture, WithoutAnAnswerFromTheKernelSideNothingIsClaimed) {
    const Posture posture =
        judge_posture(fail(ErrorCode::kUnavailable, "bailiff-kernel is gone"), false, {});
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("bailiff-kernel is gone"));
    EXPECT_THAT(posture.remedy, HasSubstr("bailiff-kernel"));
}

TEST(Posture, PinsThatCannotBeMadeAgainAreDegraded) {
    kernel::KernelPosture loose = probes(true, true);
    loose.unpinned_pins = 2;
    loose.pins = "file_open, map tasks";
    const Posture posture = judge_posture(loose, false, {});
    EXPECT_EQ(posture.state, "DEGRADED");
    EXPECT_THAT(posture.detail, HasSubstr("2 pins are gone and cannot be made again: file_open, "));
    EXPECT_EQ(describe_pins(loose, "ok", "noon"), "2 are missing: file_open, map tasks");
}

TEST(Posture, MendedPinsAreNoLessEnforcedAndStayTold) {
    kernel::KernelPosture mended = probes(true, true);
    mended.mended_pins = 1;
    mended.pins = "file_open";
    EXPECT_EQ(judge_posture(mended, false, {}).state, "ENFORCING");
    const std::string told = describe_pins(mended, "ok", "noon");
    EXPECT_EQ(told, "1 had been removed, made again noon: file_open");
    EXPECT_EQ(describe_pins(probes(true, true), told, "later"), told);
    EXPECT_THAT(mended_text(mended), HasSubstr("made again: file_open"));
}

TEST(Posture, PinsAreOkAgainWhenNoneIsMissing) {
    EXPECT_EQ(describe_pins(probes(true, true), "ok", "noon"), "ok");
    EXPECT_EQ(describe_pins(probes(true, true), "2 are missing: a, b", "noon"), "ok");
}

TEST(Posture, ChangesWithItsStateOrItsDetail) {
    const Posture good = judge_posture(probes(true, true), false, {});
    EXPECT_TRUE(good == judge_posture(probes(true, true), false, {}));
    EXPECT_FALSE(good == judge_posture(probes(true, false), false, {}));
    EXPECT_FALSE(judge_posture(probes(true, true), false, {.journal = "a"}) ==
                 judge_posture(probes(true, true), false, {.journal = "b"}));
}

} // namespace
} // namespace bailiff::daemon
