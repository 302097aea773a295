#include "base/base64url.h"

#include <gtest/gtest.h>

namespace bailiff {
namespace {

// RFC 4648 section 10, without padding.
TEST(Base64urlTest, VectorsOfRfc4648EncodeAndDecode) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(base64url_encode(bytes), text);
        EXPECT_EQ(base64url_decode(text).value(), bytes);
    }
}

TEST(Base64urlTest, EveryByteValueSurvives) {
    std::string bytes;
    for (int i = 0; i < 256; i++) bytes += static_cast<char>(i);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
}

// RFC 7515 appendix C.
TEST(Base64urlTest, AlphabetIsTheUrlSafeOne) {
    EXPECT_EQ(base64url_encode("\x03\xec\xff\xe0\xc1"), "A-z_4ME");
}

TEST(Base64urlTest, PaddingIsRefused) {
    EXPECT_FALSE(base64url_decode("Zg=="));
    EXPECT_FALSE(base64url_decode("Zm8="));
}

TEST(Base64urlTest, ForeignCharactersAreRefused) {
    for (const char* text : {"A+z/", "Zm 9", "Zm9v\n", "Zm?v", "Zm\xc3\xa9"})
        EXPECT_FALSE(base64url_decode(text)) << text;
    EXPECT_FALSE(base64url_decode(std::string_view("Zm\0v", 4)));
}

TEST(Base64urlTest, ImpossibleLengthIsRefused) {
    EXPECT_FALSE(base64url_decode("Z"));
    EXPECT_FALSE(base64url_decode("Zm9vY"));
}

TEST(Base64urlTest, BitsLeftOverThatAreNotZeroAreRefused) {
    EXPECT_FALSE(base64url_decode("Zh"));
    EXPECT_FALSE(base64url_decode("Zm9"));
    EXPECT_EQ(base64url_decode("Zh").error().code(), ErrorCode::kInvalidArgument);
}

} // namespace
} // namespace bailiff
