#include "base/unix_address.h"

#include <gtest/gtest.h>

namespace bailiff {
namespace {

TEST(UnixAddress, HoldsThePathWithItsEnd) {
    const std::string longest(sizeof(sockaddr_un{}.sun_path) - 1, 'a');
    for (const std::string& path : {std::string("/run/bailiff/control.sock"), longest}) {
        const Result<sockaddr_un> address = unix_address(path);
        ASSERT_TRUE(address);
        EXPECT_EQ(address->sun_family, AF_UNIX);
        EXPECT_EQ(address->sun_path, path);
    }
}

TEST(UnixAddress, APathThatDoesNotFitIsRefused) {
    for (const std::string& path :
         {std::string(), std::string(sizeof(sockaddr_un{}.sun_path), 'a')}) {
        const Result<sockaddr_un> address = unix_address(path);
        ASSERT_FALSE(address);
        EXPECT_EQ(address.error().code(), ErrorCode::kInvalidArgument);
        EXPECT_NE(address.error().message().find("1 to 107 bytes"), std::string::npos);
    }
}

} // namespace
} // namespace bailiff
