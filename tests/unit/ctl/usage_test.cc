#include "ctl/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bailiff/version.h"
#include "tests/unit/ctl/program.h"

namespace bailiff::ctl {
namespace {

using testing::HasSubstr;

TEST(Usage, AnUnknownCommandIsNamed) {
    const Program program;
    EXPECT_EQ(program.run({"frob"}), 2);
    EXPECT_EQ(program.err(), "bailiffctl: unknown command \"frob\" (see bailiffctl --help)\n");
    EXPECT_EQ(program.run({"session", "frob"}), 2);
    EXPECT_EQ(program.err(),
              "bailiffctl: unknown command \"session frob\" (see bailiffctl --help)\n");
    EXPECT_EQ(program.run({"whoami", "frob"}), 2);
    EXPECT_THAT(program.err(), HasSubstr("frob"));
    EXPECT_EQ(program.run({"a\nb"}), 2);
    EXPECT_THAT(program.err(), HasSubstr("\"a\\x0ab\""));
}

TEST(Usage, NoCommandIsSaid) {
    const Program program;
    EXPECT_EQ(program.run({}), 2);
    EXPECT_THAT(program.err(), HasSubstr("subcommand"));
}

TEST(Usage, TheVersionIsTold) {
    const Program program;
    EXPECT_EQ(program.run({"--version"}), 0);
    EXPECT_EQ(program.out(), std::string(BAILIFF_VERSION) + "\n");
}

TEST(Usage, RunTellsWhereTheCommandStands) {
    const Program program;
    EXPECT_EQ(program.run({"run", "--help"}), 0);
    EXPECT_THAT(program.out(), HasSubstr("bailiffctl run [OPTIONS] -- COMMAND [ARGUMENTS]\n"));
}

TEST(Usage, EvalAsksInWholeSentences) {
    const Program program;
    EXPECT_EQ(program.run({"policy", "eval", "--help"}), 0);
    EXPECT_THAT(program.out(), HasSubstr("May it change the metadata of this path"));
}

} // namespace
} // namespace bailiff::ctl
