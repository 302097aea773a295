// Hashing real files, with tables in memory that tell of the files what the kernel's would.
#include "kernel/hash_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <map>

#include "base/unique_fd.h"
#include "kernel/hasher.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::kernel {
namespace {

using ::testing::HasSubstr;
using tests::put_file;

class Tables final : public ContentTables {
public:
    Result<bailiff_file> examine(int fd) override {
        if (before_look) before_look(++looks);
        struct stat info {};
        if (fstat(fd, &info) != 0) return fail_errno("fstat", errno);
        bailiff_file file{};
        file.seen.ino = file.key.ino = key_.value_or(info.st_ino);
        file.seen.dev = file.key.dev = 7;
        file.magic = magic;
        file.size = static_cast<std::uint64_t>(info.st_size);
        file.ctime = info.st_ctim.tv_sec;
        file.ctime_nanos = static_cast<std::uint32_t>(info.st_ctim.tv_nsec);
        file.writers = writers;
        return file;
    }
    Result<std::uint64_t> openings(const bailiff_file_key&) override { return opened; }
    std::optional<bailiff_digest> find(const bailiff_file_key& key) override {
        const auto row = rows.find(key.ino);
        return row == rows.end() ? std::nullopt : std::optional(row->second);
    }
    Status put(const bailiff_file_key& key, const bailiff_digest& row) override {
        written++;
        rows[key.ino] = row;
        return {};
    }

    std::function<void(int)> before_look;
    std::optional<std::uint64_t> key_;
    std::uint64_t magic = 0xef53; // ext4
    std::uint64_t opened = 5;
    std::int32_t writers = 0;
    int looks = 0;
    int written = 0;
    std::map<std::uint64_t, bailiff_digest> rows;
};

class HashFile : public ::testing::Test {
protected:
    HashFile() { put_file(path, "content"); }
    tests::TemporaryFolder folder;
    const std::string path = folder.file("file");
    Tables tables;
};

TEST_F(HashFile, ItsDigestIsWrittenWithWhatTellsOfAChange) {
    const Hashed done = hash_file(tables, path);
    ASSERT_TRUE(done.digest) << done.problem;
    EXPECT_EQ(hex(*done.digest), hex(sha256("content")));
    EXPECT_EQ(done.seen.dev, 7U);
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    const bailiff_digest& row = tables.rows.at(info.st_ino);
    EXPECT_EQ(row.size, 7U);
    EXPECT_EQ(row.openings, 5U);
    EXPECT_EQ(row.ctime, info.st_ctim.tv_sec);
    EXPECT_EQ(row.ctime_nanos, info.st_ctim.tv_nsec);
}

TEST_F(HashFile, WhatStillStandsIsNotReadAgain) {
    ASSERT_TRUE(hash_file(tables, path).digest);
    const Hashed again = hash_file(tables, path);
    ASSERT_TRUE(again.digest);
    EXPECT_EQ(hex(*again.digest), hex(sha256("content")));
    EXPECT_EQ(tables.written, 1);
    tables.opened++;
    ASSERT_TRUE(hash_file(tables, path).digest);
    EXPECT_EQ(tables.written, 2);
}

TEST_F(HashFile, AWriteWhileItIsReadIsSeen) {
    tables.before_look = [this](int look) {
        if (look == 4) put_file(path, "changed"); // the look after the first reading
    };
    const Hashed done = hash_file(tables, path);
    ASSERT_TRUE(done.digest) << done.problem;
    EXPECT_EQ(hex(*done.digest), hex(sha256("changed")));
    EXPECT_EQ(tables.written, 1);
}

TEST_F(HashFile, AFileThatIsAlwaysWrittenToIsNotHashed) {
    tables.before_look = [this](int) { put_file(path, "content"); };
    const Hashed done = hash_file(tables, path);
    EXPECT_FALSE(done.digest);
    EXPECT_EQ(done.problem, "it is written to again and again");
    EXPECT_EQ(tables.written, 0);
}

TEST_F(HashFile, AWriterIsNotWaitedFor) {
    tables.writers = 1;
    EXPECT_THAT(hash_file(tables, path).problem, HasSubstr("somebody has it open to be written"));
    EXPECT_EQ(tables.written, 0);
    tables.writers = -1; // it is executed
    EXPECT_TRUE(hash_file(tables, path).digest);
}

TEST_F(HashFile, WhereChangesCannotBeSeenNothingIsHashed) {
    tables.magic = 0x6969; // NFS
    EXPECT_THAT(hash_file(tables, path).problem, HasSubstr("its file system (type 0x6969) can"));
    tables.key_ = 0;
    EXPECT_THAT(hash_file(tables, path).problem, HasSubstr("two layers"));
    EXPECT_EQ(tables.written, 0);
}

TEST_F(HashFile, OnlyRegularFilesByTheirOwnNameAreOpened) {
    ASSERT_EQ(symlink(path.c_str(), folder.file("link").c_str()), 0);
    ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
    for (const std::string name : {"link", "fifo", "absent", ""})
        EXPECT_FALSE(hash_file(tables, folder.file(name)).digest) << name;
    EXPECT_EQ(hash_file(tables, folder.file("fifo")).problem, "it is no regular file");
}

std::optional<Hashed> wait_for_one(Hasher& hasher) {
    for (int i = 0; i < 6000; i++) {
        if (auto done = hasher.take()) return done;
        usleep(10'000);
    }
    return std::nullopt;
}

TEST_F(HashFile, TheThreadHashesOneAfterTheOther) {
    put_file(folder.file("second"), "other");
    Hasher hasher(tables);
    ASSERT_TRUE(hasher.add(path));
    ASSERT_TRUE(hasher.add(folder.file("second")));
    ASSERT_TRUE(hasher.add(folder.file("absent")));
    const auto first = wait_for_one(hasher);
    const auto second = wait_for_one(hasher);
    const auto third = wait_for_one(hasher);
    ASSERT_TRUE(first && second && third);
    EXPECT_EQ(first->path, path);
    EXPECT_EQ(hex(second->digest.value()), hex(sha256("other")));
    EXPECT_FALSE(third->digest);
    EXPECT_FALSE(hasher.take());
}

TEST_F(HashFile, TheThreadSearchesForHardLinks) {
    ASSERT_EQ(link(path.c_str(), folder.file("other").c_str()), 0);
    Hasher hasher(tables);
    ASSERT_TRUE(hasher.add_search(path));
    ASSERT_TRUE(hasher.add_search(folder.path()));
    const auto file = wait_for_one(hasher);
    const auto all = wait_for_one(hasher);
    ASSERT_TRUE(file && all);
    EXPECT_TRUE(file->searched && all->searched);
    EXPECT_THAT(file->problem, HasSubstr("1 file of " + path));
    EXPECT_EQ(all->problem, "");
}

TEST_F(HashFile, TheThreadEndsInTheMiddleOfALargeFile) {
    const std::string large = folder.file("large");
    put_file(large, "");
    ASSERT_EQ(truncate(large.c_str(), 1LL << 36), 0); // minutes of work
    Hasher hasher(tables);
    ASSERT_TRUE(hasher.add(large));
}

} // namespace
} // namespace bailiff::kernel
