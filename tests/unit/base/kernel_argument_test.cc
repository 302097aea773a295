#include "base/kernel_argument.h"

#include <gtest/gtest.h>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::tests {
namespace {

TEST(KernelArgument, IsAWholeWordAnywhere) {
    EXPECT_TRUE(has_argument("root=/dev/sda1 bailiff=off quiet", kOffArgument));
    EXPECT_TRUE(has_argument("bailiff=off", kOffArgument));
    EXPECT_TRUE(has_argument("quiet\tbailiff=off\n", kOffArgument));
    for (const char* other : {"", "quiet", "bailiff=on", "bailiff=offline", "nobailiff=off",
                              "x.bailiff=off", "bailiff", "bailiff= off"})
        EXPECT_FALSE(has_argument(other, kOffArgument)) << other;
}

TEST(KernelArgument, AFileWithoutItOrNoFileSwitchesNothingOff) {
    const TemporaryFolder folder;
    put_file(folder.file("cmdline"), "quiet bailiff=off\n");
    put_file(folder.file("other"), "quiet\n");
    EXPECT_TRUE(is_switched_off(folder.file("cmdline")));
    EXPECT_FALSE(is_switched_off(folder.file("other")));
    EXPECT_FALSE(is_switched_off(folder.file("none")));
}

} // namespace
} // namespace bailiff::tests
