#include "policy/address.h"

#include <gtest/gtest.h>

namespace bailiff::policy {
namespace {

TEST(Address, AnIPv4BlockKeepsItsText) {
    EXPECT_EQ(parse_prefix("10.0.0.0/8")->text(), "10.0.0.0/8");
    EXPECT_EQ(parse_prefix("127.0.0.1")->text(), "127.0.0.1/32");
    EXPECT_EQ(parse_prefix("fd00::/8")->text(), "fd00::/8");
}

TEST(Address, EverythingOfIPv6DoesNotCoverIPv4) {
    EXPECT_FALSE(all_v6().covers(all_v4()));
    EXPECT_FALSE(all_v6().covers(*parse_prefix("10.0.0.1")));
    EXPECT_TRUE(all_v6().covers(*parse_prefix("2001:db8::1")));
    EXPECT_TRUE(all_v4().covers(*parse_prefix("::ffff:10.0.0.1")));
}

TEST(Address, BitsBeyondThePrefixAreRefusedWithWhatWasMeant) {
    const auto prefix = parse_prefix("10.1.2.3/8");
    ASSERT_FALSE(prefix);
    EXPECT_NE(prefix.error().message().find("did you mean 10.0.0.0/8"), std::string::npos);
}

TEST(Address, GarbageIsRefused) {
    for (const char* text : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "::1/129", "host", "1/8",
                             "10.0.0.0/-1", "10.0.0.0/8x"})
        EXPECT_FALSE(parse_prefix(text)) << text;
}

TEST(Address, ProtocolsAreNamesOrNumbers) {
    EXPECT_EQ(*parse_protocol("tcp"), 6);
    EXPECT_EQ(*parse_protocol("132"), 132);
    EXPECT_EQ(*parse_protocol(""), 0);
    for (const char* text : {"tpc", "0", "256", "-1"}) EXPECT_FALSE(parse_protocol(text)) << text;
}

} // namespace
} // namespace bailiff::policy
