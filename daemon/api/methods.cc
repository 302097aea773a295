#include "api/methods.h"

#include <array>
#include <exception>

namespace bailiff::api {
namespace {

namespace asio = boost::asio;

using enum Role;
using enum OpenTo;

// A method that answers at once.
template <typename Request, typename Response,
          Result<Response> (Service::*method)(const Caller&, const Request&)>
asio::awaitable<Result<std::string>> unary(Service& service, const Caller& caller, Codec codec,
                                           std::string_view body) {
    Request request;
    if (Status decoded = decode(codec, body, request); !decoded) {
        co_return tl::unexpected<Error>(decoded.error());
    }
    const Result<Response> response = (service.*method)(caller, request);
    if (!response) co_return tl::unexpected<Error>(response.error());
    co_return encode(codec, *response);
}

asio::awaitable<Result<std::string>> read_events(Service& service, const Caller& caller,
                                                 Codec codec, std::string_view body) {
    v1::ReadEventsRequest request;
    if (Status decoded = decode(codec, body, request); !decoded) {
        co_return tl::unexpected<Error>(decoded.error());
    }
    const Result<v1::ReadEventsResponse> response = co_await service.read_events(caller, request);
    if (!response) co_return tl::unexpected<Error>(response.error());
    co_return encode(codec, *response);
}

// In the order of control.proto. Those with two roles or three: the first one for one's own
// sessions, the others for all, which the service tells apart.
constexpr std::array<Method, 19> kMethods{{
    {"OpenSession", RoleSet{kUser}, kUnboundAgent, false,
     unary<v1::OpenSessionRequest, v1::OpenSessionResponse, &Service::open_session>},
    {"RenewSession", RoleSet{kUser}, kUnboundAgent, false,
     unary<v1::RenewSessionRequest, v1::RenewSessionResponse, &Service::renew_session>},
    {"EndSession", RoleSet{kUser, kOperator}, kUnboundAgent, true,
     unary<v1::EndSessionRequest, v1::EndSessionResponse, &Service::end_session>},
    {"RevokeSession", RoleSet{kUser, kOperator}, kNoSubject, true,
     unary<v1::RevokeSessionRequest, v1::RevokeSessionResponse, &Service::revoke_session>},
    {"ListSessions", RoleSet{kUser, kAuditor, kOperator}, kNoSubject, true,
     unary<v1::ListSessionsRequest, v1::ListSessionsResponse, &Service::list_sessions>},
    {"GetSession", RoleSet{kUser, kAuditor, kOperator}, kUnboundAgent, true,
     unary<v1::GetSessionRequest, v1::GetSessionResponse, &Service::get_session>},
    {"ReadEvents", RoleSet{kUser, kAuditor, kOperator}, kUnboundAgent, false, read_events},
    {"GetStatus", RoleSet{kUser, kApprover, kAuditor, kOperator}, kNoSubject, true,
     unary<v1::GetStatusRequest, v1::GetStatusResponse, &Service::get_status>},
    {"BreakGlass", RoleSet{kOperator}, kNoSubject, false,
     unary<v1::BreakGlassRequest, v1::BreakGlassResponse, &Service::break_glass>},
    {"ListApprovals", RoleSet{kUser, kApprover, kAuditor, kOperator}, kNoSubject, false,
     unary<v1::ListApprovalsRequest, v1::ListApprovalsResponse, &Service::list_approvals>},
    {"GetApproval", RoleSet{kUser, kApprover, kAuditor, kOperator}, kNoSubject, false,
     unary<v1::GetApprovalRequest, v1::GetApprovalResponse, &Service::get_approval>},
    {"AnswerApproval", RoleSet{kUser, kApprover}, kNoSubject, false,
     unary<v1::AnswerApprovalRequest, v1::AnswerApprovalResponse, &Service::answer_approval>},
    {"ListStandingAnswers", RoleSet{kUser, kApprover, kAuditor, kOperator}, kNoSubject, false,
     unary<v1::ListStandingAnswersRequest, v1::ListStandingAnswersResponse,
           &Service::list_standing_answers>},
    {"WithdrawStandingAnswer", RoleSet{kUser, kApprover}, kNoSubject, false,
     unary<v1::WithdrawStandingAnswerRequest, v1::WithdrawStandingAnswerResponse,
           &Service::withdraw_standing_answer>},
    {"ListPreserved", RoleSet{kUser, kAuditor, kOperator}, kNoSubject, false,
     unary<v1::ListPreservedRequest, v1::ListPreservedResponse, &Service::list_preserved>},
    {"RestorePreserved", RoleSet{kUser, kOperator}, kNoSubject, false,
     unary<v1::RestorePreservedRequest, v1::RestorePreservedResponse, &Service::restore_preserved>},
    {"ReloadPolicy", RoleSet{kOperator}, kNoSubject, false,
     unary<v1::ReloadPolicyRequest, v1::ReloadPolicyResponse, &Service::reload_policy>},
    {"GetRefusal", RoleSet{}, kEverySubject, false,
     unary<v1::GetRefusalRequest, v1::GetRefusalResponse, &Service::get_refusal>},
    {"WhoAmI", RoleSet{}, kEverySubject, false,
     unary<v1::WhoAmIRequest, v1::WhoAmIResponse, &Service::who_am_i>},
}};

bool is_open_to(const Method& method, const Subjection& subject) {
    if (subject.slot == 0 || method.open_to == kEverySubject) return true;
    return subject.unbound && method.open_to == kUnboundAgent;
}

Status refuse_subject(Service& service, const Caller& caller, const Method& method) {
    const Result<v1::WhoAmIResponse> self = service.who_am_i(caller, {});
    const bool named = self && !self->session().empty();
    const std::string whose = named ? "session " + self->session() : "an agent's unbound profiles";
    return fail(ErrorCode::kPermissionDenied, "this process is subject to " + whose + "; " +
                                                  std::string(method.name) + " is not open to it");
}

} // namespace

std::span<const Method> methods() {
    return kMethods;
}

const Method* find_method(std::string_view path) {
    if (!path.starts_with(kPathPrefix)) return nullptr;
    path.remove_prefix(kPathPrefix.size());
    for (const Method& method : kMethods) {
        if (method.name == path) return &method;
    }
    return nullptr;
}

Result<Subjection> subject_for(const Method& method, const Peer& peer, Result<Subjection> asked) {
    if (asked || peer.uid != 0 || !method.root_without_kernel) return asked;
    return Subjection{};
}

Status check_access(Service& service, const Caller& caller, const Method& method) {
    if (!is_open_to(method, caller.subject)) return refuse_subject(service, caller, method);
    if (method.roles.empty() || method.roles.meets(caller.roles)) return {};
    const std::string has = caller.roles.text();
    return fail(ErrorCode::kPermissionDenied,
                std::string(method.name) + " needs the role " + method.roles.text(" or ") +
                    "; uid " + std::to_string(caller.peer.uid) + " has " +
                    (has.empty() ? "none" : has) + " (see `roles` in the policy)");
}

asio::awaitable<Result<std::string>> dispatch(Service& service, const Caller& caller,
                                              const Method& method, Codec codec,
                                              std::string_view body) {
    try {
        if (Status access = check_access(service, caller, method); !access) {
            co_return tl::unexpected<Error>(access.error());
        }
        co_return co_await method.call(service, caller, codec, body);
    } catch (const std::exception& problem) {
        co_return fail(ErrorCode::kInternal,
                       std::string(method.name) + " failed: " + problem.what());
    }
}

} // namespace bailiff::api
