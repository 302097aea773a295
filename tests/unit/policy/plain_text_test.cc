#include "policy/plain_text.h"

#include <gtest/gtest.h>

namespace bailiff::policy {
namespace {

using namespace std::string_view_literals;

TEST(PlainText, IsUtf8WithoutControlCharacters) {
    for (const std::string_view text :
         {""sv, "user:*"sv, "\xc3\xa4"sv, "\xe2\x82\xac"sv, "\xf0\x9f\x98\x80"sv, "\xef\xbf\xbf"sv})
        EXPECT_EQ(why_not_text(text), "") << text;
    for (const std::string_view text : {"a\0b"sv, "\n"sv, "\x7f"sv, "tab\t"sv})
        EXPECT_NE(why_not_text(text).find("control"), std::string::npos) << text;
    for (const std::string_view text :
         {"\xff"sv, "\xc0\x80"sv, "\xc3"sv, "\xe0\x80\x80"sv, "\xed\xa0\x80"sv,
          "\xf4\x90\x80\x80"sv, "\xf0\x80\x80\x80"sv, "\x80"sv})
        EXPECT_NE(why_not_text(text).find("UTF-8"), std::string::npos);
}

TEST(PlainText, ADateIsOneOfRfc3339) {
    for (const char* text : {"2027-01-31", "2028-02-29", "2027-01-31T12:00:00Z",
                             "2027-01-31T23:59:60.5+02:00", "2027-01-31 00:00:00-11:30"})
        EXPECT_TRUE(is_date(text)) << text;
    for (const char* text :
         {"", "banana", "2027-02-29", "2027-13-01", "2027-1-31", "27-01-31", "2027-01-31T",
          "2027-01-31T12:00:00", "2027-01-31T24:00:00Z", "2027-01-31T12:00:00.Z", "2027-01-31x"})
        EXPECT_FALSE(is_date(text)) << text;
}

} // namespace
} // namespace bailiff::policy
