// Opening a store, and what it lists, counts and forgets.
#include "undo/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;
using tests::get_file;
using tests::is_there;
using tests::put_file;
using tests::stat_of;

class OpenStore : public tests::StoreScene {
protected:
    std::string refusal(const std::string& path) {
        const Result<Store> opened = Store::open(path);
        if (opened) return "opened";
        EXPECT_EQ(opened.error().code(), ErrorCode::kFailedPrecondition);
        return opened.error().message();
    }
};

TEST_F(OpenStore, MakesItsFolderForItselfAlone) {
    EXPECT_EQ(stat_of(store_path).st_mode, S_IFDIR | 0700U);
    EXPECT_EQ(stat_of(store_path).st_uid, geteuid());
    EXPECT_EQ(store->usage().entries, 0U);
    EXPECT_EQ(store->usage().bytes, 0U);
    umask(0277); // whatever the mask is
    EXPECT_TRUE(Store::open(folder.file("other/")));
    umask(0077);
    EXPECT_EQ(stat_of(folder.file("other")).st_mode, S_IFDIR | 0700U);
}

TEST_F(OpenStore, RefusesAFolderThatIsNotItsOwnAlone) {
    ASSERT_EQ(symlink(store_path.c_str(), folder.file("link").c_str()), 0);
    EXPECT_THAT(refusal(folder.file("link")), HasSubstr("/link is a symbolic link"));
    ASSERT_EQ(symlink(folder.path().c_str(), folder.file("up").c_str()), 0);
    EXPECT_THAT(refusal(folder.file("up/store")), HasSubstr("has one on its way"));
    EXPECT_THAT(refusal(folder.file("up/new")), HasSubstr("has one on its way"));
    put_file(folder.file("file"), "");
    EXPECT_THAT(refusal(folder.file("file")), HasSubstr("is not a folder"));
    EXPECT_THAT(refusal("store"), HasSubstr("no absolute path"));
    for (const mode_t mode : {0710U, 0701U, 0777U}) {
        ASSERT_EQ(chmod(store_path.c_str(), mode), 0);
        EXPECT_THAT(refusal(store_path), HasSubstr("open to others than its owner: chmod 0700"));
    }
    EXPECT_FALSE(Store::open(folder.file("none/store")));
}

TEST_F(OpenStore, RefusesAFolderOfAnotherAccount) {
    if (getuid() != 0) GTEST_SKIP() << "only root can give a folder away";
    ASSERT_EQ(chown(store_path.c_str(), 65534, 0), 0);
    EXPECT_THAT(refusal(store_path), HasSubstr("belongs to uid 65534, not to uid 0"));
}

TEST_F(OpenStore, FindsWhatItHeld) {
    put_file(work + "/a", std::string(10'000, 'a'));
    put_file(work + "/b", "b");
    const Entry first = keep(work + "/a", 1);
    const Entry second = keep(work + "/b", 2, Loss::kChanged);
    const Usage before = store->usage();
    reopen();
    ASSERT_EQ(all().size(), 2U);
    EXPECT_EQ(all()[0].time, first.time);
    EXPECT_EQ(all()[1].path, work + "/b");
    EXPECT_EQ(all()[1].loss, Loss::kChanged);
    EXPECT_EQ(store->usage().bytes, before.bytes);
    EXPECT_EQ(store->usage().entries, 2U);
    put_file(work + "/c", "c");
    EXPECT_GT(keep(work + "/c", 3).time, second.time);
}

TEST_F(OpenStore, ClearsAwayWhatARestartLeft) {
    put_file(work + "/a", "a");
    keep(work + "/a", 1);
    put_file(in_store("0000000000000002.part"), "half");
    ASSERT_EQ(mkdir(in_store("0000000000000003.part").c_str(), 0700), 0);
    ASSERT_EQ(symlink("of nothing", in_store("0000000000000004.entry").c_str()), 0);
    put_file(in_store("0000000000000005"), std::string(4096, 'x')); // an object without an entry
    put_file(in_store("0000000000000006"), std::string(4096, 'y'));
    ASSERT_EQ(symlink("damaged", in_store("0000000000000006.entry").c_str()), 0);
    put_file(in_store("note"), "not the store's");
    const std::uint64_t bytes = store->usage().bytes;
    reopen();
    EXPECT_FALSE(is_there(in_store("0000000000000002.part")));
    EXPECT_FALSE(is_there(in_store("0000000000000003.part")));
    EXPECT_FALSE(is_there(in_store("0000000000000004.entry")));
    EXPECT_TRUE(is_there(in_store("0000000000000005")));
    EXPECT_TRUE(is_there(in_store("0000000000000006.entry")));
    EXPECT_TRUE(is_there(in_store("note")));
    EXPECT_EQ(all().size(), 1U);
    EXPECT_EQ(store->usage().entries, 1U);
    EXPECT_GT(store->usage().bytes, bytes);
}

TEST_F(OpenStore, AnEntryOfAnotherActionIsNotBelieved) {
    put_file(work + "/a", "a");
    keep(work + "/a", 1);
    ASSERT_EQ(rename(in_store("0000000000000001").c_str(), in_store("0000000000000009").c_str()),
              0);
    ASSERT_EQ(rename(in_store("0000000000000001.entry").c_str(),
                     in_store("0000000000000009.entry").c_str()),
              0);
    reopen();
    EXPECT_EQ(all().size(), 0U);
    EXPECT_TRUE(is_there(in_store("0000000000000009")));
}

TEST_F(OpenStore, HasOneFolderAFileSystem) {
    EXPECT_TRUE(store->add_folder(store_path));
    const Status added = store->add_folder(folder.file("second"));
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(added.error().message(), HasSubstr("is on the same file system as " + store_path));
}

class FilledStore : public tests::StoreScene {
protected:
    FilledStore() {
        for (std::uint64_t i = 1; i <= 5; i++) {
            const std::string path = work + "/" + std::to_string(i);
            put_file(path, std::string(5000, 'x'));
            times.push_back(keep(path, i).time);
            unlink(path.c_str());
        }
    }
    std::vector<std::int64_t> times;
};

TEST_F(FilledStore, ListsTheOldestFirst) {
    ASSERT_EQ(all().size(), 5U);
    EXPECT_EQ(all()[0].action, 1U);
    const std::vector<Entry> some = store->list(times[1], 2);
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[0].action, 3U);
    EXPECT_EQ(some[1].action, 4U);
    EXPECT_EQ(store->list(times[4], 10).size(), 0U);
}

TEST_F(FilledStore, AnEntryThatCannotBeReadDoesNotEndTheList) {
    for (const char* action : {"0000000000000001", "0000000000000002"}) {
        const std::string entry = store_path + "/" + action + ".entry";
        ASSERT_EQ(unlink(entry.c_str()), 0);
        ASSERT_EQ(symlink("nonsense", entry.c_str()), 0);
    }
    const std::vector<Entry> some = store->list(0, 2);
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[0].action, 3U);
}

TEST_F(FilledStore, ForgetsTheOldOnes) {
    ASSERT_EQ(mkdir((work + "/folder").c_str(), 0700), 0);
    const std::int64_t last = keep(work + "/folder", 6).time;
    const std::uint64_t bytes = store->usage().bytes;
    EXPECT_EQ(store->prune(times[2]), 2U);
    ASSERT_EQ(all().size(), 4U);
    EXPECT_EQ(all()[0].action, 3U);
    EXPECT_LT(store->usage().bytes, bytes);
    EXPECT_FALSE(is_there(in_store("0000000000000001")));
    EXPECT_FALSE(is_there(in_store("0000000000000001.entry")));
    EXPECT_EQ(store->prune(last + 1), 4U);
    EXPECT_EQ(store->usage().bytes, 0U);
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
    EXPECT_EQ(store->prune(last + 1), 0U);
}

} // namespace
} // namespace bailiff::undo
