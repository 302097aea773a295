// File systems that a container mounted for itself, before anybody could label them.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

constexpr char kRoot[] = "/tmp/container";

int mount_tmpfs(const char* at) {
    if (mkdir(at, 0755) != 0 && errno != EEXIST) return errno;
    return mount("none", at, "tmpfs", 0, nullptr) == 0 ? 0 : errno;
}

// What a runtime does, in short, and then the act. Its root is `shared`, which is mounted on the
// host too, or a file system of its own.
Act in_container(Act act, std::string shared = {}) {
    return [act = std::move(act), shared = std::move(shared)] {
        if (unshare(CLONE_NEWNS) != 0) return errno;
        if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
        if (mkdir(kRoot, 0755) != 0 && errno != EEXIST) return errno;
        if (!shared.empty() && mount(shared.c_str(), kRoot, nullptr, MS_BIND, nullptr) != 0)
            return errno;
        if (shared.empty() && mount("none", kRoot, "tmpfs", 0, nullptr) != 0) return errno;
        if (chroot(kRoot) != 0 || chdir("/") != 0) return errno;
        if (const int error = mount_tmpfs("/data")) return error;
        return act();
    };
}

class Container : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        policy(BAILIFF_VERDICT_ALLOW, {});
        for (const int capability : {CAP_SYS_ADMIN, CAP_SYS_CHROOT})
            default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + capability),
                       BAILIFF_VERDICT_ALLOW);
        default_of(BAILIFF_RIGHT_MOUNT, BAILIFF_VERDICT_ALLOW);
        events();
    }
    // Why the last denial was one.
    int reason() {
        const std::vector<bailiff_event> found = verdicts();
        return found.empty() ? -1 : found.back().reason;
    }
    const Act create_ = open_file("/data/file", O_CREAT | O_WRONLY);
};

TEST_F(Container, WhatItMountedForItselfIsJudgedByTheDefaults) {
    expect_allowed(in_container(create_));
    default_of(BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(bound(in_container(create_)), EPERM);
    EXPECT_EQ(reason(), BAILIFF_REASON_DEFAULT);
}

TEST_F(Container, WhatTheHostHasMountedTooAndNobodyLabelledStaysUnknown) {
    const std::string shared = "/tmp/container-shared";
    ASSERT_EQ(mount_tmpfs(shared.c_str()), 0);
    EXPECT_EQ(free(in_container(create_, shared)), 0);
    EXPECT_EQ(bound(in_container(open_file("/file", O_CREAT | O_WRONLY), shared)), EPERM);
    EXPECT_EQ(reason(), BAILIFF_REASON_UNKNOWN_ROOT);
    umount(shared.c_str());
}

// A unit of its own mount namespace sees the host's paths, which have rules.
TEST_F(Container, UnderTheHostsRootNothingIsItsOwn) {
    EXPECT_EQ(bound([] {
                  if (unshare(CLONE_NEWNS) != 0) return errno;
                  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
                  if (const int error = mount_tmpfs(kRoot)) return error;
                  return open_file(std::string(kRoot) + "/file", O_CREAT | O_WRONLY)();
              }),
              EPERM);
    EXPECT_EQ(reason(), BAILIFF_REASON_UNKNOWN_ROOT);
}

} // namespace
} // namespace bailiff::tests
