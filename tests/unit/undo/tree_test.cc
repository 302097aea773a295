// A whole tree removed as rm -rf does, and put back newest first.
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

namespace fs = std::filesystem;
using tests::get_file;
using tests::put_file;
using tests::stat_of;

// What can be seen of an object. A folder's times are not: whatever goes from it changes them.
std::string portrait(const std::string& path) {
    const struct stat info = stat_of(path);
    std::string text = std::to_string(info.st_mode) + " " + std::to_string(info.st_uid) + " " +
                       std::to_string(info.st_gid);
    if (S_ISDIR(info.st_mode)) return text;
    text += " " + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) +
            " " + std::to_string(info.st_size) + " " + std::to_string(info.st_blocks);
    if (S_ISLNK(info.st_mode)) return text + " -> " + fs::read_symlink(path).string();
    char value[100];
    const ssize_t size = getxattr(path.c_str(), "user.tag", value, sizeof(value));
    if (size > 0) text += " tag " + std::string(value, static_cast<std::size_t>(size));
    return S_ISREG(info.st_mode) ? text + " " + get_file(path) : text;
}

std::map<std::string, std::string> portraits(const std::string& top) {
    std::map<std::string, std::string> all{{top, portrait(top)}};
    for (const auto& found : fs::recursive_directory_iterator(top))
        all[found.path()] = portrait(found.path());
    return all;
}

class Tree : public tests::StoreScene {
protected:
    void make_tree() {
        fs::create_directories(top + "/empty");
        fs::create_directories(top + "/a/b/c");
        chmod((top + "/a").c_str(), 02770);
        for (const std::string at : {"/one", "/a/two", "/a/b/three", "/a/b/c/four"}) {
            put_file(top + at, "content of " + at);
            (void)setxattr((top + at).c_str(), "user.tag", at.data(), at.size(), 0);
            tests::set_times(top + at, 1'000'000);
        }
        chmod((top + "/a/two").c_str(), 0444);
        if (getuid() == 0) (void)!lchown((top + "/a/b/three").c_str(), 65534, 65534);
        chmod((top + "/a/b/three").c_str(), 04755);
        fs::create_symlink("../nowhere", top + "/a/link");
        fs::create_symlink("b", top + "/a/to_folder");
        (void)mkfifo((top + "/a/fifo").c_str(), 0644);
        const int sparse = open((top + "/sparse").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        (void)!pwrite(sparse, "middle", 6, 1 << 20);
        (void)!ftruncate(sparse, 8 << 20);
        fsync(sparse);
        close(sparse);
    }
    void remove_all(const std::string& path) {
        if (S_ISDIR(stat_of(path).st_mode)) {
            std::vector<std::string> inside;
            for (const auto& found : fs::directory_iterator(path)) inside.push_back(found.path());
            for (const std::string& each : inside) remove_all(each);
        }
        keep(path, ++action);
        ASSERT_EQ(std::remove(path.c_str()), 0);
    }
    void restore_all() {
        std::vector<Entry> entries = all();
        std::reverse(entries.begin(), entries.end());
        for (const Entry& entry : entries) {
            const Result<Entry> done = store->restore(entry.action, {});
            ASSERT_TRUE(done) << done.error().message();
        }
    }
    const std::string top = work + "/tree";
    std::uint64_t action = 1000;
};

TEST_F(Tree, ComesBackAsItWas) {
    make_tree();
    const auto before = portraits(top);
    ASSERT_EQ(before.size(), 13U);
    remove_all(top);
    ASSERT_FALSE(fs::exists(top));
    EXPECT_EQ(store->usage().entries, 13U);
    reopen();
    restore_all();
    EXPECT_EQ(portraits(top), before);
    EXPECT_TRUE(fs::is_empty(store_path));
    EXPECT_EQ(store->usage().bytes, 0U);
}

TEST_F(Tree, OfTenThousandFilesIsKeptAndComesBack) {
    for (int i = 0; i < 100; i++) {
        const std::string inner = top + "/" + std::to_string(i);
        fs::create_directories(inner);
        for (int j = 0; j < 100; j++)
            put_file(inner + "/" + std::to_string(j), std::to_string(i * 100 + j));
    }
    const auto before = portraits(top);
    const auto start = std::chrono::steady_clock::now();
    remove_all(top);
    const auto removed = std::chrono::steady_clock::now();
    EXPECT_EQ(store->usage().entries, 10'101U);
    reopen();
    ASSERT_EQ(all().size(), 10'101U);
    restore_all();
    EXPECT_EQ(portraits(top), before);
    const auto millis = [](auto span) {
        return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
    };
    RecordProperty("kept_in_milliseconds", millis(removed - start));
    RecordProperty("put_back_in_milliseconds", millis(std::chrono::steady_clock::now() - removed));
}

} // namespace
} // namespace bailiff::undo
