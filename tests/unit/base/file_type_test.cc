#include "base/file_type.h"

#include <gtest/gtest.h>

namespace bailiff {
namespace {

TEST(FileTypeName, IsAWordForEachType) {
    EXPECT_EQ(file_type_name(0100644), "regular file");
    EXPECT_EQ(file_type_name(0040755), "directory");
    EXPECT_EQ(file_type_name(0120777), "symbolic link");
    EXPECT_EQ(file_type_name(0010644), "FIFO");
    EXPECT_EQ(file_type_name(0140644), "socket");
    EXPECT_EQ(file_type_name(0020644), "character device");
    EXPECT_EQ(file_type_name(0060644), "block device");
}

TEST(FileTypeName, OfAnotherTypeIsSpecialFile) {
    EXPECT_EQ(file_type_name(0644), "special file");
    EXPECT_EQ(file_type_name(0170644), "special file");
}

TEST(FileTypeName, HeedsNoPermissions) {
    EXPECT_EQ(file_type_name(0107777), "regular file");
    EXPECT_EQ(file_type_name(0040000), "directory");
}

} // namespace
} // namespace bailiff
