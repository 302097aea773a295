#include "kernel/client.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bailiff/filter.h"
#include "tests/unit/kernel/fake_peer.h"
#include "tests/unit/kernel/scene.h"

namespace bailiff::kernel {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Error connect_error(const std::string& folder) {
    const auto client = Client::connect(folder);
    return client ? Error(ErrorCode::kInternal, "it connected") : client.error();
}

Error greeting_error(const std::string& bytes) {
    const FakePeer peer([&](int) { return Answer{bytes, {}}; });
    return connect_error(peer.folder());
}

TEST(Client, WhereNobodyListensItNamesTheSocket) {
    const tests::TemporaryFolder empty;
    const Error error = connect_error(empty.path());
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_THAT(error.message(),
                StartsWith("bailiff-kernel does not answer on " + empty.path() + "/kernel.sock: "));
}

TEST(Client, AClosedGreetingIsUnavailable) {
    EXPECT_EQ(greeting_error("").code(), ErrorCode::kUnavailable);
}

TEST(Client, AShortGreetingIsUnavailable) {
    const std::string bytes = bytes_of(good_reply());
    EXPECT_EQ(greeting_error(bytes.substr(1)).code(), ErrorCode::kUnavailable);
    EXPECT_EQ(greeting_error("x").code(), ErrorCode::kUnavailable);
}

TEST(Client, AGreetingOfAnotherVersionIsSaidToBeThat) {
    Reply other = good_reply();
    other.magic++;
    other.error = EBUSY;
    for (const std::string& bytes : {bytes_of(other), bytes_of(good_reply()) + "x"})
        EXPECT_THAT(greeting_error(bytes).message(), HasSubstr("speaks another version"));
}

TEST(Client, AGreetingWithoutItsMapsIsAnotherVersions) {
    EXPECT_EQ(greeting_error(bytes_of(good_reply())).code(), ErrorCode::kFailedPrecondition);
}

TEST(Client, ARefusedGreetingGivesTheReason) {
    Remembering handler;
    const ServedSocket served(handler);
    const RawCaller first(served.folder());
    ASSERT_TRUE(first.ask(request_of(Operation::kCount)).has_value());
    EXPECT_THAT(connect_error(served.folder()).message(), HasSubstr("serves another bailiffd"));
}

TEST(Client, AReasonWithoutItsEndIsCutNotOverrun) {
    Reply refusal = good_reply();
    refusal.error = EACCES;
    std::memset(refusal.message, 'x', sizeof(refusal.message));
    EXPECT_EQ(greeting_error(bytes_of(refusal)).message(),
              std::string(sizeof(refusal.message) - 1, 'x'));
}

// A client that has greeted: that takes maps of the kernel.
class ConnectedClient : public testing::Test {
protected:
    void SetUp() override {
        events_.reset(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0, 4096, nullptr));
        other_.reset(bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 8, 1, nullptr));
        if (!events_ || !other_)
            GTEST_SKIP() << "this account may not make BPF maps: " << std::strerror(errno);
    }

    [[nodiscard]] std::vector<int> maps() const {
        std::vector<int> maps;
        for (const char* name : kSharedMaps)
            maps.push_back(std::strcmp(name, "events") == 0 ? events_.get() : other_.get());
        return maps;
    }

    // Greets well, then sends `bytes` for every question.
    [[nodiscard]] std::function<Answer(int)> answering(const std::string& bytes) {
        return [this, bytes](int message) {
            if (message == 0) return Answer{bytes_of(good_reply()), maps()};
            questions_++;
            return Answer{bytes, {}};
        };
    }

    Result<std::uint32_t> answer_to_question(const std::string& bytes) {
        const FakePeer peer(answering(bytes));
        const auto client = Client::connect(peer.folder());
        if (!client) return tl::unexpected(client.error());
        return (*client)->adopt().map([](const Adoption& found) { return found.tasks; });
    }

    UniqueFd events_;
    UniqueFd other_;
    std::atomic<int> questions_ = 0;
};

TEST_F(ConnectedClient, AGoodAnswerIsTaken) {
    Reply reply = good_reply();
    reply.count = 3;
    const Result<std::uint32_t> count = answer_to_question(bytes_of(reply));
    ASSERT_TRUE(count) << count.error().message();
    EXPECT_EQ(*count, 3U);
    EXPECT_EQ(questions_, 1);
}

TEST_F(ConnectedClient, ALongGreetingWithItsMapsIsAnotherVersions) {
    const FakePeer peer([this](int) { return Answer{bytes_of(good_reply()) + "x", maps()}; });
    EXPECT_THAT(connect_error(peer.folder()).message(), HasSubstr("speaks another version"));
}

TEST_F(ConnectedClient, ShortLongAndForeignAnswersAreNone) {
    Reply foreign = good_reply();
    foreign.magic++;
    const std::string good = bytes_of(good_reply());
    for (const std::string& bytes :
         {good.substr(1), good + "x", bytes_of(foreign), std::string()}) {
        questions_ = 0;
        const Result<std::uint32_t> count = answer_to_question(bytes);
        ASSERT_FALSE(count) << bytes.size();
        EXPECT_EQ(count.error().code(), ErrorCode::kUnavailable) << count.error().message();
        EXPECT_EQ(questions_, 2) << "a new connection is tried once";
    }
}

TEST_F(ConnectedClient, AnErrorIsItsCodeAndItsMessage) {
    Reply reply = good_reply();
    reply.error = ENOENT;
    std::strcpy(reply.message, "process 7 is another one");
    const Result<std::uint32_t> count = answer_to_question(bytes_of(reply));
    ASSERT_FALSE(count);
    EXPECT_EQ(count.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(count.error().message(), "process 7 is another one");
}

TEST_F(ConnectedClient, APathThatIsNotAbsoluteOrTooLongIsNotSent) {
    const FakePeer peer(answering(bytes_of(good_reply())));
    const auto client = Client::connect(peer.folder());
    ASSERT_TRUE(client) << client.error().message();
    for (const std::string& path :
         {std::string(), std::string("a/b"), "/" + std::string(4096, 'x')})
        EXPECT_EQ((*client)->resolve(path).error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(questions_, 0);
    EXPECT_TRUE((*client)->resolve("/" + std::string(4094, 'x')));
    EXPECT_EQ(questions_, 1);
}

TEST_F(ConnectedClient, OtherMapsAfterARestartAreRefused) {
    UniqueFd fresh(bpf_map_create(BPF_MAP_TYPE_ARRAY, "fresh", 4, 8, 1, nullptr));
    ASSERT_TRUE(fresh);
    int connections = 0;
    const FakePeer peer([&](int message) {
        if (message != 0) return Answer{};
        std::vector<int> given = maps();
        if (connections++ > 0) given[0] = fresh.get();
        return Answer{bytes_of(good_reply()), given};
    });
    const auto client = Client::connect(peer.folder());
    ASSERT_TRUE(client) << client.error().message();
    const Result<Adoption> count = (*client)->adopt();
    ASSERT_FALSE(count);
    EXPECT_THAT(count.error().message(), HasSubstr("holds other maps than before"));
}

// A client with maps of the kernel's that it writes to.
class WritingClient : public testing::Test {
protected:
    void SetUp() override {
        make("events", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
        make("other", BPF_MAP_TYPE_ARRAY, 4, 8, 1);
        make("filter", BPF_MAP_TYPE_ARRAY, 4, 8, BAILIFF_FILTER_WORDS + 1);
        make("argv", BPF_MAP_TYPE_ARRAY, 4, sizeof(bailiff_argv), BAILIFF_MAX_POLICIES);
        make("argv_flags", BPF_MAP_TYPE_ARRAY, 4, sizeof(bailiff_mask),
             BAILIFF_MAX_POLICIES * BAILIFF_FLAGS);
        make("argv_words", BPF_MAP_TYPE_HASH, sizeof(bailiff_word_key), sizeof(bailiff_mask), 8);
        make("objects", BPF_MAP_TYPE_HASH, sizeof(bailiff_object_key), sizeof(bailiff_object), 8);
        make("ports", BPF_MAP_TYPE_HASH, sizeof(bailiff_port_key), 4, 8);
        make("addresses", BPF_MAP_TYPE_HASH, sizeof(bailiff_address_key), 4, 8);
        make("budgets", BPF_MAP_TYPE_HASH, sizeof(bailiff_budget_key), sizeof(bailiff_budget), 8);
        make("spent_acts", BPF_MAP_TYPE_HASH, sizeof(bailiff_spent_key), sizeof(bailiff_spent), 8);
        make("contacts", BPF_MAP_TYPE_HASH, sizeof(bailiff_contact_key), 1, 8);
        make("made_by", BPF_MAP_TYPE_HASH, sizeof(bailiff_file_key), sizeof(bailiff_made), 8);
        make("made_count", BPF_MAP_TYPE_ARRAY, 4, 4, 8);
        if (IsSkipped()) return;
        peer_ = std::make_unique<FakePeer>([this](int) {
            std::vector<int> given;
            for (const char* name : kSharedMaps) given.push_back(map(name));
            return Answer{bytes_of(good_reply()), given};
        });
        auto connected = Client::connect(peer_->folder());
        ASSERT_TRUE(connected) << connected.error().message();
        client = std::move(*connected);
    }

    int map(const std::string& name) {
        return maps_.contains(name) ? maps_.at(name).get() : maps_.at("other").get();
    }
    template <typename Key, typename Value>
    void put(const char* name, const Key& key, const Value& value) {
        ASSERT_EQ(bpf_map_update_elem(map(name), &key, &value, BPF_ANY), 0) << name;
    }
    template <typename Key>
    bool has(const char* name, const Key& key) {
        std::vector<char> value(4096);
        return bpf_map_lookup_elem(map(name), &key, value.data()) == 0;
    }

    std::unique_ptr<Client> client;

private:
    void make(const char* name, bpf_map_type type, std::size_t key, std::size_t value,
              std::uint32_t entries) {
        if (IsSkipped()) return;
        UniqueFd made(bpf_map_create(type, name, static_cast<std::uint32_t>(key),
                                     static_cast<std::uint32_t>(value), entries, nullptr));
        if (!made) GTEST_SKIP() << "this account may not make BPF maps: " << std::strerror(errno);
        maps_.emplace(name, std::move(made));
    }

    std::map<std::string, UniqueFd> maps_;
    std::unique_ptr<FakePeer> peer_;
};

TEST_F(WritingClient, BudgetsGoByTheLabelsOfASlot) {
    const auto key = [](std::uint32_t label) { return bailiff_budget_key{label, 3, 4, 0}; };
    for (const std::uint32_t label : {9U, 10U, 19U, 20U})
        ASSERT_TRUE(client->put_budget(key(label), {1, 2, 3, 4, 0}));
    bailiff_budget row{};
    const bailiff_budget_key first = key(10);
    ASSERT_EQ(bpf_map_lookup_elem(map("budgets"), &first, &row), 0);
    EXPECT_EQ(row.period, 1U);
    EXPECT_EQ(row.count, 2U);
    EXPECT_EQ(row.number, 3U);
    EXPECT_EQ(row.flags, 4U);
    ASSERT_TRUE(client->clear_budgets(10, 10));
    EXPECT_TRUE(has("budgets", key(9)));
    EXPECT_FALSE(has("budgets", key(10)));
    EXPECT_FALSE(has("budgets", key(19)));
    EXPECT_TRUE(has("budgets", key(20)));
}

TEST_F(WritingClient, WithAPolicyGoesWhatWasSpentOfItsBudgets) {
    const auto key = [](std::uint32_t number) { return bailiff_spent_key{5, 1, 0, number}; };
    for (const std::uint32_t number : {0x0ffffU, 0x10000U, 0x1ffffU, 0x20000U})
        put("spent_acts", key(number), bailiff_spent{});
    ASSERT_TRUE(client->clear_policy(1));
    EXPECT_TRUE(has("spent_acts", key(0x0ffff)));
    EXPECT_FALSE(has("spent_acts", key(0x10000)));
    EXPECT_FALSE(has("spent_acts", key(0x1ffff)));
    EXPECT_TRUE(has("spent_acts", key(0x20000)));
}

TEST_F(WritingClient, OfASessionNothingStays) {
    const auto spent = [](std::uint32_t session) { return bailiff_spent_key{session, 1, 0, 7}; };
    const auto contact = [](std::uint32_t session) {
        return bailiff_contact_key{session, 1, 0, 443, 6, 0, {}};
    };
    const auto file = [](std::uint32_t session) {
        bailiff_file_key key{};
        key.ino = 100 + session;
        return key;
    };
    for (const std::uint32_t session : {4U, 5U}) {
        bailiff_made made{};
        made.session = session;
        put("spent_acts", spent(session), bailiff_spent{});
        put("contacts", contact(session), std::uint8_t{1});
        put("made_by", file(session), made);
        put("made_count", session, std::uint32_t{1});
    }
    client->forget_session(5);
    const auto count = [this](std::uint32_t session) {
        std::uint32_t made = 99;
        bpf_map_lookup_elem(map("made_count"), &session, &made);
        return made;
    };
    EXPECT_FALSE(has("spent_acts", spent(5)));
    EXPECT_FALSE(has("contacts", contact(5)));
    EXPECT_FALSE(has("made_by", file(5)));
    EXPECT_EQ(count(5), 0U);
    EXPECT_TRUE(has("spent_acts", spent(4)));
    EXPECT_TRUE(has("contacts", contact(4)));
    EXPECT_TRUE(has("made_by", file(4)));
    EXPECT_EQ(count(4), 1U);
}

TEST(ExplainPosture, NamesThePinsThatAreMissingAndTheRemedy) {
    WirePosture wire{};
    wire.ftrace_enabled = 1;
    EXPECT_EQ(explain_posture(wire).remedy, "");
    wire.unpinned_pins = 2;
    std::strcpy(wire.pins, "file_open, map tasks");
    const KernelPosture posture = explain_posture(wire);
    EXPECT_EQ(posture.unpinned_pins, 2U);
    EXPECT_EQ(posture.pins, "file_open, map tasks");
    EXPECT_THAT(posture.remedy, HasSubstr("bpffs"));
}

TEST(ExplainPosture, NamesTheFamilyOfAMissingProgramAndWhatASubjectCanDo) {
    WirePosture wire{};
    wire.ftrace_enabled = 1;
    for (std::uint32_t& family : wire.enforcing) family = 1;
    std::strcpy(wire.missing, "key_alloc, path_notify");
    std::strcpy(wire.waived, "task_setnice");
    const KernelPosture posture = explain_posture(wire);
    EXPECT_THAT(posture.remedy, HasSubstr("--without NAME"));
    std::map<std::string, std::string> details;
    for (const FamilyPosture& family : posture.families) {
        const bool whole =
            family.family != "file" && family.family != "process" && family.family != "system";
        EXPECT_EQ(family.enforcing, whole) << family.family;
        details[family.family] = family.detail;
    }
    EXPECT_EQ(details["file"],
              "without path_notify, which this kernel does not take, a subject can watch files "
              "outside (inotify, fanotify)");
    EXPECT_THAT(details["process"], HasSubstr("without task_setnice (--without) a subject can"));
}

TEST(ExplainPosture, ATextThatFillsItsFieldEndsThere) {
    WirePosture wire{};
    std::memset(wire.pins, 'x', sizeof(wire.pins));
    EXPECT_EQ(explain_posture(wire).pins.size(), sizeof(wire.pins));
}

} // namespace
} // namespace bailiff::kernel
