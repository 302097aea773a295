#include "ctl/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bailiff::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Arguments, WhatStandsBehindTheFirstDashesIsTheCommand) {
    const char* argv[] = {"bailiffctl", "run", "--task", "t", "--", "git", "--", "[a,b]", ""};
    const Arguments arguments = split_arguments(9, argv);
    EXPECT_THAT(arguments.ours, ElementsAre("run", "--task", "t"));
    EXPECT_THAT(arguments.command, ElementsAre("git", "--", "[a,b]", ""));
    EXPECT_TRUE(arguments.has_command);
}

TEST(Arguments, WithoutDashesThereIsNoCommand) {
    const char* argv[] = {"bailiffctl", "status"};
    const Arguments arguments = split_arguments(2, argv);
    EXPECT_THAT(arguments.ours, ElementsAre("status"));
    EXPECT_THAT(arguments.command, IsEmpty());
    EXPECT_FALSE(arguments.has_command);
}

} // namespace
} // namespace bailiff::ctl
