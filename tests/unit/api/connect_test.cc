#include "api/connect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bailiff/control.pb.h"

namespace bailiff::api {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view json) {
    v1::ReadEventsRequest request;
    const Status decoded = decode(Codec::kJson, json, request);
    if (decoded) return "accepted";
    EXPECT_EQ(decoded.error().code(), ErrorCode::kInvalidArgument);
    return decoded.error().message();
}

TEST(Connect, EveryErrorCodeHasAConnectCodeAndItsStatus) {
    const struct {
        ErrorCode code;
        const char* name;
        unsigned status;
    } rows[] = {{ErrorCode::kInvalidArgument, "invalid_argument", 400},
                {ErrorCode::kUnauthenticated, "unauthenticated", 401},
                {ErrorCode::kPermissionDenied, "permission_denied", 403},
                {ErrorCode::kNotFound, "not_found", 404},
                {ErrorCode::kAlreadyExists, "already_exists", 409},
                {ErrorCode::kResourceExhausted, "resource_exhausted", 429},
                {ErrorCode::kFailedPrecondition, "failed_precondition", 400},
                {ErrorCode::kUnavailable, "unavailable", 503},
                {ErrorCode::kDataLoss, "data_loss", 500},
                {ErrorCode::kInternal, "internal", 500}};
    for (const auto& row : rows) {
        const ConnectError error = connect_error(Error(row.code, "what"));
        EXPECT_EQ(error.code, row.name);
        EXPECT_EQ(error.status, row.status) << row.name;
        EXPECT_EQ(error.message, "what");
    }
    EXPECT_EQ(http_status("unimplemented"), 501U);
    EXPECT_EQ(http_status("deadline_exceeded"), 504U);
    EXPECT_EQ(http_status("nonsense"), 500U);
}

TEST(Connect, ErrorBodyIsOneJsonObject) {
    const ConnectError error{403, "permission_denied", "a \"quoted\"\nword"};
    EXPECT_EQ(error.body(), R"({"code":"permission_denied","message":"a \"quoted\"\nword"})");
}

TEST(Connect, TakesBothContentTypesWithParametersAndNoOther) {
    EXPECT_EQ(*codec_of("application/json"), Codec::kJson);
    EXPECT_EQ(*codec_of("Application/JSON ; charset=utf-8"), Codec::kJson);
    EXPECT_EQ(*codec_of("application/proto"), Codec::kProto);
    for (const char* type : {"", "text/plain", "application/connect+json", "application/jsonx"}) {
        EXPECT_FALSE(codec_of(type)) << type;
    }
}

TEST(Connect, TakesVersionOneOrNone) {
    EXPECT_TRUE(check_protocol_version(""));
    EXPECT_TRUE(check_protocol_version("1"));
    EXPECT_FALSE(check_protocol_version("2"));
    EXPECT_FALSE(check_protocol_version("1.0"));
}

TEST(Connect, ReadsJsonInEitherSpelling) {
    v1::ReadEventsRequest request;
    ASSERT_TRUE(decode(Codec::kJson, R"({"session":"s-1","waitMs":5,"after":"7"})", request));
    EXPECT_EQ(request.session(), "s-1");
    EXPECT_EQ(request.wait_ms(), 5U);
    EXPECT_EQ(request.after(), 7U);
    request.Clear();
    ASSERT_TRUE(decode(Codec::kJson, R"({"wait_ms":6})", request));
    EXPECT_EQ(request.wait_ms(), 6U);
}

TEST(Connect, RefusesAnUnknownFieldByName) {
    EXPECT_EQ(refusal(R"({"sesion":"x"})"), "ReadEventsRequest has no field \"sesion\"");
}

TEST(Connect, RefusesOneFieldInTwoSpellings) {
    EXPECT_THAT(refusal(R"({"waitMs":1,"wait_ms":2})"), HasSubstr("given twice"));
}

TEST(Connect, RefusesADuplicateField) {
    EXPECT_NE(refusal(R"({"session":"a","session":"b"})"), "accepted");
}

TEST(Connect, RefusesWhatIsNoObject) {
    for (const char* json : {"", "[]", "1", "null", "{", "{}{}", "\xff", "{\"session\":1}x"}) {
        EXPECT_NE(refusal(json), "accepted") << json;
    }
}

TEST(Connect, RefusesWrongTypes) {
    EXPECT_NE(refusal(R"({"session":{"a":1}})"), "accepted");
    EXPECT_NE(refusal(R"({"waitMs":-1})"), "accepted");
    EXPECT_NE(refusal(R"({"waitMs":4294967296})"), "accepted");
}

TEST(Connect, RefusesDeepNesting) {
    EXPECT_NE(refusal("{\"session\":" + std::string(100'000, '[') + "}"), "accepted");
}

TEST(Connect, ReadsProtobufAndRefusesDamagedBytes) {
    v1::ReadEventsRequest request;
    request.set_session("s-1");
    v1::ReadEventsRequest read;
    ASSERT_TRUE(decode(Codec::kProto, request.SerializeAsString(), read));
    EXPECT_EQ(read.session(), "s-1");
    EXPECT_FALSE(decode(Codec::kProto, "\x0a\x7fshort", read));
    EXPECT_FALSE(decode(Codec::kProto, "\x0a\x02\xff\xfe", read)) << "not UTF-8";
}

TEST(Connect, WritesJsonInCamelCaseWithoutDefaults) {
    v1::OpenSessionResponse response;
    response.set_enrolled_tasks(3);
    EXPECT_EQ(*encode(Codec::kJson, response), R"({"enrolledTasks":3})");
    EXPECT_EQ(*encode(Codec::kJson, v1::OpenSessionResponse{}), "{}");
}

} // namespace
} // namespace bailiff::api
