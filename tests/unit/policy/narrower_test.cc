#include "policy/narrower.h"

#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A policy whose host layer has profiles `a` and `b`.
std::shared_ptr<const Policy> two(const std::string& a, const std::string& b) {
    return must_load("version: 1\nhost: {profiles: [a, b]}\nprofiles:\n  - {name: a, " + a +
                     "}\n  - {name: b, " + b + "}\n");
}

constexpr const char* kOpen = "default: {exec: allow, files: allow, network: allow}";
const std::vector<std::string> kBoth = {"host:a", "host:b"};

// Why a session of both is not narrower with `a` alone.
std::string without_b(const std::string& a, const std::string& b) {
    return why_not_narrower(*two(a, b), kBoth, {"host:a"});
}

TEST(Narrower, TheSameProfilesAre) {
    EXPECT_THAT(why_not_narrower(*two(kOpen, kOpen), kBoth, {"host:b", "host:a"}), IsEmpty());
}

TEST(Narrower, OneThatOnlyAllowsMayGo) {
    EXPECT_THAT(without_b(kOpen, std::string(kOpen) + ", files: [{verdict: allow, path: [/srv]}]"),
                IsEmpty());
    EXPECT_THAT(without_b("mode: enforce", "files: [{verdict: allow, path: [/srv]}]"), IsEmpty())
        << "both deny by default";
}

TEST(Narrower, OneThatDeniesOrRecordsMayNotGo) {
    for (const char* rule :
         {"files: [{verdict: deny, path: [/srv]}]", "files: [{verdict: audit, path: [/srv]}]",
          "files: [{verdict: deny, name: [x]}]", "exec: [{verdict: deny, suffix: [.sh]}]",
          "files: [{verdict: deny, path: [\"${workspace}\"]}]",
          "network: [{verdict: deny, to: [10.0.0.0/8]}]", "argv: [{verdict: deny, command: [rm]}]",
          "argv: [{verdict: audit, command: [rm]}]"})
        EXPECT_THAT(without_b(kOpen, std::string(kOpen) + ", " + rule), HasSubstr("host:b"))
            << rule;
}

TEST(Narrower, OneWhoseDefaultIsStricterMayNotGo) {
    EXPECT_THAT(without_b(kOpen, "default: {exec: allow, files: deny, network: allow}"),
                HasSubstr("default deny read"));
    EXPECT_THAT(without_b("mode: observe", "mode: enforce"), HasSubstr("host:b"));
    EXPECT_THAT(without_b("mode: enforce", "mode: observe"), IsEmpty());
}

TEST(Narrower, TheOneThatKillsAtTheEndMayNotGo) {
    const std::string kill = std::string(kOpen) + ", on_end: kill";
    EXPECT_THAT(without_b(kOpen, kill), HasSubstr("on_end: kill"));
    EXPECT_THAT(without_b(kill, kill), IsEmpty()) << "one is enough";
    EXPECT_THAT(without_b(kOpen, kill + ", mode: observe"), IsEmpty()) << "it never killed";
}

TEST(Narrower, ALayerThatIsGoneTakesNothingAway) {
    EXPECT_THAT(why_not_narrower(*two("mode: enforce", "mode: enforce"), kBoth, {}),
                HasSubstr("host:a"));
}

TEST(Narrower, MoreProfilesAreNot) {
    EXPECT_THAT(why_not_narrower(*two(kOpen, kOpen), {"host:a"}, kBoth), HasSubstr("host:b"));
}

} // namespace
} // namespace bailiff::policy::tests
