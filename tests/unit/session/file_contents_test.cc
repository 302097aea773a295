// Files whose content rules list: asked for, asked for again, and remembered.
#include "session/file_contents.h"

#include <algorithm>

#include "kernel/objects.h"
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::HasSubstr;

const std::string kDigest(64, 'a');

class FileContentsOf : public testing::Test, protected Scene {
protected:
    FileContentsOf() {
        file = port.files.add_file("/opt/tool");
        profiles +=
            "  - {name: pinned, default: {exec: allow, files: allow, network: allow}, exec: "
            "[{verdict: allow, path: [/opt/tool], sha256: [" +
            kDigest + "]}]}\n";
        users =
            "  - {subject: \"user:alice\", presented_by: [\"61001\"], profiles: [docs, pinned]}\n";
    }
    [[nodiscard]] std::ptrdiff_t asked() const {
        return std::count(port.calls.begin(), port.calls.end(), "hash /opt/tool");
    }
    kernel::Hashed done(const std::string& content) const {
        kernel::Hashed result;
        result.path = "/opt/tool";
        result.seen = file;
        result.digest = sha256(content);
        return result;
    }
    bailiff_inode file{};
};

TEST_F(FileContentsOf, AreAskedForWhenThePolicyIsLoaded) {
    start();
    EXPECT_EQ(asked(), 1);
}

TEST_F(FileContentsOf, AreAskedForAgainOnceTheAnswerIsThere) {
    start();
    manager->hash_again("/opt/tool");
    EXPECT_EQ(asked(), 1) << "it is under way";
    port.hashed.push_back(done("x"));
    manager->tick();
    manager->hash_again("/opt/tool");
    EXPECT_EQ(asked(), 2);
    port.hashed.push_back(done("y"));
    manager->tick();
    ASSERT_TRUE(manager->refresh());
    EXPECT_EQ(asked(), 3) << "with each refresh";
}

TEST_F(FileContentsOf, AreRememberedByTheInode) {
    start();
    EXPECT_EQ(manager->contents().find(file.dev, file.ino, file.generation), nullptr);
    port.hashed.push_back(done("x"));
    manager->tick();
    const Sha256* found = manager->contents().find(file.dev, file.ino, file.generation);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, sha256("x"));
}

TEST_F(FileContentsOf, WhyOneCannotBeHashedIsToldOnce) {
    start();
    for (int i = 0; i < 2; i++) {
        kernel::Hashed problem = done("x");
        problem.digest.reset();
        problem.problem = "it is on NFS";
        port.hashed.push_back(problem);
        manager->tick();
        manager->hash_again("/opt/tool");
    }
    EXPECT_THAT(message_of("policy.contents"), HasSubstr("/opt/tool"));
    EXPECT_THAT(message_of("policy.contents"), HasSubstr("it is on NFS"));
}

TEST_F(FileContentsOf, WhatARuleDeniesIsSearchedForHardLinks) {
    start();
    EXPECT_EQ(std::count(port.calls.begin(), port.calls.end(), "find_links /etc"), 1);
    kernel::Hashed nothing;
    nothing.path = "/etc";
    nothing.searched = true;
    kernel::Hashed found = nothing;
    found.problem = "1 file of /etc has other names elsewhere";
    port.hashed = {nothing, done("x")};
    manager->tick();
    EXPECT_TRUE(records_of("policy.hard_links").empty());
    ASSERT_TRUE(manager->load_policy(policy()));
    port.hashed = {found, done("x")};
    manager->tick();
    EXPECT_EQ(message_of("policy.hard_links"), "1 file of /etc has other names elsewhere");
}

TEST_F(FileContentsOf, ASilentKernelSideIsAskedAnewLater) {
    start();
    port.fail_every("take_hashed");
    manager->tick();
    port.mend();
    manager->hash_again("/opt/tool");
    EXPECT_EQ(asked(), 2);
}

TEST_F(FileContentsOf, TheRowsOfTheLabelNameThem) {
    start();
    bailiff_listed_key demand = {};
    const auto object = port.objects.find(kernel::inode_key(file, manager->tables()->slot()));
    ASSERT_NE(object, port.objects.end());
    demand.label = object->second.label;
    bailiff_listed_key content = demand;
    const Sha256 digest = parse_sha256(kDigest).value();
    std::copy(digest.begin(), digest.end(), std::begin(content.sha256));
    ASSERT_TRUE(port.listed.contains(demand));
    ASSERT_TRUE(port.listed.contains(content));
    EXPECT_TRUE(bailiff_mask_any(&port.listed.at(content).exec));
    EXPECT_TRUE(bailiff_mask_any(&port.listed.at(content).load));
}

// Whoever may write where the file lies could otherwise keep bailiffd from starting.
TEST_F(FileContentsOf, AFolderIsDeniedAndNotedWithItsLine) {
    port.files.remove("/opt/tool");
    port.files.add_folder("/opt/tool");
    replay = token::ReplayCache::open(folder.file("used"), clock).value();
    manager = std::make_unique<session::Manager>(
        session::Surroundings{port, clock, *replay, [](const v1::Record&) {},
                              [this]() -> Result<std::vector<session::Mount>> { return mounts; },
                              state_file(), folder.file("labels.json"), boot_id});
    const auto loaded = manager->load_policy(policy());
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_THAT(manager->tables()->notes(),
                testing::Contains(testing::AllOf(HasSubstr("policy.yaml:"),
                                                 HasSubstr("/opt/tool is no regular file"))));
}

} // namespace
} // namespace bailiff::tests
