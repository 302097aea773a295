#include "base/strict_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

namespace bailiff {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
    const auto value = parse_strict_json(text);
    return value ? "accepted" : value.error().message();
}

TEST(StrictJsonTest, ProperDocumentIsRead) {
    const auto value = parse_strict_json(R"( {"a":[1,-2,3.5,"x",true,null],"b":{"a":1}} )");
    ASSERT_TRUE(value) << value.error().message();
    EXPECT_EQ(value->at("a").as_array().size(), 6U);
}

TEST(StrictJsonTest, NameThatComesTwiceIsRefused) {
    EXPECT_THAT(refusal(R"({"a":1,"a":1})"), HasSubstr("name \"a\" comes twice"));
}

TEST(StrictJsonTest, NameThatComesTwiceDeepInsideIsRefused) {
    EXPECT_THAT(refusal(R"([{"x":[{"a":1,"b":2,"a":3}]}])"), HasSubstr("comes twice"));
}

TEST(StrictJsonTest, EscapedSpellingOfANameIsTheSameName) {
    EXPECT_THAT(refusal(R"({"sub":1,"\u0073ub":2})"), HasSubstr("comes twice"));
}

TEST(StrictJsonTest, EmptyNameThatComesTwiceIsRefused) {
    EXPECT_THAT(refusal(R"({"":1,"":2})"), HasSubstr("comes twice"));
}

TEST(StrictJsonTest, SameNameInDifferentObjectsIsAccepted) {
    EXPECT_EQ(refusal(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})"), "accepted");
}

TEST(StrictJsonTest, BytesAfterTheValueAreRefused) {
    EXPECT_NE(refusal("{}x"), "accepted");
    EXPECT_NE(refusal("{}{}"), "accepted");
    EXPECT_NE(refusal(std::string_view("{}\0", 3)), "accepted");
}

TEST(StrictJsonTest, EmptyAndCutTextAreRefused) {
    for (const char* text : {"", " ", "{", "{\"a\"", "{\"a\":", "[1,", "\"a", "tru", "-"})
        EXPECT_NE(refusal(text), "accepted") << text;
}

TEST(StrictJsonTest, InvalidUtf8IsRefused) {
    EXPECT_NE(refusal("\"\xff\""), "accepted");
    EXPECT_NE(refusal("\"\xc0\xaf\""), "accepted") << "overlong";
    EXPECT_NE(refusal("\"\xed\xa0\x80\""), "accepted") << "a surrogate";
    EXPECT_NE(refusal("{\"\xff\":1}"), "accepted");
}

TEST(StrictJsonTest, LoneSurrogatesAreRefused) {
    EXPECT_NE(refusal(R"("\ud800")"), "accepted");
    EXPECT_NE(refusal(R"("\udc00")"), "accepted");
    EXPECT_EQ(refusal(R"("\ud83d\ude00")"), "accepted");
}

TEST(StrictJsonTest, ExtensionsAreRefused) {
    for (const char* text : {"[1,]", "{\"a\":1,}", "/* c */{}", "// c\n{}", "[01]", "[+1]", "[NaN]",
                             "{'a':1}", "{a:1}", "[1.]", "[.5]", "\"\t\""})
        EXPECT_NE(refusal(text), "accepted") << text;
}

TEST(StrictJsonTest, DeepNestingIsRefused) {
    EXPECT_EQ(refusal(std::string(32, '[') + std::string(32, ']')), "accepted");
    EXPECT_NE(refusal(std::string(33, '[') + std::string(33, ']')), "accepted");
    EXPECT_NE(refusal(std::string(100'000, '[')), "accepted");
}

TEST(StrictJsonTest, DepthLimitCanBeLower) {
    EXPECT_TRUE(parse_strict_json("[[]]", 2));
    EXPECT_FALSE(parse_strict_json("[[[]]]", 2));
}

TEST(StrictJsonTest, ErrorNamesTheByte) {
    EXPECT_THAT(refusal("{\"a\":x}"), HasSubstr("at byte 5"));
    EXPECT_EQ(parse_strict_json("x").error().code(), ErrorCode::kInvalidArgument);
}

} // namespace
} // namespace bailiff
