// Result<T>: a value or an Error that says what happened, to what, and what was expected.
//
// Every fallible function of the daemon returns one. Exceptions never cross a folder's border.
// Value types without shared state: safe to use on any thread.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace bailiff {

// What kind of failure it was, for callers that act on it (the API maps it to a Connect code).
enum class ErrorCode {
    kInvalidArgument,    // the caller's input is wrong; the message says where
    kUnauthenticated,    // a credential did not verify
    kPermissionDenied,   // the caller may not do this
    kNotFound,           // no such session, file, rule
    kAlreadyExists,      // replayed token, second daemon
    kResourceExhausted,  // a table or a limit is full
    kFailedPrecondition, // not now: the state does not permit it
    kUnavailable,        // the other side is not there
    kDataLoss,           // something stored is damaged
    kInternal,           // a system call or a library failed
};

class Error {
public:
    Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

    [[nodiscard]] ErrorCode code() const { return code_; }
    [[nodiscard]] const std::string& message() const { return message_; }

    // Puts `outer` in front: the message reads from the outermost action to its cause.
    [[nodiscard]] Error with_context(std::string_view outer) && {
        message_ = std::string(outer) + ": " + message_;
        return std::move(*this);
    }

private:
    ErrorCode code_;
    std::string message_;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected<Error>(Error(code, std::move(message)));
}

// For a failed system call: `what` names the call and its object, `error_number` is its errno.
[[nodiscard]] inline tl::unexpected<Error> fail_errno(std::string what, int error_number) {
    return fail(ErrorCode::kInternal,
                std::move(what) + ": " + std::generic_category().message(error_number));
}

// Passes on the error of `result` with `outer` put in front.
template <typename T>
[[nodiscard]] tl::unexpected<Error> propagate(Result<T>&& result, std::string_view outer) {
    return tl::unexpected<Error>(std::move(result).error().with_context(outer));
}

} // namespace bailiff
