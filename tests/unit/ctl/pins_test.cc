#include "ctl/pins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "kernel/detachment.h"
#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kBoot = 10'000 * kSecond;
constexpr std::int64_t kUnix = 1'700'000'000'000'000'000; // 2023-11-14T22:13:20Z

kernel::PinnedSession session(std::uint8_t first, std::uint64_t expires_at) {
    kernel::PinnedSession session;
    session.id[0] = first;
    session.expires_at = expires_at;
    session.subjects = 1;
    return session;
}

kernel::Pins loaded() {
    kernel::Pins pins;
    pins.links = 21;
    pins.maps = true;
    pins.policy = true;
    pins.loaded_at = kBoot - 7200 * kSecond;
    return pins;
}

std::string text_of(const kernel::Pins& pins) {
    const Result<std::string> text = pins_text(pins, kBoot, kUnix);
    return text ? *text : "refused: " + text.error().message();
}

TEST(Pins, WhatStillDecidesIsSaidWithItsAge) {
    kernel::Pins pins = loaded();
    pins.denied = 17;
    pins.events_lost = 2;
    EXPECT_EQ(text_of(pins),
              "bailiffd does not answer; its programs are pinned and attached, and go on deciding\n"
              "links       21 pinned\n"
              "loaded      since 2023-11-14T20:13:20.000Z, 2 h ago\n"
              "mode        enforce\n"
              "policy      loaded\n"
              "sessions    0 active\n"
              "denials     17, 2 events lost\n");
}

TEST(Pins, LinksThatAreGoneAreNamedWithTheRemedy) {
    kernel::Pins pins = loaded();
    pins.attached = 23;
    pins.missing = {"file_open", "inode_unlink"};
    EXPECT_THAT(text_of(pins), HasSubstr("links       21 of 23 pinned\n"
                                         "missing     file_open, inode_unlink\n"));
    EXPECT_THAT(text_of(pins), HasSubstr("remedy      systemctl restart bailiff-kernel"));
    pins.missing.clear();
    EXPECT_THAT(text_of(pins), HasSubstr("links       21 pinned\nloaded"));
}

TEST(Pins, LinksOfAnUnfinishedStartAreToldApart) {
    kernel::Pins pins = loaded();
    pins.attached = 21;
    pins.other_links = 7;
    EXPECT_THAT(text_of(pins),
                HasSubstr("links       21 pinned, 7 more of a start that was not finished\n"));
}

TEST(Pins, WhereAllLinksWereRemovedNothingIsInForce) {
    kernel::Pins pins = loaded();
    pins.links = 0;
    pins.attached = 23;
    EXPECT_THAT(text_of(pins),
                StartsWith("refused: nothing is enforced: all 23 links were removed"));
    pins.other_links = 1;
    EXPECT_THAT(text_of(pins), StartsWith("bailiffd does not answer"));
}

TEST(Pins, SessionsAreSortedByTheTimeTheyHaveLeft) {
    kernel::Pins pins = loaded();
    pins.sessions = {session(1, kBoot + 600 * kSecond), session(2, kBoot + 90 * kSecond),
                     session(3, kBoot)};
    const std::string text = text_of(pins);
    EXPECT_THAT(text, HasSubstr("sessions    2 active, 1 expired, the next expires in 1 min 30 s\n"
                                "            " +
                                session_name(pins.sessions[2].id) +
                                "  expired  all it does is denied\n"
                                "            " +
                                session_name(pins.sessions[1].id) +
                                "  active   1 min 30 s left\n"
                                "            " +
                                session_name(pins.sessions[0].id) + "  active   10 min left\n"));
}

TEST(Pins, OnlyExpiredSessionsHaveNoNextExpiry) {
    kernel::Pins pins = loaded();
    pins.sessions = {session(3, kBoot - 1)};
    EXPECT_THAT(text_of(pins), HasSubstr("sessions    0 active, 1 expired\n"));
}

TEST(Pins, ASessionThatNoSubjectNamesIsShownAsSuch) {
    kernel::Pins pins = loaded();
    pins.sessions = {session(1, kBoot + kSecond)};
    pins.sessions[0].subjects = 0;
    EXPECT_THAT(text_of(pins), HasSubstr("  active   1 s left, no subject\n"));
}

TEST(Pins, ModeObserveAndAMissingPolicyAreTold) {
    kernel::Pins pins = loaded();
    pins.observe = true;
    pins.policy = false;
    EXPECT_THAT(text_of(pins), HasSubstr("mode        observe: nothing is denied\n"
                                         "policy      none loaded: subjects get nothing\n"));
}

TEST(Pins, MapsOfAnotherVersionAreNotInterpreted) {
    kernel::Pins pins = loaded();
    pins.other_version = true;
    EXPECT_THAT(text_of(pins), HasSubstr("maps        of another version"));
    EXPECT_THAT(text_of(pins), Not(HasSubstr("mode")));
}

TEST(Pins, MapsWithoutLinksAreNothingInForce) {
    kernel::Pins pins = loaded();
    pins.links = 0;
    EXPECT_THAT(text_of(pins), StartsWith("refused: nothing is loaded: maps of an earlier run"));
}

TEST(Pins, ADetachmentComesBeforeWhatWasFound) {
    const api::ScratchFolder folder;
    EXPECT_THAT(why_nothing(folder / "", "no folder"), StartsWith("nothing is loaded: no folder;"));
    ASSERT_TRUE(kernel::save_detachment(folder / "", {"now", "uid 0 (root)", "locked out"}));
    EXPECT_THAT(why_nothing(folder / "", "no folder"),
                StartsWith("detached by uid 0 (root) at now: locked out; nothing is enforced"));
}

TEST(ReadPins, AFolderThatIsNotThereIsNotFound) {
    const api::ScratchFolder scratch;
    const Result<kernel::Pins> pins = kernel::read_pins(scratch / "absent");
    ASSERT_FALSE(pins);
    EXPECT_EQ(pins.error().code(), ErrorCode::kNotFound);
}

TEST(ReadPins, AnEmptyFolderIsNotFound) {
    const api::ScratchFolder scratch;
    const Result<kernel::Pins> pins = kernel::read_pins(scratch / "");
    ASSERT_FALSE(pins);
    EXPECT_EQ(pins.error().code(), ErrorCode::kNotFound);
}

TEST(ReadPins, LinksOfEveryGenerationCount) {
    const api::ScratchFolder scratch;
    for (const char* generation : {"links_1", "links_2"}) {
        std::filesystem::create_directory(scratch / generation);
        std::ofstream(scratch / (std::string(generation) + "/file_open")) << "";
    }
    const Result<kernel::Pins> pins = kernel::read_pins(scratch / "");
    ASSERT_TRUE(pins) << pins.error().message();
    EXPECT_EQ(pins->links, 2U);
    EXPECT_FALSE(pins->maps);
    EXPECT_THAT(text_of(*pins), HasSubstr("maps        not pinned"));
}

TEST(StatusCommand, WithNeitherDaemonNorPinsIs2) {
    if (kernel::read_pins(kernel::kPinRoot)) GTEST_SKIP() << "this host has pins of bailiff";
    const Program program;
    EXPECT_EQ(program.run({"--socket", "/no/such/socket", "status"}), 2);
    EXPECT_THAT(program.err(), HasSubstr("bailiffd does not answer at /no/such/socket"));
    EXPECT_THAT(program.out() + program.err(),
                testing::AnyOf(HasSubstr("DOWN: nothing is loaded"), HasSubstr("DOWN: detached"),
                               HasSubstr("only root may read")));
}

} // namespace
} // namespace bailiff::ctl
