#include "api/methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "tests/unit/api/fake_service.h"

namespace bailiff::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Methods : public testing::Test {
protected:
    Result<std::string> call(const Method& method, const Caller& caller,
                             std::string_view body = "{}") {
        std::optional<Result<std::string>> answer;
        boost::asio::io_context context;
        boost::asio::co_spawn(context, dispatch(service_, caller, method, Codec::kJson, body),
                              [&](std::exception_ptr thrown, Result<std::string> result) {
                                  EXPECT_FALSE(thrown);
                                  answer = std::move(result);
                              });
        context.run();
        return *answer;
    }

    FakeService service_;
    Peer peer_;
};

// Copied from the comments of control.proto by hand: the table must say the same.
bool may_call(std::string_view method, Role role) {
    if (method == "WhoAmI" || method == "GetRefusal" || method == "GetStatus") return true;
    if (method == "ReloadPolicy" || method == "BreakGlass") return role == Role::kOperator;
    if (role == Role::kUser) return true;
    if (method == "ListApprovals" || method == "GetApproval" || method == "ListStandingAnswers")
        return true;
    if (method == "AnswerApproval" || method == "WithdrawStandingAnswer")
        return role == Role::kApprover;
    if (method == "EndSession" || method == "RevokeSession" || method == "RestorePreserved")
        return role == Role::kOperator;
    if (method == "ListSessions" || method == "GetSession" || method == "ReadEvents" ||
        method == "ListPreserved") {
        return role == Role::kAuditor || role == Role::kOperator;
    }
    return false;
}

TEST_F(Methods, CoverTheWholeContract) {
    const auto* contract = v1::OpenSessionRequest::descriptor()->file()->service(0);
    ASSERT_EQ(static_cast<int>(methods().size()), contract->method_count());
    for (int i = 0; i < contract->method_count(); ++i) {
        const std::string& name = contract->method(i)->name();
        const Method* method = find_method("/bailiff.v1.Control/" + name);
        ASSERT_NE(method, nullptr) << name;
        EXPECT_EQ(method->name, name);
    }
}

TEST_F(Methods, EachRoleCallsWhatItMayAndNothingElse) {
    for (const Method& method : methods()) {
        for (Role role : kAllRoles) {
            const auto before = service_.calls().size();
            const Result<std::string> answer = call(method, Caller{peer_, RoleSet{role}});
            const bool allowed = may_call(method.name, role);
            EXPECT_EQ(answer.has_value(), allowed) << method.name << " as " << role_name(role);
            EXPECT_EQ(service_.calls().size() - before, allowed ? 1U : 0U) << method.name;
            if (answer) continue;
            EXPECT_EQ(answer.error().code(), ErrorCode::kPermissionDenied);
            EXPECT_THAT(answer.error().message(), HasSubstr(std::string(method.name)));
        }
    }
}

// What a process may ask of itself.
bool is_of_oneself(const Method& method) {
    return method.name == "WhoAmI" || method.name == "GetRefusal";
}

TEST_F(Methods, WithoutARoleOnlyWhatIsOfOneselfIsOpen) {
    for (const Method& method : methods()) {
        EXPECT_EQ(call(method, Caller{peer_, RoleSet{}}).has_value(), is_of_oneself(method))
            << method.name;
    }
}

TEST_F(Methods, AnUnboundAgentOpensASessionAndStaysBesideIt) {
    for (const Method& method : methods()) {
        const bool open = method.name == "OpenSession" || method.name == "RenewSession" ||
                          method.name == "EndSession" || method.name == "GetSession" ||
                          method.name == "ReadEvents" || is_of_oneself(method);
        const Result<std::string> answer =
            call(method, Caller{peer_, RoleSet{Role::kUser}, {3, true}});
        EXPECT_EQ(answer.has_value(), open) << method.name;
        if (answer) continue;
        EXPECT_EQ(answer.error().message(),
                  "this process is subject to an agent's unbound profiles; " +
                      std::string(method.name) + " is not open to it");
    }
}

TEST_F(Methods, ASubjectCallsNothingButWhatIsOfItselfWhateverItsRoles) {
    service_.session_of_caller = "s-7";
    const RoleSet all{Role::kUser, Role::kApprover, Role::kAuditor, Role::kOperator};
    for (const Method& method : methods()) {
        const Result<std::string> answer = call(method, Caller{peer_, all, {3, false}});
        EXPECT_EQ(answer.has_value(), is_of_oneself(method)) << method.name;
        if (answer) continue;
        EXPECT_EQ(answer.error().code(), ErrorCode::kPermissionDenied);
        EXPECT_EQ(answer.error().message(), "this process is subject to session s-7; " +
                                                std::string(method.name) + " is not open to it");
    }
    for (const std::string& called : service_.calls())
        EXPECT_TRUE(called == "WhoAmI" || called == "GetRefusal") << called;
}

TEST_F(Methods, WithoutTheKernelSideRootLooksAndTakesBack) {
    const Result<Subjection> unknown = fail(ErrorCode::kUnavailable, "bailiff-kernel is gone");
    Peer user;
    user.uid = 1000;
    for (const Method& method : methods()) {
        const bool open = method.name == "EndSession" || method.name == "RevokeSession" ||
                          method.name == "ListSessions" || method.name == "GetSession" ||
                          method.name == "GetStatus";
        EXPECT_EQ(subject_for(method, peer_, unknown).has_value(), open) << method.name;
        EXPECT_FALSE(subject_for(method, user, unknown)) << method.name;
        EXPECT_EQ(subject_for(method, peer_, Subjection{3, true})->slot, 3U) << method.name;
    }
}

TEST_F(Methods, ABodyThatDoesNotDecodeNeverReachesTheService) {
    for (const Method& method : methods()) {
        const Result<std::string> answer =
            call(method, Caller{peer_, RoleSet{Role::kUser, Role::kOperator}}, R"({"x":1})");
        ASSERT_FALSE(answer) << method.name;
        EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
    }
    EXPECT_THAT(service_.calls(), IsEmpty());
}

TEST_F(Methods, AnExceptionOfTheServiceIsAnInternalError) {
    service_.throws = true;
    const Result<std::string> answer =
        call(*find_method("/bailiff.v1.Control/OpenSession"), Caller{peer_, RoleSet{Role::kUser}});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kInternal);
    EXPECT_THAT(service_.calls(), ElementsAre("OpenSession"));
}

TEST_F(Methods, OnlyExactPathsName) {
    for (const char* path : {"", "/", "WhoAmI", "/bailiff.v1.Control/",
                             "/bailiff.v1.Control/whoami", "/bailiff.v1.Control/WhoAmI/",
                             "/bailiff.v1.Control/WhoAmI?x=1", "/bailiff.v1.control/WhoAmI"}) {
        EXPECT_EQ(find_method(path), nullptr) << path;
    }
}

} // namespace
} // namespace bailiff::api
