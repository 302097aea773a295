// Which commands a rule's pattern is, as the kernel programs find it.
#include "policy/argv.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/policy/scene.h"

namespace bailiff::policy::tests {
namespace {

using ::testing::HasSubstr;
using Kind = Alternative::Kind;

// The image's commands where the host's profile denies these, one a line of YAML.
Commands commands_of(const std::vector<std::string>& denied) {
    std::string text = "version: 1\nhost: {profiles: [p]}\nprofiles:\n  - name: p\n    argv:\n";
    for (const std::string& command : denied)
        text += "      - {verdict: deny, command: " + command + "}\n";
    const auto policy = must_load(text);
    return policy == nullptr ? Commands() : policy->image.commands;
}

// How many of the patterns a command is that a shell started from /usr/bin.
std::size_t matched(const Commands& commands, const std::vector<std::string>& argv) {
    return matching(commands, {argv[0].substr(argv[0].rfind('/') + 1), Carrier::kNone, argv})
        .size();
}

constexpr const char* kForcePush = "[git, push, \"-f|--force|--force-with-lease|+*\"]";
constexpr const char* kRemoveAll = "[rm, \"-r|-R|--recursive\", \"-f|--force\"]";

TEST(Argv, AForcedPushIsFoundHoweverItIsSpelt) {
    const Commands commands = commands_of({kForcePush});
    const std::vector<std::vector<std::string>> forced = {
        {"git", "push", "--force"},
        {"git", "push", "-f"},
        {"git", "push", "-fu", "origin"},
        {"git", "push", "-uf", "origin"},
        {"git", "push", "--forc"},
        {"git", "push", "--f"},
        {"git", "push", "--force=x"},
        {"git", "push", "--force-with-lease=main:abc"},
        {"git", "push", "origin", "+main"},
        {"git", "push", "origin", "+"},
        {"git", "-C", "x", "push", "-f"},
        {"git", "--force", "push"},
        {"/usr/lib/git-core/git", "push", "-f"},
        {"git", "push", "--force=" + std::string(5000, 'x')},
    };
    for (const auto& argv : forced) EXPECT_EQ(matched(commands, argv), 1U) << argv[2];
    const std::vector<std::vector<std::string>> others = {
        {"git", "push"},
        {"git", "push", "origin", "main"},
        {"git", "push", "-u"},
        {"git", "push", "--"},
        {"git", "push", "--x-force"},
        {"git", "push", "--forces"},
        {"git", "push", "force"},
        {"git", "push", "---f"},
        {"git", "push", "main+"},
        {"git", "pushes", "-f"},
        {"git", "fetch", "-f"},
        {"echo", "git", "push", "--force"},
        {"push", "git", "-f"},
        {"git"},
    };
    for (const auto& argv : others) EXPECT_EQ(matched(commands, argv), 0U) << argv.back();
}

TEST(Argv, EachItemMustBeThere) {
    const Commands commands = commands_of({kRemoveAll});
    for (const std::vector<std::string>& argv :
         std::vector<std::vector<std::string>>{{"rm", "-rf", "x"},
                                               {"rm", "-fr", "x"},
                                               {"rm", "-r", "-f", "x"},
                                               {"rm", "x", "-f", "y", "-R"},
                                               {"rm", "-vRf", "x"},
                                               {"rm", "--recursive", "--force", "x"},
                                               {"rm", "--recurs", "--fo", "x"},
                                               {"rm", "-r", "--force"}})
        EXPECT_EQ(matched(commands, argv), 1U) << argv[1];
    for (const std::vector<std::string>& argv :
         std::vector<std::vector<std::string>>{{"rm", "-r", "x"},
                                               {"rm", "-f", "x"},
                                               {"rm", "--recursive", "x"},
                                               {"rm", "--rf"},
                                               {"rm", "--", "r", "f"},
                                               {"rm", "r", "f"},
                                               {"rm", "-"},
                                               {"rm", ""},
                                               {"rmdir", "-rf"}})
        EXPECT_EQ(matched(commands, argv), 0U) << argv[1];
}

TEST(Argv, AProgramIsKnownByItsFileAndByWhatItIsCalled) {
    const Commands commands = commands_of({kRemoveAll});
    const auto found = [&](const Command& command) { return matching(commands, command).size(); };
    EXPECT_EQ(found({"rm", Carrier::kNone, {"ls", "-rf"}}), 1U) << "called by another name";
    EXPECT_EQ(found({"tool", Carrier::kNone, {"/bin/rm", "-rf"}}), 1U)
        << "a link to many programs in one";
    EXPECT_EQ(found({"tool", Carrier::kNone, {"bin/ls", "-rf"}}), 0U);
    EXPECT_EQ(found({"rm", Carrier::kNone, {}}), 0U);
    EXPECT_EQ(found({"rm", Carrier::kNone, {"rm/", "-rf"}}), 1U);
}

TEST(Argv, ACarrierIsWhatItsArgumentsName) {
    const Commands commands = commands_of({kRemoveAll, kForcePush});
    const auto found = [&](const std::string& file, std::optional<uid_t> owner,
                           const std::vector<std::string>& argv) {
        return matching(commands, {file, carrier_of(file, owner), argv}).size();
    };
    EXPECT_EQ(found("busybox", 0, {"busybox", "rm", "-rf", "x"}), 1U);
    EXPECT_EQ(found("busybox", 0, {"busybox", "ls", "-rf", "x"}), 0U);
    EXPECT_EQ(found("toybox", std::nullopt, {"toybox", "rm", "-r", "-f"}), 1U);
    EXPECT_EQ(found("ld-linux-x86-64.so.2", 0, {"ld.so", "/usr/bin/git", "push", "-f"}), 1U);
    EXPECT_EQ(found("ld.so", 0, {"ld.so", "--library-path", "/x", "git", "push", "-f"}), 1U);
    EXPECT_EQ(found("env", 0, {"env", "/usr/bin/git", "push", "-f"}), 0U)
        << "it starts git, which is judged then";
    EXPECT_EQ(found("env", 1000, {"env", "/usr/bin/git", "push", "-f"}), 1U)
        << "not root's: it may be anything";
}

TEST(Argv, CarriersAreToldByNameAndOwner) {
    for (const char* name : {"busybox", "toybox", "coreutils", "ld-musl-x86_64.so.1", "ld.so.1"})
        EXPECT_NE(carrier_of(name, 0), Carrier::kNone) << name;
    for (const char* name : {"bash", "busybox2", "ld", "xld-", "coreutil", ""}) {
        EXPECT_EQ(carrier_of(name, 0), Carrier::kNone) << name;
        EXPECT_EQ(carrier_of(name, std::nullopt), Carrier::kNone) << name;
        EXPECT_NE(carrier_of(name, 1000), Carrier::kNone) << name;
    }
}

TEST(Argv, OnlySixteenFlagsOfAnArgumentAreLookedAt) {
    const Commands commands = commands_of({"[tar, -x]"});
    EXPECT_EQ(matched(commands, {"tar", "-" + std::string(15, 'v') + "x"}), 1U);
    EXPECT_EQ(matched(commands, {"tar", "-" + std::string(16, 'v') + "x"}), 0U);
    EXPECT_EQ(matched(commands, {"tar", "-\xc3\xa9x"}), 1U) << "other bytes are no flag";
}

TEST(Argv, AWholeArgumentIsComparedWithAll) {
    const Commands commands = commands_of({"[find, -delete]", "[dd, \"of=/dev*\"]", "[ip, a]",
                                           "[sh, \"--\"]", "[t, " + std::string(254, 'x') + "]"});
    EXPECT_EQ(matched(commands, {"find", "/", "-delete"}), 1U);
    EXPECT_EQ(matched(commands, {"find", "/", "-deleted"}), 0U);
    EXPECT_EQ(matched(commands, {"find", "/", "-delet"}), 0U);
    EXPECT_EQ(matched(commands, {"dd", "of=/dev/sda"}), 1U);
    EXPECT_EQ(matched(commands, {"dd", "of=/dev"}), 1U);
    EXPECT_EQ(matched(commands, {"dd", "of=/de"}), 0U);
    EXPECT_EQ(matched(commands, {"ip", "a"}), 1U);
    EXPECT_EQ(matched(commands, {"ip", "-a"}), 0U);
    EXPECT_EQ(matched(commands, {"ip", "a=b"}), 0U);
    EXPECT_EQ(matched(commands, {"sh", "--"}), 1U);
    EXPECT_EQ(matched(commands, {"sh", "--x"}), 0U);
    EXPECT_EQ(matched(commands, {"t", std::string(254, 'x')}), 1U);
    EXPECT_EQ(matched(commands, {"t", std::string(255, 'x')}), 0U);
}

TEST(Argv, APrefixIsOfTheWholeArgument) {
    const Commands commands = commands_of({"[c, \"-*\"]", "[d, \"12345678*\"]"});
    EXPECT_EQ(matched(commands, {"c", "--long"}), 1U);
    EXPECT_EQ(matched(commands, {"c", "x"}), 0U);
    EXPECT_EQ(matched(commands, {"d", "12345678"}), 1U);
    EXPECT_EQ(matched(commands, {"d", "1234567"}), 0U);
}

TEST(Argv, AnItemIsAlternatives) {
    EXPECT_EQ(*parse_argument("b|-a|b|--c|+*|-ab"),
              (std::vector<Alternative>{{Kind::kFlag, "a"},
                                        {Kind::kOption, "--c"},
                                        {Kind::kPrefix, "+"},
                                        {Kind::kWhole, "-ab"},
                                        {Kind::kWhole, "b"}}));
    EXPECT_EQ(*parse_argument("-"), (std::vector<Alternative>{{Kind::kWhole, "-"}}));
    EXPECT_EQ(*parse_argument("--"), (std::vector<Alternative>{{Kind::kWhole, "--"}}));
    EXPECT_EQ(*parse_argument("-\xc3\xa9"),
              (std::vector<Alternative>{{Kind::kWhole, "-\xc3\xa9"}}));
    EXPECT_EQ(*parse_program("pip3|pip"),
              (std::vector<Alternative>{{Kind::kProgram, "pip"}, {Kind::kProgram, "pip3"}}));
    const auto option = words_of({Kind::kOption, "--all"});
    EXPECT_EQ(option, (std::vector<CommandWord>{{BAILIFF_WORD_WHOLE, "--a"},
                                                {BAILIFF_WORD_WHOLE, "--al"},
                                                {BAILIFF_WORD_WHOLE, "--all"}}));
    EXPECT_TRUE(words_of({Kind::kFlag, "f"}).empty());
}

std::string problem_of(const std::string& command) {
    return problem("version: 1\nprofiles:\n  - {name: a, argv: [{verdict: deny, command: " +
                   command + "}]}\n");
}

TEST(Argv, AProgramIsAFileName) {
    EXPECT_EQ(problem_of("[a.out]"), "no problem");
    EXPECT_EQ(problem_of("[" + std::string(62, 'x') + "]"), "no problem");
    for (const std::string& wrong :
         {std::string("/bin/rm"), std::string("bin/rm"), std::string("r*"), std::string("-rm"),
          std::string("."), std::string(".."), std::string("rm|/x"), std::string(255, 'x')})
        EXPECT_THAT(problem_of("[\"" + wrong + "\"]"),
                    HasSubstr("p.yaml:3:48: expected the file name of a program, with no / and no "
                              "*, that begins with no -, of 1 to 62 bytes, found \""))
            << wrong;
    EXPECT_EQ(problem_of("[\"rm|\"]"),
              "p.yaml:3:48: expected the file name of a program, with no / and no *, that begins "
              "with no -, of 1 to 62 bytes, found \"\"");
}

TEST(Argv, AnItemThatCannotBeMeantIsRefused) {
    const auto item = [](const std::string& text) { return problem_of("[g, \"" + text + "\"]"); };
    for (const char* empty : {"|a", "a|", "a||b", "|"})
        EXPECT_EQ(item(empty), "p.yaml:3:51: expected a word on each side of |, found none");
    EXPECT_THAT(item(""), HasSubstr("p.yaml:3:51: expected text for \"command\": it is empty"));
    EXPECT_EQ(item("a*b"),
              "p.yaml:3:51: expected * at the end only, where it stands for any ending, found "
              "\"a*b\"");
    EXPECT_EQ(item("**"),
              "p.yaml:3:51: expected * at the end only, where it stands for any ending, found "
              "\"**\"");
    EXPECT_EQ(item("*"), "p.yaml:3:51: expected 1 to 8 bytes before *, found 0 in \"*\"");
    EXPECT_EQ(item("123456789*"),
              "p.yaml:3:51: expected 1 to 8 bytes before *, found 9 in \"123456789*\"");
    EXPECT_EQ(item("--fo*"),
              "p.yaml:3:51: a long option takes no *: its abbreviations, and what follows = in an "
              "argument, count already; found \"--fo*\"");
    EXPECT_EQ(item("--force=x"),
              "p.yaml:3:51: what follows = in a long option is not looked at: expected the option "
              "alone, found \"--force=x\"");
    EXPECT_EQ(item(std::string(254, 'x')), "no problem");
    EXPECT_EQ(item(std::string(255, 'x')),
              "p.yaml:3:51: expected a word of at most 254 bytes, found 255");
    EXPECT_EQ(problem_of("[]"),
              "p.yaml:3:23: rule needs `command`: a program and what is among its arguments");
}

TEST(Argv, ARuleOnlyTakesAway) {
    const auto rule = [](const std::string& text) {
        return problem("version: 1\nprofiles:\n  - {name: a, argv: [{" + text + "}]}\n");
    };
    for (const char* verdict : {"deny", "hold", "audit"})
        EXPECT_EQ(rule("verdict: " + std::string(verdict) + ", command: [rm]"), "no problem");
    EXPECT_EQ(rule("verdict: allow, command: [rm]"),
              "p.yaml:3:32: an argv rule only takes away: expected deny, hold or audit; which "
              "programs may run is said by exec");
    EXPECT_EQ(rule("command: [rm]"), "p.yaml:3:23: rule needs `verdict`: deny, hold or audit");
    EXPECT_EQ(rule("verdict: deny"),
              "p.yaml:3:23: rule needs `command`: a program and what is among its arguments");
}

} // namespace
} // namespace bailiff::policy::tests
