#include "api/connect.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <limits>
#include <set>

#include "base/strict_json.h"

namespace bailiff::api {
namespace {

namespace json = boost::json;
namespace pb = google::protobuf;

struct CodeRow {
    std::string_view code;
    unsigned status;
};

// https://connectrpc.com/docs/protocol#error-codes
constexpr std::array<CodeRow, 13> kCodes{{{"invalid_argument", 400},
                                          {"unauthenticated", 401},
                                          {"permission_denied", 403},
                                          {"not_found", 404},
                                          {"already_exists", 409},
                                          {"resource_exhausted", 429},
                                          {"failed_precondition", 400},
                                          {"unavailable", 503},
                                          {"data_loss", 500},
                                          {"internal", 500},
                                          {"unimplemented", 501},
                                          {"deadline_exceeded", 504},
                                          {"unknown", 500}}};

const pb::FieldDescriptor* find_field(const pb::Descriptor& type, std::string_view key) {
    const std::string name(key);
    for (int i = 0; i < type.field_count(); ++i) {
        if (type.field(i)->json_name() == name || type.field(i)->name() == name) {
            return type.field(i);
        }
    }
    return nullptr;
}

// The library's own words for an unknown field are no sentence, and it takes both spellings of one
// field (wait_ms, waitMs) side by side.
Status check_names(const json::object& object, const pb::Descriptor& type) {
    std::set<int> seen;
    for (const auto& member : object) {
        const std::string key = json::serialize(json::string(member.key()));
        const pb::FieldDescriptor* field = find_field(type, member.key());
        if (field == nullptr) {
            return fail(ErrorCode::kInvalidArgument, type.name() + " has no field " + key);
        }
        if (!seen.insert(field->number()).second) {
            return fail(ErrorCode::kInvalidArgument,
                        type.name() + ": field " + key + " is given twice, in two spellings");
        }
    }
    return {};
}

Status decode_json(std::string_view body, pb::Message& message) {
    const pb::Descriptor& type = *message.GetDescriptor();
    Result<json::value> value = parse_strict_json(body);
    if (!value) return propagate(std::move(value), "the body of " + type.name());
    const json::object* object = value->if_object();
    if (object == nullptr) {
        return fail(ErrorCode::kInvalidArgument, type.name() + " must be a JSON object");
    }
    if (Status names = check_names(*object, type); !names) return names;
    pb::util::JsonParseOptions options;
    options.ignore_unknown_fields = false;
    const auto parsed =
        pb::util::JsonStringToMessage(pb::StringPiece(body.data(), body.size()), &message, options);
    if (!parsed.ok()) {
        return fail(ErrorCode::kInvalidArgument,
                    "the body is no " + type.name() + ": " + std::string(parsed.message()));
    }
    return {};
}

} // namespace

std::string ConnectError::body() const {
    return json::serialize(json::object{{"code", code}, {"message", message}});
}

std::string_view connect_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid_argument";
        case ErrorCode::kUnauthenticated:
            return "unauthenticated";
        case ErrorCode::kPermissionDenied:
            return "permission_denied";
        case ErrorCode::kNotFound:
            return "not_found";
        case ErrorCode::kAlreadyExists:
            return "already_exists";
        case ErrorCode::kResourceExhausted:
            return "resource_exhausted";
        case ErrorCode::kFailedPrecondition:
            return "failed_precondition";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kDataLoss:
            return "data_loss";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

unsigned http_status(std::string_view connect_code) {
    const auto row = std::find_if(kCodes.begin(), kCodes.end(),
                                  [&](const CodeRow& each) { return each.code == connect_code; });
    return row == kCodes.end() ? 500 : row->status;
}

ConnectError connect_error(const Error& error) {
    const std::string_view code = connect_code(error.code());
    return {http_status(code), std::string(code), error.message()};
}

Result<Codec> codec_of(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
    std::string lower(type);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (lower == "application/json") return Codec::kJson;
    if (lower == "application/proto") return Codec::kProto;
    return fail(ErrorCode::kInvalidArgument,
                "the content type must be application/json or application/proto");
}

std::string_view content_type(Codec codec) {
    return codec == Codec::kJson ? "application/json" : "application/proto";
}

Status check_protocol_version(std::string_view value) {
    if (value.empty() || value == "1") return {};
    return fail(ErrorCode::kInvalidArgument, "Connect-Protocol-Version must be 1");
}

Status decode(Codec codec, std::string_view body, pb::Message& message) {
    const pb::LogSilencer silencer; // what a caller sends must not fill the daemon's log
    if (codec == Codec::kJson) return decode_json(body, message);
    if (body.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        !message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return fail(ErrorCode::kInvalidArgument,
                    "the body is no " + message.GetDescriptor()->name() + " in protobuf encoding");
    }
    return {};
}

Result<std::string> encode(Codec codec, const pb::Message& message) {
    std::string body;
    if (codec == Codec::kProto) {
        if (message.SerializeToString(&body)) return body;
        return fail(ErrorCode::kInternal, message.GetDescriptor()->name() + " cannot be encoded");
    }
    pb::util::JsonPrintOptions options;
    options.preserve_proto_field_names = false;
    options.always_print_primitive_fields = false;
    const auto printed = pb::util::MessageToJsonString(message, &body, options);
    if (!printed.ok()) {
        return fail(ErrorCode::kInternal,
                    message.GetDescriptor()->name() +
                        " cannot be written as JSON: " + std::string(printed.message()));
    }
    return body;
}

} // namespace bailiff::api
