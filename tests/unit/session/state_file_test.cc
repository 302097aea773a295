#include "session/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::session {
namespace {

using tests::get_file;
using tests::put_file;

Session a_session() {
    Session session;
    session.id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    session.name = session_name(session.id);
    session.slot = 4094;
    session.epoch = 0xfffffff0;
    session.subject = 8190;
    session.generation = 0xfffffff1;
    session.token.issuer = "https://idp";
    session.token.subject = "user:\"al\\ice\" \xc3\xa9";
    session.token.client_id = "app";
    session.token.actors = {{"i1", "agent:fixer", "ai"}, {"i2", "svc", ""}};
    session.token.actor_source = "act";
    session.token.task = "T-1";
    session.token.scopes = {"a", "b"};
    session.token.groups = {"g"};
    session.token.details = {{"T-1", {"x", "y"}}};
    session.token.issued_at = 1'795'430'400;
    session.token.expires_at = 1'795'431'000;
    session.token.digest = "abc";
    session.agent = "fixer";
    session.profiles = {"user:u"};
    session.variables = {"/srv/work/one", "/home/al"};
    session.task_note = "line\nline";
    session.wait_tree = true;
    session.uid = 0xfffffffd;
    session.pid = 4194303;
    session.start_time = 1ULL << 60;
    session.started_at = 1'795'430'400'123'456'789;
    session.expires_boot = 0xf000'0000'0000'0001ULL;
    return session;
}

class StateFile : public testing::Test {
protected:
    std::string damage(const std::string& from, const std::string& to) {
        EXPECT_TRUE(save_state(file, {"boot", {a_session()}, {{"fixer", 7}}}));
        std::string text = get_file(file);
        EXPECT_NE(text.find(from), std::string::npos) << from;
        text.replace(text.find(from), from.size(), to);
        put_file(file, text);
        const auto loaded = load_state(file);
        EXPECT_FALSE(loaded);
        if (loaded) return "";
        EXPECT_EQ(loaded.error().code(), ErrorCode::kDataLoss);
        EXPECT_THAT(loaded.error().message(), testing::HasSubstr(file));
        return loaded.error().message();
    }
    // The same to a session's entry beside a good one: what is said about it.
    std::string damage_one(const std::string& from, const std::string& to) {
        Session good = a_session();
        good.id[15]++;
        good.name = session_name(good.id);
        EXPECT_TRUE(save_state(file, {"boot", {a_session(), good}, {{"fixer", 7}}}));
        std::string text = get_file(file);
        EXPECT_NE(text.find(from), std::string::npos) << from;
        text.replace(text.find(from), from.size(), to);
        put_file(file, text);
        const auto loaded = load_state(file);
        EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message());
        if (!loaded) return "";
        EXPECT_EQ(loaded->sessions.size(), 1U);
        if (loaded->sessions.size() == 1) {
            EXPECT_EQ(loaded->sessions[0].name, good.name);
        }
        EXPECT_EQ(loaded->agent_subjects.size(), 1U);
        EXPECT_EQ(loaded->damaged.size(), 1U);
        return loaded->damaged.empty() ? "" : loaded->damaged[0];
    }
    tests::TemporaryFolder folder;
    std::string file = folder.file("sessions.json");
};

TEST_F(StateFile, WhatIsSavedIsLoaded) {
    const Session before = a_session();
    ASSERT_TRUE(save_state(file, {"boot", {before, before}, {{"fixer", 7}, {"idle", 8190}}}));
    const auto loaded = load_state(file);
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(loaded->boot_id, "boot");
    EXPECT_EQ(loaded->agent_subjects,
              (std::map<std::string, std::uint32_t>{{"fixer", 7}, {"idle", 8190}}));
    ASSERT_EQ(loaded->sessions.size(), 2U);
    const Session& after = loaded->sessions[1];
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.name, before.name);
    EXPECT_EQ(after.slot, before.slot);
    EXPECT_EQ(after.epoch, before.epoch);
    EXPECT_EQ(after.subject, before.subject);
    EXPECT_EQ(after.generation, before.generation);
    EXPECT_EQ(after.token.subject, before.token.subject);
    EXPECT_EQ(after.token.actors, before.token.actors);
    EXPECT_EQ(after.token.scopes, before.token.scopes);
    EXPECT_EQ(after.token.groups, before.token.groups);
    EXPECT_EQ(after.token.details, before.token.details);
    EXPECT_EQ(after.token.issued_at, before.token.issued_at);
    EXPECT_EQ(after.token.expires_at, before.token.expires_at);
    EXPECT_EQ(after.task_note, before.task_note);
    EXPECT_EQ(after.uid, before.uid);
    EXPECT_EQ(after.pid, before.pid);
    EXPECT_EQ(after.start_time, before.start_time);
    EXPECT_EQ(after.started_at, before.started_at);
    EXPECT_EQ(after.expires_boot, before.expires_boot);
}

TEST_F(StateFile, NoFileIsNotFound) {
    EXPECT_EQ(load_state(file).error().code(), ErrorCode::kNotFound);
}

TEST_F(StateFile, EveryCutIsNoticed) {
    ASSERT_TRUE(save_state(file, {"boot", {a_session()}, {{"fixer", 7}}}));
    const std::string whole = get_file(file);
    for (std::size_t size = 0; size + 1 < whole.size(); size += 7) {
        put_file(file, whole.substr(0, size));
        const auto loaded = load_state(file);
        ASSERT_FALSE(loaded) << size << " bytes";
        ASSERT_EQ(loaded.error().code(), ErrorCode::kDataLoss);
    }
}

TEST_F(StateFile, ADamagedFieldIsNoticed) {
    damage("\"fixer\":7", "\"fixer\":-7");
    damage("\"boot_id\":\"boot\"", "\"boot_id\":null");
}

TEST_F(StateFile, ADamagedSessionIsLeftOutAlone) {
    const std::string name = "\"" + a_session().name + "\"";
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"\"slot\":4094", "\"slot\":65536"},
             {"\"slot\":4094", "\"slot\":\"1\""},
             {"\"slot\":4094,", ""},
             {"\"wait_tree\":true", "\"wait_tree\":1"},
             {"\"iat\":1795430400", "\"iat\":1.5"},
             {"\"state\":\"active\"", "\"state\":\"asleep\""}})
        EXPECT_THAT(damage_one(from, to), testing::HasSubstr(name)) << to;
    EXPECT_THAT(damage_one(a_session().name, "s-0"), testing::HasSubstr("\"s-0\""));
}

TEST_F(StateFile, BytesThatAreNotUtf8AreSavedSoThatTheyCanBeRead) {
    Session odd = a_session();
    odd.variables.workspace = "/srv/work/\xff";
    odd.why = "was ended by uid 1 (\xc3)";
    ASSERT_TRUE(save_state(file, {"boot", {odd}, {}}));
    const auto loaded = load_state(file);
    ASSERT_TRUE(loaded) << loaded.error().message();
    ASSERT_EQ(loaded->sessions.size(), 1U);
    EXPECT_EQ(loaded->sessions[0].variables.workspace, "/srv/work/\\xff");
    EXPECT_EQ(loaded->sessions[0].why, "was ended by uid 1 (\\xc3)");
}

TEST_F(StateFile, HowASessionEndedIsKept) {
    Session over = a_session();
    over.state = State::kRevoked;
    over.why = "was revoked by uid 0 (root): seen enough";
    over.ended_at = 1'795'430'500'000'000'001;
    ASSERT_TRUE(save_state(file, {"boot", {over}, {}}));
    const auto loaded = load_state(file);
    ASSERT_TRUE(loaded) << loaded.error().message();
    ASSERT_EQ(loaded->sessions.size(), 1U);
    EXPECT_EQ(loaded->sessions[0].state, State::kRevoked);
    EXPECT_EQ(loaded->sessions[0].why, over.why);
    EXPECT_EQ(loaded->sessions[0].ended_at, over.ended_at);
}

TEST_F(StateFile, OnlyItsOwnerReadsIt) {
    ASSERT_TRUE(save_state(file, {}));
    struct stat info {};
    ASSERT_EQ(stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(StateFile, AFolderThatIsNotThereIsAnError) {
    EXPECT_FALSE(save_state(folder.file("none/sessions.json"), {}));
}

} // namespace
} // namespace bailiff::session
