#include "api/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <list>
#include <thread>

#include "tests/unit/api/fake_service.h"
#include "tests/unit/api/raw_client.h"

namespace bailiff::api {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ServerTest : public testing::Test {
protected:
    void start() {
        const Status started = live_.start();
        ASSERT_TRUE(started) << started.error().message();
    }
    // One request on a connection of its own.
    std::string ask(std::string_view request) {
        RawClient client(live_.path());
        EXPECT_TRUE(client.write(request));
        return client.read_answer();
    }
    void expect_alive() { EXPECT_THAT(ask(post("WhoAmI", "{}")), StartsWith("HTTP/1.1 200")); }

    LiveServer live_;
};

TEST_F(ServerTest, AnswersACallInJson) {
    start();
    const std::string answer = ask(
        post("WhoAmI", "{}", "application/json; charset=utf-8", "Connect-Protocol-Version: 1\r\n"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(answer, HasSubstr("\"pid\":" + std::to_string(getpid())));
}

TEST_F(ServerTest, AnswersACallInProtobuf) {
    start();
    const std::string answer = ask(post("WhoAmI", "", "application/proto"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/proto\r\n"));
    v1::WhoAmIResponse response;
    ASSERT_TRUE(response.ParseFromString(answer.substr(answer.find("\r\n\r\n") + 4)));
    EXPECT_EQ(response.pid(), static_cast<std::uint32_t>(getpid()));
}

TEST_F(ServerTest, KeepsAConnectionForTheNextCall) {
    start();
    RawClient client(live_.path());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.write(post("GetStatus", "{}")));
        EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200"));
    }
    ASSERT_TRUE(client.write(post("Nonsense", "{}")));
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 404"));
    ASSERT_TRUE(client.write(post("GetStatus", "{}", "application/json", "Connection: close\r\n")));
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AnswersPipelinedCallsInOrder) {
    start();
    RawClient client(live_.path());
    ASSERT_TRUE(client.write(post("GetStatus", "{}") + post("Nonsense", "{}") +
                             post("WhoAmI", "{}", "application/json", "Connection: close\r\n")));
    const std::string answers = client.read_all();
    EXPECT_LT(answers.find("HTTP/1.1 200"), answers.find("HTTP/1.1 404"));
    EXPECT_NE(answers.rfind("HTTP/1.1 200"), answers.find("HTTP/1.1 200"));
}

TEST_F(ServerTest, TheSocketIsOpenToEveryAccount) {
    start();
    struct stat found {};
    ASSERT_EQ(stat(live_.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0666U);
}

TEST_F(ServerTest, ASecondDaemonIsRefused) {
    start();
    boost::asio::io_context context;
    const auto second = Server::open(context, live_.service, live_.options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_THAT(second.error().message(), HasSubstr("another bailiffd serves " + live_.path()));
    expect_alive();
}

TEST_F(ServerTest, RefusesOtherMethodsPathsAndTypes) {
    start();
    EXPECT_THAT(ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404"));
    const std::string get = ask("GET /bailiff.v1.Control/WhoAmI HTTP/1.1\r\n\r\n");
    EXPECT_THAT(get, StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(get, HasSubstr("Allow: POST"));
    EXPECT_THAT(get, HasSubstr("WhoAmI is called with POST"));
    EXPECT_THAT(ask(post("WhoAmI", "{}", "text/plain")), StartsWith("HTTP/1.1 415"));
    EXPECT_THAT(ask(post("WhoAmI", "{}", "application/json", "Connect-Protocol-Version: 2\r\n")),
                HasSubstr("Connect-Protocol-Version must be 1"));
    EXPECT_THAT(ask(post("WhoAmI", "{}", "application/json", "Content-Encoding: gzip\r\n")),
                StartsWith("HTTP/1.1 501"));
    EXPECT_THAT(live_.service.calls(), IsEmpty());
}

TEST_F(ServerTest, AnUnknownFieldIsNamed) {
    start();
    const std::string answer = ask(post("OpenSession", R"({"tokem":"x"})"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(answer, HasSubstr("\"code\":\"invalid_argument\""));
    EXPECT_THAT(answer, HasSubstr("has no field"));
    EXPECT_THAT(answer, HasSubstr("tokem"));
}

TEST_F(ServerTest, NestedGarbageIsRefused) {
    start();
    for (const std::string& body :
         {std::string(200'000, '['), std::string(50'000, '{'),
          "{\"session\":" + std::string(99'999, '['), std::string("\0\1\2", 3),
          std::string("{\"session\":\"\xc3\x28\"}")}) {
        EXPECT_THAT(ask(post("EndSession", body)), StartsWith("HTTP/1.1 400"));
    }
    EXPECT_THAT(live_.service.calls(), IsEmpty());
    expect_alive();
}

TEST_F(ServerTest, AHugeBodyIsRefusedByItsLength) {
    start();
    RawClient client(live_.path());
    ASSERT_TRUE(
        client.write("POST /bailiff.v1.Control/OpenSession HTTP/1.1\r\n"
                     "Content-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"));
    const std::string answer = client.read_all(); // not one byte of the body was sent
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(answer, HasSubstr("resource_exhausted"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

TEST_F(ServerTest, AHugeBodyInChunksIsCutOff) {
    start();
    RawClient client(live_.path());
    ASSERT_TRUE(
        client.write("POST /bailiff.v1.Control/OpenSession HTTP/1.1\r\n"
                     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
    const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    int sent = 0;
    while (sent < 1000 && client.write(chunk)) ++sent;
    EXPECT_LT(sent, 1000);
    expect_alive();
}

TEST_F(ServerTest, ALongHeaderIsRefused) {
    start();
    RawClient client(live_.path());
    client.write("POST /bailiff.v1.Control/WhoAmI HTTP/1.1\r\nX: " + std::string(40'000, 'x'));
    client.end_of_input();
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 431"));
}

TEST_F(ServerTest, WhatIsNoHttpIsRefused) {
    start();
    RawClient client(live_.path());
    client.write("\x16\x03\x01 not http at all\r\n\r\n");
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400"));
    expect_alive();
}

TEST_F(ServerTest, ACutOffBodyReachesNobody) {
    start();
    {
        RawClient client(live_.path());
        client.write(
            "POST /bailiff.v1.Control/OpenSession HTTP/1.1\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"token\":");
        client.end_of_input();
        const std::string answer = client.read_all();
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
        EXPECT_THAT(answer, HasSubstr("\"code\":\"invalid_argument\""));
        EXPECT_THAT(answer, HasSubstr("the body ended after 9 of 100 bytes"));
    }
    EXPECT_THAT(live_.service.calls(), IsEmpty());
    expect_alive();
}

TEST_F(ServerTest, ACutOffHeaderIsAnswered) {
    start();
    RawClient client(live_.path());
    client.write("POST /bailiff.v1.Control/Open");
    client.end_of_input();
    const std::string answer = client.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(answer, HasSubstr("the request ended inside its header"));
}

TEST_F(ServerTest, ASlowRequestIsToldAndClosed) {
    live_.options.read_timeout = std::chrono::milliseconds(100);
    start();
    RawClient client(live_.path());
    client.write("POST /bailiff.v1.Control/WhoAmI HTTP/1.1\r\n");
    const std::string answer = client.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
    EXPECT_THAT(answer, HasSubstr("\"code\":\"deadline_exceeded\""));
    EXPECT_THAT(answer, HasSubstr("the request stopped inside its header"));
    RawClient body(live_.path());
    body.write(
        "POST /bailiff.v1.Control/OpenSession HTTP/1.1\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"token\":");
    EXPECT_THAT(body.read_all(), HasSubstr("the body stopped after 9 of 100 bytes"));
    EXPECT_THAT(live_.service.calls(), IsEmpty());
    expect_alive();
}

TEST_F(ServerTest, ASilentConnectionIsClosed) {
    live_.options.idle_timeout = std::chrono::milliseconds(100);
    start();
    RawClient client(live_.path());
    EXPECT_EQ(client.read_all(), "");
    expect_alive();
}

TEST_F(ServerTest, ExcessOfOneAccountIsTurnedAway) {
    live_.options.max_connections_per_uid = 2;
    start();
    std::list<RawClient> kept;
    for (int i = 0; i < 2; ++i) {
        kept.emplace_back(live_.path());
        kept.back().write(post("WhoAmI", "{}"));
        EXPECT_THAT(kept.back().read_answer(), StartsWith("HTTP/1.1 200"));
    }
    const std::string answer = RawClient(live_.path()).read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(answer, HasSubstr("\"code\":\"unavailable\""));
    kept.front().write(post("WhoAmI", "{}", "application/json", "Connection: close\r\n"));
    EXPECT_THAT(kept.front().read_all(), StartsWith("HTTP/1.1 200"));
    // Its place is free as soon as the server has seen the close, which read_all() waited for.
    RawClient next(live_.path());
    next.write(post("WhoAmI", "{}"));
    EXPECT_THAT(next.read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, ExcessOfAllIsTurnedAway) {
    live_.options.max_connections = 1;
    live_.options.reserved_for_root = 0;
    start();
    RawClient kept(live_.path());
    kept.write(post("WhoAmI", "{}"));
    EXPECT_THAT(kept.read_answer(), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(RawClient(live_.path()).read_all(), StartsWith("HTTP/1.1 503"));
}

TEST_F(ServerTest, WhoHasHungUpCountsNoMore) {
    live_.options.max_connections_per_uid = 1;
    start();
    {
        RawClient waits(live_.path());
        live_.service.hold_reads = true;
        waits.write(post("ReadEvents", R"({"waitMs":10000})"));
        while (live_.service.calls().empty()) std::this_thread::yield();
    } // the server still waits for it
    RawClient next(live_.path());
    next.write(post("WhoAmI", "{}"));
    EXPECT_THAT(next.read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, ASubjectTakesNoConnectionOfItsAccount) {
    live_.options.max_connections_per_subject = 2;
    live_.options.max_connections_per_uid = 3;
    live_.service.subject = {4, false};
    start();
    std::list<RawClient> kept;
    for (int i = 0; i < 2; ++i) kept.emplace_back(live_.path());
    const std::string answer = RawClient(live_.path()).read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(answer, HasSubstr("a session of uid"));
    live_.service.subject = {};
    for (int i = 0; i < 3; ++i) {
        kept.emplace_back(live_.path());
        kept.back().write(post("WhoAmI", "{}"));
        EXPECT_THAT(kept.back().read_answer(), StartsWith("HTTP/1.1 200"));
    }
}

TEST_F(ServerTest, ASubjectsSilenceIsShort) {
    live_.options.subject_timeout = std::chrono::milliseconds(100);
    live_.service.subject = {4, false};
    start();
    EXPECT_EQ(RawClient(live_.path()).read_all(), "");
    RawClient slow(live_.path());
    slow.write("POST /bailiff.v1.Control/WhoAmI HTTP/1.1\r\n");
    EXPECT_THAT(slow.read_all(), StartsWith("HTTP/1.1 408"));
}

TEST_F(ServerTest, WhatHasBecomeASubjectKeepsNoConnection) {
    start();
    RawClient client(live_.path());
    client.write(post("WhoAmI", "{}"));
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200"));
    live_.service.subject = {4, false};
    client.write(post("WhoAmI", "{}"));
    EXPECT_THAT(client.read_all(), HasSubstr("Connection: close"));
}

TEST_F(ServerTest, AnUnboundAgentHasNoRoleButUser) {
    live_.service.subject = {4, true};
    start();
    EXPECT_THAT(ask(post("GetSession", R"({"session":"s-1"})")), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(ask(post("ReloadPolicy", "{}")), StartsWith("HTTP/1.1 403"));
}

TEST_F(ServerTest, ASubjectIsRefused) {
    live_.service.subject = {4, false};
    live_.service.session_of_caller = "s-9";
    start();
    const std::string answer = ask(post("ListSessions", "{}"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(answer, HasSubstr("subject to session s-9; ListSessions is not open to it"));
    EXPECT_THAT(ask(post("WhoAmI", "{}")), HasSubstr("\"subject\":true"));
}

TEST_F(ServerTest, ACallerWhoseSubjectIsUnknownIsRefused) {
    live_.service.subject_error = Error(ErrorCode::kUnavailable, "the kernel side does not answer");
    start();
    const std::string answer = ask(post("WhoAmI", "{}"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(live_.service.calls(), IsEmpty());
}

TEST_F(ServerTest, AnExceptionOfTheServiceDoesNotEndTheServer) {
    live_.service.throws = true;
    start();
    EXPECT_THAT(ask(post("OpenSession", "{}")), StartsWith("HTTP/1.1 500"));
    expect_alive();
}

} // namespace
} // namespace bailiff::api
