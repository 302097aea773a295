// What one session may use up of a store that all share.
#include <unistd.h>

#include <filesystem>

#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using tests::get_file;
using tests::is_there;
using tests::put_file;
using tests::wanted_at;

constexpr std::uint64_t kShare = 64 << 10;
constexpr std::size_t kLarge = 40'000; // bytes of a file of which a share holds one
constexpr Limits kShared{1 << 20, 1 << 30, 100, kShare, 3};

constexpr const char* kTooManyBytes =
    "what its session has had kept would be more than 64 KiB, its share of the store";
constexpr const char* kTooMany =
    "its session has had 3 objects kept already, its share of the store";
constexpr const char* kAccountsTooManyBytes =
    "what uid 1000 has had kept would be more than 64 KiB, its share of the "
    "store";
constexpr const char* kAccountsTooMany =
    "uid 1000 has had 3 objects kept already, its share of the store";

class Share : public tests::StoreScene {
protected:
    // Has a new file kept, of a session or, where that is empty, of uid 1000 without one.
    std::string keep_of(const std::string& session, std::size_t size,
                        const Limits& limits = kShared, Loss loss = Loss::kChanged) {
        last_path = work + "/" + std::to_string(++last);
        put_file(last_path, std::string(size, 'x'));
        Wanted wanted = wanted_at(last_path, last, loss);
        wanted.session = session;
        return say(store->keep(wanted, limits, examiner));
    }
    // "kept", or why not, without the path that comes first.
    [[nodiscard]] std::string say(const Result<Entry>& kept) const {
        if (kept) return "kept";
        EXPECT_EQ(kept.error().code(), ErrorCode::kResourceExhausted);
        EXPECT_TRUE(kept.error().message().starts_with(last_path + ": "));
        return kept.error().message().substr(last_path.size() + 2);
    }
    std::uint64_t last = 0; // action
    std::string last_path;
};

TEST_F(Share, OfBytesIsOneSessionsAlone) {
    for (const Loss loss : {Loss::kChanged, Loss::kRemoved}) {
        const std::string session = "s-" + std::to_string(last);
        EXPECT_EQ(keep_of(session, kLarge, kShared, loss), "kept");
        EXPECT_EQ(keep_of(session, kLarge, kShared, loss), kTooManyBytes);
        EXPECT_FALSE(is_there(in_store("000000000000000" + std::to_string(last))));
        EXPECT_EQ(keep_of(session, 1000, kShared, loss), "kept"); // for that there is room
    }
    EXPECT_EQ(all().size(), 4U);
}

TEST_F(Share, OfEntriesIsOneSessionsAlone) {
    for (int i = 0; i < 3; i++) EXPECT_EQ(keep_of("s-1", 0), "kept");
    EXPECT_EQ(keep_of("s-1", 0), kTooMany);
    EXPECT_EQ(keep_of("s-2", 0), "kept");
    EXPECT_EQ(all().size(), 4U);
}

TEST_F(Share, IsOfWhatAFileHasGrownTo) {
    NEEDS_LINKS();
    last_path = work + "/grows";
    put_file(last_path, "x");
    // While a second name of it is made it grows and gets a third, so that it is copied instead.
    examiner.before_look = [this](int look) {
        if (look != 2) return;
        put_file(last_path, std::string(2 * kShare, 'x'));
        ASSERT_EQ(link(last_path.c_str(), (work + "/third").c_str()), 0);
    };
    EXPECT_EQ(say(store->keep(wanted_at(last_path, 7), kShared, examiner)), kTooManyBytes);
    EXPECT_EQ(examiner.looks, 2);
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
}

TEST_F(Share, OfAgentsWithoutASessionIsTheirAccounts) {
    EXPECT_EQ(keep_of("", kLarge), "kept");
    EXPECT_EQ(keep_of("", kLarge), kAccountsTooManyBytes);
    EXPECT_EQ(keep_of("", 0), "kept");
    EXPECT_EQ(keep_of("", 0), "kept");
    EXPECT_EQ(keep_of("", 0), kAccountsTooMany);
    EXPECT_EQ(keep_of("s-1", kLarge), "kept"); // of the same account
    Wanted other = wanted_at(last_path, 99, Loss::kChanged);
    other.session = "";
    other.account = 1001;
    EXPECT_EQ(say(store->keep(other, kShared, examiner)), "kept");
}

TEST_F(Share, AFullStoreIsSaidToBeThat) {
    EXPECT_EQ(keep_of("s-1", kLarge, {1 << 20, 1000, 100, 1000, 100}),
              "with it the store would hold more than 1000 bytes, its quota");
}

TEST_F(Share, ComesBackWithWhatIsRestored) {
    ASSERT_EQ(keep_of("s-1", kLarge), "kept");
    const std::string first = last_path;
    put_file(first, "changed by the act");
    ASSERT_EQ(keep_of("s-1", kLarge), kTooManyBytes);
    ASSERT_TRUE(store->restore(1, {true, INT64_MAX}));
    EXPECT_EQ(get_file(first).size(), kLarge);
    EXPECT_EQ(keep_of("s-1", kLarge), "kept");
}

TEST_F(Share, ComesBackWithWhatIsForgotten) {
    for (int i = 0; i < 3; i++) ASSERT_EQ(keep_of("s-1", 0), "kept");
    ASSERT_EQ(store->prune(all()[1].time), 1U);
    EXPECT_EQ(keep_of("s-1", 0), "kept");
    EXPECT_EQ(keep_of("s-1", 0), kTooMany);
}

TEST_F(Share, IsKnownAfterARestart) {
    ASSERT_EQ(keep_of("s-1", kLarge), "kept");
    ASSERT_EQ(keep_of("", kLarge), "kept");
    reopen();
    EXPECT_EQ(keep_of("s-1", kLarge), kTooManyBytes);
    EXPECT_EQ(keep_of("", kLarge), kAccountsTooManyBytes);
    EXPECT_EQ(keep_of("s-2", kLarge), "kept");
    store->prune(INT64_MAX);
    EXPECT_EQ(keep_of("s-1", kLarge), "kept");
}

// What is moved aside for a restore counts for all together and for the account, and for no
// session's share: also not after a restart. For an operator it is never refused.
TEST_F(Share, IsNotUsedUpByWhatARestoreReplaces) {
    for (const Loss loss : {Loss::kChanged, Loss::kRemoved}) {
        const std::string session = "s-" + std::to_string(last);
        ASSERT_EQ(keep_of(session, kLarge, kShared, loss), "kept");
        if (loss == Loss::kRemoved) unlink(last_path.c_str());
        put_file(last_path, std::string(10 * kShare, 'n')); // more than a share
        ASSERT_TRUE(store->restore(last, {true, 0}));
        EXPECT_EQ(get_file(last_path).size(), kLarge);
        ASSERT_EQ(all().back().loss, Loss::kReplaced);
        ASSERT_EQ(all().back().session, session);
        EXPECT_GT(store->usage().bytes, kShare);
        EXPECT_EQ(keep_of(session, kLarge), "kept");
        reopen();
        EXPECT_EQ(keep_of(session, kLarge), kTooManyBytes);
        EXPECT_EQ(keep_of(session, 0), "kept");
        EXPECT_EQ(keep_of(session, 0), "kept");
        EXPECT_EQ(keep_of(session, 0), kTooMany);
    }
    EXPECT_EQ(keep_of("s-new", 1, {1 << 20, 10 * kShare, 100, kShare, 3}),
              "with it the store would hold more than 640 KiB, its quota");
}

} // namespace
} // namespace bailiff::undo
