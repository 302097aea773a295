#include "base/size.h"

#include <gtest/gtest.h>

namespace bailiff::tests {
namespace {

TEST(Size, IsANumberOfBytesOrOfABinaryUnit) {
    EXPECT_EQ(parse_size("0").value(), 0U);
    EXPECT_EQ(parse_size("1000").value(), 1000U);
    EXPECT_EQ(parse_size("512KiB").value(), 512U << 10);
    EXPECT_EQ(parse_size("64MiB").value(), 64U << 20);
    EXPECT_EQ(parse_size("4GiB").value(), std::uint64_t{4} << 30);
    EXPECT_EQ(parse_size("1TiB").value(), std::uint64_t{1} << 40);
}

TEST(Size, AnythingElseIsRefusedWithWhatWasExpected) {
    for (const char* text : {"", "MiB", "-1", "+1", "1.5GiB", "64 MiB", "64MB", "64M", "64mib",
                             "64MiBs", "0x10", " 1", "1 "})
        EXPECT_FALSE(parse_size(text)) << text;
    EXPECT_EQ(
        parse_size("64MB").error().message(),
        "expected a size such as 512KiB, 64MiB or 4GiB, or a number of bytes, found \"64MB\"");
}

TEST(Size, WhatDoesNotFitInto64BitsIsRefused) {
    EXPECT_EQ(parse_size("18446744073709551615").value(), UINT64_MAX);
    EXPECT_EQ(parse_size("16777215TiB").value(), std::uint64_t{16777215} << 40);
    EXPECT_FALSE(parse_size("18446744073709551616"));
    EXPECT_FALSE(parse_size("16777216TiB"));
}

} // namespace
} // namespace bailiff::tests
