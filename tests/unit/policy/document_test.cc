// Values that the schema allows by their kind, and that are refused as they are read.
#include <gmock/gmock.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Document, AnEmptyListThatWouldMeanAnyIsRefused) {
    const auto rule = [](const std::string& text) {
        return problem("version: 1\nprofiles:\n  - {name: a, " + text + "}\n");
    };
    EXPECT_EQ(rule("network: [{verdict: allow, to: []}]"),
              "p.yaml:3:46: expected at least one item in \"to\", found an empty list; leave the "
              "field out for its default");
    EXPECT_THAT(rule("network: [{verdict: allow, port: []}]"), HasSubstr("\"port\""));
    EXPECT_THAT(rule("network: [{verdict: allow, rights: []}]"), HasSubstr("\"rights\""));
    EXPECT_THAT(rule("files: [{verdict: allow, rights: [], path: [/a]}]"), HasSubstr("\"rights\""));
    EXPECT_THAT(problem("version: 1\nusers: [{subject: a, presented_by: [b], groups: []}]\n"),
                HasSubstr("\"groups\""));
    EXPECT_THAT(problem("version: 1\ntasks: []\n"), HasSubstr("\"tasks\""));
    EXPECT_THAT(problem("version: 1\nscopes: []\n"), HasSubstr("\"scopes\""));
    EXPECT_THAT(problem("version: 1\nissuers: [{algorithms: []}]\n"), HasSubstr("\"algorithms\""));
}

TEST(Document, AnEmptyListThatMeansNoneIsOne) {
    EXPECT_EQ(problem("version: 1\nagents: [{name: a, actor: b, profiles: [], unbound: []}]\n"),
              "no problem");
    EXPECT_EQ(problem("version: 1\nissuers: []\nusers: []\nroles: {user: []}\n"), "no problem");
}

TEST(Document, AnEmptyTextIsRefused) {
    EXPECT_THAT(
        problem("version: 1\nusers: [{subject: a, issuer: \"\", presented_by: [b]}]\n"),
        StartsWith("p.yaml:2:30: expected text for \"issuer\": it is empty; leave the field "
                   "out"));
    for (const char* text :
         {"users: [{subject: a, presented_by: [\"\"]}]", "audience: [\"\"]",
          "issuers: [{max_lifetime: \"\"}]", "agents: [{name: a, actor: b, match: {uid: \"\"}}]",
          "profiles: [{name: a, network: [{verdict: allow, protocol: \"\"}]}]",
          "agents: [{name: a, actor: b, actor_issuer: \"\"}]"})
        EXPECT_THAT(problem("version: 1\n" + std::string(text) + "\n"), HasSubstr("it is empty"))
            << text;
}

TEST(Document, ControlCharactersAndWhatIsNotUtf8AreRefused) {
    const auto subject = [](const std::string& text) {
        return problem("version: 1\nusers: [{presented_by: [b], subject: \"" + text + "\"}]\n");
    };
    EXPECT_EQ(subject("user:\xc3\xa4"), "no problem");
    EXPECT_EQ(subject("a\\0b"),
              "p.yaml:2:38: expected text for \"subject\": it has a control character in it");
    EXPECT_THAT(subject("a\\nb"), HasSubstr("control character"));
    EXPECT_THAT(subject("a\\x1bb"), HasSubstr("control character"));
    EXPECT_THAT(problem("version: 1\nprofiles: [{name: a, files: [{verdict: deny, path: "
                        "[\"/etc/shadow\\0.txt\"]}]}]\n"),
                HasSubstr("control character"));
}

TEST(Document, AYamlTagIsRefused) {
    EXPECT_EQ(problem("version: 1\nmode: !foo enforce\n"),
              "p.yaml:2:7: expected a value without a tag, found the YAML tag \"!foo\"");
    EXPECT_THAT(problem("version: 1\nhost: !x {profiles: []}\n"), HasSubstr("YAML tag \"!x\""));
    EXPECT_EQ(problem("version: 1\nusers: [{subject: !!str 5, presented_by: ['7']}]\n"),
              "no problem");
}

TEST(Document, WhatIsMissingOrTooDeepHasAPlaceToo) {
    EXPECT_EQ(problem("mode: enforce\n"), "p.yaml:1:1: expected `version: 1`");
    EXPECT_THAT(problem("version: 1\nhost: " + std::string(5'000, '[')),
                HasSubstr("nested deeper than any policy is"));
    std::string profiles = "profiles:\n";
    std::string names;
    for (int i = 0; i < 257; i++) {
        profiles += "  - {name: p" + std::to_string(i) + "}\n";
        names += (i ? ", p" : "p") + std::to_string(i);
    }
    EXPECT_THAT(problem("version: 1\nhost:\n  profiles:\n    [" + names + "]\n" + profiles),
                StartsWith("p.yaml:4:1426: 257 profiles are in use"));
}

} // namespace
} // namespace bailiff::policy::tests
