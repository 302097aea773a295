#include <gtest/gtest.h>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::Test;

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Load, TheShippedExampleLoads) {
    const auto policy = load(SOURCE_DIR "/policies/coding-agent.yaml");
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_EQ((*policy)->settings.agents.size(), 1U);
}

TEST(Load, JsonIsReadLikeYaml) {
    EXPECT_EQ(problem(R"({"version": 1, "profiles": [{"name": "a"}]})"), "no problem");
    EXPECT_EQ(problem(R"({"version": 1, "workspaceRoots": ["/srv"]})"), "no problem");
}

TEST(Load, AnUnknownFieldNamesItsPlaceAndTheLikelyWord) {
    EXPECT_EQ(problem("version: 1\nagnets: []\n"),
              "p.yaml:2:1: unknown field \"agnets\" (did you mean \"agents\"?)");
}

TEST(Load, AnUnknownFieldFarFromAnyWordListsTheKnownOnes) {
    EXPECT_TRUE(has(problem("version: 1\nroles: {wizard: []}\n"),
                    "p.yaml:2:9: unknown field \"wizard\"; expected one of approver, auditor"));
}

TEST(Load, AFieldThatComesTwiceIsRefused) {
    EXPECT_EQ(problem("version: 1\nmode: enforce\nmode: observe\n"),
              "p.yaml:3:1: field \"mode\" comes twice here");
}

TEST(Load, AValueOfTheWrongKindSaysWhatWasExpected) {
    EXPECT_EQ(problem("version: one\n"),
              "p.yaml:1:10: expected a whole number for \"version\", found \"one\"");
    EXPECT_EQ(problem("version: 1\nmode: enforced\n"),
              "p.yaml:2:7: expected one of enforce, observe for \"mode\", found \"enforced\"");
    EXPECT_EQ(problem("version: 1\nagents: fixer\n"),
              "p.yaml:2:9: expected a list for \"agents\", found \"fixer\"");
    EXPECT_EQ(problem("version: 1\nhost: [a]\n"),
              "p.yaml:2:7: expected a map of fields of host, found a list");
    EXPECT_TRUE(
        has(problem("version: 1\naudience:\n"), "expected a list for \"audience\", found nothing"));
    EXPECT_TRUE(has(problem("version: 1\nissuers: [{require_proof: yes}]\n"),
                    "expected true or false for \"require_proof\", found \"yes\""));
}

TEST(Load, BrokenYamlNamesLineAndColumn) {
    EXPECT_TRUE(problem("version: 1\nhost: {profiles: [a\n").starts_with("p.yaml:"));
    EXPECT_TRUE(has(problem("version: 1\nhost: {profiles: [a\n"), ": YAML: "));
    EXPECT_TRUE(has(problem("version: 1\naudience: [a\n"), "expected ] or , after an item"));
    EXPECT_TRUE(
        has(problem("version: 1\nhost: {profiles: [a]\n"), "expected } or , after a field"));
    EXPECT_TRUE(
        has(problem("version: 1\nusers:\n  - subject: a\n    presented_by: b\n   x: c\n"),
            "p.yaml:5:4: YAML: end of sequence not found; expected the items of a list in the "
            "same column"));
    for (const char* text : {"\tversion: 1\n", "version: 1\nhost:\n\tprofiles: [a]\n",
                             "version: 1\nhost:\n  profiles: [a]\n\tfoo: 1\n",
                             "version: 1\nusers:\n  - subject: a\n \tpresented_by: [b]\n"})
        EXPECT_TRUE(has(problem(text), "; expected spaces for indentation, found a tab")) << text;
    EXPECT_TRUE(has(problem(""), "expected one YAML document, found none"));
    EXPECT_TRUE(has(problem("version: 1\n---\nversion: 1\n"), "found several"));
}

TEST(Load, EveryProblemIsReportedAtOnce) {
    const std::string all = problem("version: 2\nhost: {profiles: [x]}\nworkspace_roots: [srv]\n");
    EXPECT_TRUE(has(all, "p.yaml:1:10: expected `version: 1`"));
    EXPECT_TRUE(has(all, "p.yaml:2:19: no profile is named \"x\""));
    EXPECT_TRUE(has(all, "p.yaml:3:19: expected an absolute path"));
}

TEST(Load, RulesAreChecked) {
    const auto rule = [](const std::string& text) {
        return problem("version: 1\nprofiles:\n  - name: a\n" + text);
    };
    EXPECT_TRUE(has(rule("    files: [{path: [/a]}]\n"), "p.yaml:4:14: rule needs `verdict`"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny}]\n"), "needs `path`, `name` or `suffix`"));
    EXPECT_TRUE(
        has(rule("    files: [{verdict: deny, path: [a]}]\n"), "expected an absolute path"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, path: [/a/../b]}]\n"), "with no .."));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, path: [\"/a/*\"]}]\n"), "no patterns"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, path: [\"${work}/a\"]}]\n"),
                    "unknown variable ${work}"));
    EXPECT_TRUE(
        has(rule("    files: [{verdict: deny, path: [\"/a/${home}\"]}]\n"), "may only begin"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, name: [a/b]}]\n"), "file name with no /"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, suffix: [pem]}]\n"), "expected one dot"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, suffix: [.tar.gz]}]\n"), "expected one dot"));
    EXPECT_TRUE(has(rule("    files: [{verdict: deny, rights: [connect], path: [/a]}]\n"),
                    "p.yaml:4:38: expected one of read, write, create, delete, rename, truncate, "
                    "metadata, connect_unix for \"rights\", found \"connect\""));
    EXPECT_TRUE(has(rule("    exec: [{verdict: deny, rights: [read], path: [/a]}]\n"),
                    "expected one of exec, load for \"rights\""));
    EXPECT_TRUE(has(rule("    exec: [{verdict: deny, rights: [run], path: [/a]}]\n"),
                    "expected one of exec, load for \"rights\""));
    EXPECT_TRUE(has(rule("    network: [{verdict: deny, rights: [load]}]\n"),
                    "expected one of connect, bind for \"rights\""));
    EXPECT_TRUE(
        has(rule("    network: [{verdict: deny, to: [10.0.0.1/8]}]\n"), "did you mean 10.0.0.0/8"));
    EXPECT_TRUE(has(rule("    network: [{verdict: deny, port: [0]}]\n"), "port of 1 to 65535"));
    EXPECT_TRUE(has(rule("    network: [{verdict: deny, protocol: icmp, port: [1]}]\n"),
                    "only tcp and udp"));
}

TEST(Load, MoreProfilesInUseThanThereAreBitsIsAnErrorThatSaysSo) {
    std::string profiles = "profiles:\n";
    std::string names;
    for (int i = 0; i < 256; i++) {
        profiles += "  - {name: p" + std::to_string(i) + "}\n";
        names += (i ? ", p" : "p") + std::to_string(i);
    }
    EXPECT_TRUE(has(problem("version: 1\nhost: {profiles: [" + names + "]}\n" + profiles),
                    "256 profiles are in use, counted once for each layer they are used in; at "
                    "most 255 can be"));
}

TEST(Load, AnAliasBombIsRefusedOrReadWithoutGrowing) {
    std::string text = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'k'; c++) {
        const std::string before(1, static_cast<char>(c - 1));
        text += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 9; i++) text += (i ? ",*" : "*") + before;
        text += "]\n";
    }
    EXPECT_TRUE(has(problem(text), "unknown field \"a\""));
}

TEST(Load, DeepNestingIsAnErrorAndNoCrash) {
    EXPECT_NE(problem("version: 1\nhost: " + std::string(100000, '[')), "no problem");
    EXPECT_NE(problem("version: 1\nhost: " + std::string(50000, '{')), "no problem");
}

} // namespace
} // namespace bailiff::policy::tests
