#include "base/sha256.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cctype>

#include "base/unique_fd.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff {
namespace {

// FIPS 180-2 appendix B.
TEST(Sha256Test, VectorsOfTheStandardAreMet) {
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, EmptyTextHasADigest) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Test, HexIsLowerCaseAndKeepsZeros) {
    EXPECT_EQ(hex(std::string_view("\x00\x0a\xff", 3)), "000aff");
}

TEST(Sha256Test, ADescriptorIsReadToItsEnd) {
    tests::TemporaryFolder folder;
    tests::put_file(folder.file("f"), std::string(1'000'000, 'a'));
    const UniqueFd fd(open(folder.file("f").c_str(), O_RDONLY));
    EXPECT_EQ(hex(sha256_of(fd.get()).value()),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_FALSE(sha256_of(-1));
}

TEST(Sha256Test, ADigestIsReadFromItsDigitsAlone) {
    const std::string text = hex(sha256("abc"));
    EXPECT_EQ(parse_sha256(text), sha256("abc"));
    std::string upper = text;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(parse_sha256(upper), sha256("abc"));
    for (const std::string& wrong :
         {std::string(), text.substr(1), text + "0", " " + text.substr(1), "g" + text.substr(1)})
        EXPECT_FALSE(parse_sha256(wrong)) << wrong;
}

} // namespace
} // namespace bailiff
