// The unary half of the Connect protocol (https://connectrpc.com/docs/protocol): content types,
// error bodies, HTTP statuses, and messages from and to their two encodings. No state; any thread.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace bailiff::api {

enum class Codec { kJson, kProto };

// A failed call as it goes over the wire.
struct ConnectError {
    unsigned status = 500; // HTTP
    std::string code;      // permission_denied
    std::string message;   // a sentence

    // {"code":"permission_denied","message":"..."}
    [[nodiscard]] std::string body() const;
};

[[nodiscard]] std::string_view connect_code(ErrorCode code);
// The HTTP status of a Connect code; 500 for one that is not known.
[[nodiscard]] unsigned http_status(std::string_view connect_code);
[[nodiscard]] ConnectError connect_error(const Error& error);

// By the media type, parameters aside. kInvalidArgument for any other.
[[nodiscard]] Result<Codec> codec_of(std::string_view content_type);
[[nodiscard]] std::string_view content_type(Codec codec);

// Connect-Protocol-Version: absent (empty) or "1".
[[nodiscard]] Status check_protocol_version(std::string_view value);

// kInvalidArgument names what is wrong: a duplicate or unknown field, a wrong type, damaged bytes.
[[nodiscard]] Status decode(Codec codec, std::string_view body, google::protobuf::Message& message);
[[nodiscard]] Result<std::string> encode(Codec codec, const google::protobuf::Message& message);

} // namespace bailiff::api
