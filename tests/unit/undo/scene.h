// A store and a folder that an agent works in, on the file system of temporary files.
#pragma once

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/support/temporary_folder.h"
#include "undo/store.h"

namespace bailiff::undo::tests {

using bailiff::tests::get_file;
using bailiff::tests::put_file;
using bailiff::tests::TemporaryFolder;

// One session may use up all that the store has.
constexpr Limits one_share(std::uint64_t max_copy, std::uint64_t quota, std::uint32_t entries) {
    return {max_copy, quota, entries, quota, entries};
}
inline constexpr Limits kRoom = one_share(64 << 20, 1 << 30, 100'000);

// Tells of an object what stat(2) does, and of its writers what the test says.
class FakeExaminer final : public Examiner {
public:
    Result<bailiff_file> examine(int fd) override;

    std::function<void(int)> before_look; // with its number, from 1
    std::int32_t writers = 0;
    int looks = 0;
};

// The object at a path of the host as the hooks see it, which is its path on its file system too.
[[nodiscard]] Wanted wanted_at(const std::string& path, std::uint64_t action,
                               Loss loss = Loss::kRemoved);

[[nodiscard]] struct stat stat_of(const std::string& path);
[[nodiscard]] bool is_there(const std::string& path);
void set_times(const std::string& path, std::int64_t seconds);

// A mount of a tmpfs, in a mount namespace of this process' own. None where that is not permitted.
class Tmpfs {
public:
    [[nodiscard]] static std::unique_ptr<Tmpfs> mount_at(const std::string& path);
    ~Tmpfs();
    Tmpfs(const Tmpfs&) = delete;
    Tmpfs& operator=(const Tmpfs&) = delete;

private:
    explicit Tmpfs(std::string path) : path_(std::move(path)) {}
    std::string path_;
};
// Whether this process has a mount namespace of its own by now.
[[nodiscard]] bool has_own_mounts();

class StoreScene : public ::testing::Test {
protected:
    StoreScene();
    // Keeps, and fails the test where that fails.
    Entry keep(const std::string& path, std::uint64_t action, Loss loss = Loss::kRemoved);
    Result<Entry> try_keep(const std::string& path, std::uint64_t action,
                           Loss loss = Loss::kRemoved, const Limits& limits = kRoom);
    // Closes the store and opens it anew.
    void reopen();
    [[nodiscard]] std::vector<Entry> all() const { return store->list(0, 1'000'000); }
    [[nodiscard]] std::string in_store(const std::string& name) const {
        return store_path + "/" + name;
    }

    TemporaryFolder folder;
    const std::string store_path = folder.file("store");
    const std::string work = folder.file("work");
    FakeExaminer examiner;
    std::optional<Store> store;
};

// Whether a hard link into the store can be had, as not on overlayfs.
[[nodiscard]] bool links_serve();

// For tests that need them.
#define NEEDS_LINKS()                         \
    if (!bailiff::undo::tests::links_serve()) \
    GTEST_SKIP() << "no hard links on the file system of temporary files"

} // namespace bailiff::undo::tests
