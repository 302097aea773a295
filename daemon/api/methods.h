// The methods of the control API: who may call each, and how a body becomes a call of the Service.
// The table is constant; dispatch() runs on the server's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string>
#include <string_view>

#include "api/connect.h"
#include "api/roles.h"
#include "api/service.h"
#include "base/result.h"

namespace bailiff::api {

// Every path is kPathPrefix and a method's name.
inline constexpr std::string_view kPathPrefix = "/bailiff.v1.Control/";

// Which callers that are subjects may call a method, if they have the role.
enum class OpenTo {
    kNoSubject,
    kUnboundAgent, // an agent without a session: what it takes to open one and to stay beside it
    kEverySubject,
};

struct Method {
    std::string_view name;
    RoleSet roles; // one of them is enough; empty: anyone
    OpenTo open_to;
    bool root_without_kernel; // open to root while nobody can tell whether it is a subject
    // Decodes the body, calls the service, encodes what it answers. All arguments outlive it.
    boost::asio::awaitable<Result<std::string>> (*call)(Service& service, const Caller& caller,
                                                        Codec codec, std::string_view body);
};

[[nodiscard]] std::span<const Method> methods();

// By the request's path; null where there is no such method.
[[nodiscard]] const Method* find_method(std::string_view path);

// What `asked` says of the peer. Where the kernel side does not answer, root may still look and
// take sessions back: that needs nothing of it, and widens nothing.
[[nodiscard]] Result<Subjection> subject_for(const Method& method, const Peer& peer,
                                             Result<Subjection> asked);

// kPermissionDenied where the caller is a subject, or has none of the method's roles.
[[nodiscard]] Status check_access(Service& service, const Caller& caller, const Method& method);

// check_access(), then the call. An exception of the service becomes kInternal.
boost::asio::awaitable<Result<std::string>> dispatch(Service& service, const Caller& caller,
                                                     const Method& method, Codec codec,
                                                     std::string_view body);

} // namespace bailiff::api
