// Rules that list contents: what is executed and loaded, and that no way of changing a file goes
// unseen, whoever changes it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"
#include "kernel/hash_file.h"
#include "kernel/program_contents.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

Act map_code(const std::string& path) {
    return [=] {
        const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) return errno;
        void* at = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd.get(), 0);
        if (at == MAP_FAILED) return errno;
        munmap(at, 4096);
        return 0;
    };
}

// One byte of the file, in its last page, where no program looks.
constexpr off_t kPlace = -1;

void write_byte(const std::string& path, char byte) {
    const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    const off_t end = lseek(fd.get(), kPlace, SEEK_END);
    ASSERT_EQ(pwrite(fd.get(), &byte, 1, end), 1);
}

// A store into a shared mapping, whose page was only read at first: on tmpfs no fault tells of it.
void store_byte(const std::string& path, char byte) {
    const UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
    const auto size = static_cast<std::size_t>(fs::file_size(path));
    auto* at = static_cast<volatile char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
    ASSERT_NE(const_cast<char*>(at), MAP_FAILED);
    const char before = at[size - 1];
    EXPECT_EQ(before, at[size - 1]);
    at[size - 1] = byte;
    munmap(const_cast<char*>(at), size);
}

class Digest : public Scene {
protected:
    void prepare(const std::string& root) {
        root_ = root;
        fs::remove_all(root_);
        fs::create_directories(root_);
        program_ = root_ + "/program";
        copy_to(program_);
        policy(BAILIFF_VERDICT_ALLOW, {});
    }
    static void copy_to(const std::string& path) {
        fs::copy_file("/usr/bin/true", path, fs::copy_options::overwrite_existing);
        std::ofstream(path, std::ios::app) << 'a'; // a byte that is nobody's
    }
    static Sha256 content_of(const std::string& path) {
        const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        const Result<Sha256> found = sha256_of(fd.get());
        EXPECT_TRUE(found);
        return found ? *found : Sha256{};
    }
    void list(const std::string& path) {
        listed_rule(path, {BAILIFF_RIGHT_EXEC, BAILIFF_RIGHT_LOAD}, {content_of(path)});
    }
    // What bailiff-kernel does when it is asked.
    kernel::Hashed hash(const std::string& path) {
        kernel::ProgramContents tables(programs());
        return kernel::hash_file(tables, path);
    }
    void expect_hashed(const std::string& path) {
        const kernel::Hashed done = hash(path);
        ASSERT_TRUE(done.digest) << done.problem;
        EXPECT_EQ(hex(*done.digest), hex(content_of(path)));
    }
    void expect_both_allowed(const std::string& path) {
        expect_allowed(execute(path));
        expect_allowed(map_code(path));
    }
    void expect_both_denied(const std::string& path, bailiff_reason reason) {
        for (const Act& act : {execute(path), map_code(path)}) {
            events();
            EXPECT_EQ(bound(act), EPERM);
            const auto found = verdicts();
            ASSERT_EQ(found.size(), 1U);
            EXPECT_EQ(found[0].reason, reason);
            EXPECT_EQ(free(act), 0) << "the control";
        }
    }
    // Found out again, it is another content; the change taken back, it is allowed again.
    void expect_seen(const std::string& path, const std::function<void(char)>& change) {
        change('b');
        expect_both_denied(path, BAILIFF_REASON_CHANGED);
        expect_hashed(path);
        expect_both_denied(path, BAILIFF_REASON_CONTENT);
        change('a');
        expect_both_denied(path, BAILIFF_REASON_CHANGED);
        expect_hashed(path);
        expect_both_allowed(path);
    }
    std::string root_, program_;
};

class DigestOn : public Digest, public ::testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        Scene::SetUp();
        prepare(std::string(GetParam()) + "/digest");
        list(program_);
    }
    void TearDown() override { fs::remove_all(root_); }
};

TEST_P(DigestOn, AListedContentIsExecutedAndLoaded) {
    expect_hashed(program_);
    expect_both_allowed(program_);
}

TEST_P(DigestOn, WhatWasNotHashedIsDenied) {
    expect_both_denied(program_, BAILIFF_REASON_NOT_HASHED);
}

TEST_P(DigestOn, AContentThatIsNotListedIsDenied) {
    listed_rule(program_, {BAILIFF_RIGHT_EXEC, BAILIFF_RIGHT_LOAD}, {sha256("another")});
    expect_hashed(program_);
    expect_both_denied(program_, BAILIFF_REASON_CONTENT);
}

TEST_P(DigestOn, ARuleForOneOfTheTwoRightsLeavesTheOther) {
    listed_rule(program_, {BAILIFF_RIGHT_LOAD}, {sha256("another")});
    expect_hashed(program_);
    expect_denied(map_code(program_));
    EXPECT_EQ(bound(execute("/usr/bin/true")), 0);
}

TEST_P(DigestOn, AWriteInPlaceIsSeen) {
    expect_hashed(program_);
    expect_seen(program_, [this](char byte) { write_byte(program_, byte); });
}

TEST_P(DigestOn, AStoreIntoAMappingIsSeen) {
    expect_hashed(program_);
    expect_seen(program_, [this](char byte) { store_byte(program_, byte); });
}

TEST_P(DigestOn, ATruncationByPathIsSeen) {
    expect_hashed(program_);
    const auto size = static_cast<off_t>(fs::file_size(program_));
    ASSERT_EQ(truncate(program_.c_str(), size + 4096), 0);
    expect_both_denied(program_, BAILIFF_REASON_CHANGED);
    ASSERT_EQ(truncate(program_.c_str(), size), 0);
    expect_both_denied(program_, BAILIFF_REASON_CHANGED);
    expect_hashed(program_);
    expect_both_allowed(program_);
}

TEST_P(DigestOn, ATimeThatIsSetBackIsSeen) {
    expect_hashed(program_);
    struct stat before {};
    ASSERT_EQ(stat(program_.c_str(), &before), 0);
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, program_.c_str(), times, 0), 0);
    expect_both_denied(program_, BAILIFF_REASON_CHANGED);
    expect_hashed(program_);
    expect_both_allowed(program_);
}

TEST_P(DigestOn, AnOpeningToWriteIsSeenThoughNothingWasWritten) {
    expect_hashed(program_);
    ASSERT_EQ(open_file(program_, O_RDWR)(), 0);
    expect_both_denied(program_, BAILIFF_REASON_CHANGED);
}

TEST_P(DigestOn, WhatIsOpenToBeWrittenIsNotHashed) {
    UniqueFd writer(open(program_.c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_FALSE(hash(program_).digest);
    expect_denied(map_code(program_));
    writer.reset();
    expect_hashed(program_);
    expect_both_allowed(program_);
}

TEST_P(DigestOn, AMappingThatCanBeWrittenIsSeenToo) {
    UniqueFd writer(open(program_.c_str(), O_RDWR | O_CLOEXEC));
    void* at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer.get(), 0);
    ASSERT_NE(at, MAP_FAILED);
    writer.reset();
    EXPECT_FALSE(hash(program_).digest);
    munmap(at, 4096);
    expect_hashed(program_);
}

TEST_P(DigestOn, AFileThatTakesItsPlaceIsDeniedUntilItIsHashed) {
    expect_hashed(program_);
    copy_to(root_ + "/new");
    fs::rename(root_ + "/new", program_);
    expect_both_denied(program_, BAILIFF_REASON_NOT_HASHED);
    expect_hashed(program_);
    expect_both_allowed(program_);
    copy_to(root_ + "/new");
    write_byte(root_ + "/new", 'b');
    fs::rename(root_ + "/new", program_);
    expect_hashed(program_);
    expect_both_denied(program_, BAILIFF_REASON_CONTENT);
}

TEST_P(DigestOn, AnotherHardLinkIsTheSameFile) {
    expect_hashed(program_);
    const std::string other = root_ + "/other";
    ASSERT_EQ(link_file(program_, other)(), 0);
    expect_hashed(program_); // its time of change moved
    expect_both_allowed(other);
    write_byte(other, 'b');
    expect_both_denied(program_, BAILIFF_REASON_CHANGED);
    expect_hashed(other);
    expect_both_denied(other, BAILIFF_REASON_CONTENT);
}

TEST_P(DigestOn, AnInterpretersContentCounts) {
    const std::string interpreter = root_ + "/sh";
    fs::copy_file("/bin/sh", interpreter);
    std::ofstream(interpreter, std::ios::app) << 'a';
    make_file(root_ + "/script", "#!" + interpreter + "\nexit 0\n");
    ASSERT_EQ(chmod((root_ + "/script").c_str(), 0755), 0);
    list(interpreter);
    expect_hashed(interpreter);
    expect_allowed(execute(root_ + "/script"));
    write_byte(interpreter, 'b');
    expect_denied(execute(root_ + "/script"));
    list(root_ + "/script");
    EXPECT_EQ(bound(execute(root_ + "/script")), EPERM);
}

TEST_P(DigestOn, ARememberedVerdictDoesNotOutliveAChange) {
    expect_hashed(program_);
    const auto change = [this] { write_byte(program_, 'b'); };
    EXPECT_EQ(bound_after(map_code(program_), change, map_code(program_)), EPERM);
}

TEST_P(DigestOn, AProfileInModeObserveIsToldAndNotKept) {
    observe_profile();
    events();
    EXPECT_EQ(bound(map_code(program_)), 0);
    const auto found = verdicts();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(found[0].reason, BAILIFF_REASON_NOT_HASHED);
    EXPECT_TRUE(found[0].flags & BAILIFF_EVENT_WOULD_DENY);
}

INSTANTIATE_TEST_SUITE_P(
    On, DigestOn, ::testing::Values("/mnt/ext4", "/tmp", "/root"), [](const auto& at) {
        const std::string path = at.param;
        return std::string(path == "/mnt/ext4" ? "ext4" : path == "/tmp" ? "tmpfs" : "overlayfs");
    });

// A file of a lower layer, seen through an overlay.
class DigestBelow : public Digest {
protected:
    void SetUp() override {
        Scene::SetUp();
        const std::string root = "/mnt/ext4/below";
        prepare(root);
        for (const char* folder : {"/lower", "/upper", "/work", "/merged"})
            fs::create_directories(root + folder);
        copy_to(lower_);
        const std::string options =
            "lowerdir=" + root + "/lower,upperdir=" + root + "/upper,workdir=" + root + "/work";
        ASSERT_EQ(mount("none", (root + "/merged").c_str(), "overlay", 0, options.c_str()), 0);
        known_root(root + "/merged");
        list(merged_);
        expect_hashed(merged_);
    }
    void TearDown() override {
        EXPECT_EQ(umount((root_ + "/merged").c_str()), 0);
        fs::remove_all(root_);
    }
    const std::string lower_ = "/mnt/ext4/below/lower/program";
    const std::string merged_ = "/mnt/ext4/below/merged/program";
};

TEST_F(DigestBelow, ItIsExecutedAndLoaded) {
    expect_both_allowed(merged_);
}

TEST_F(DigestBelow, AWriteBelowTheOverlayIsSeen) {
    write_byte(lower_, 'b');
    expect_both_denied(merged_, BAILIFF_REASON_CHANGED);
    expect_hashed(merged_);
    expect_both_denied(merged_, BAILIFF_REASON_CONTENT);
}

// Who opened it before still maps the lower file, so it is not known which one is meant.
TEST_F(DigestBelow, OnceItIsCopiedUpItIsDenied) {
    write_byte(merged_, 'a');
    expect_both_denied(merged_, BAILIFF_REASON_NOT_HASHED);
    EXPECT_FALSE(hash(merged_).digest);
}

TEST_F(DigestBelow, ACopyInTheUpperLayerIsLikeAnyFile) {
    const std::string copy = root_ + "/merged/copy";
    copy_to(copy);
    list(copy);
    expect_hashed(copy);
    expect_both_allowed(copy);
    expect_seen(copy, [&](char byte) { store_byte(copy, byte); });
    write_byte(root_ + "/upper/copy", 'b');
    expect_both_denied(copy, BAILIFF_REASON_CHANGED);
}

} // namespace
} // namespace bailiff::tests
