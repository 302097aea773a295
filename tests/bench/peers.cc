#include "bench/peers.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "bench/measure.h"

namespace bailiff::bench {
namespace {

void allow_below(int ruleset, const char* path, std::uint64_t rights) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = rights;
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    must(rule.parent_fd >= 0, path);
    must(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0,
         "landlock_add_rule");
    close(rule.parent_fd);
}

} // namespace

void confine_by_landlock() {
    constexpr std::uint64_t kRead =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    constexpr std::uint64_t kAll = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; // version 1 of its ABI
    landlock_ruleset_attr handled{};
    handled.handled_access_fs = kAll;
    const int ruleset = static_cast<int>(
        syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled.handled_access_fs), 0));
    must(ruleset >= 0, "landlock_create_ruleset");
    allow_below(ruleset, kTree, kAll);
    allow_below(ruleset, "/", kRead);
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    must(syscall(SYS_landlock_restrict_self, ruleset, 0) == 0, "landlock_restrict_self");
    close(ruleset);
}

void confine_by_apparmor(const char* profile) {
    const std::string command = std::string("changeprofile ") + profile;
    const int fd = open("/proc/self/attr/apparmor/current", O_WRONLY);
    must(fd >= 0, "/proc/self/attr/apparmor/current");
    must(write(fd, command.data(), command.size()) == static_cast<ssize_t>(command.size()),
         command);
    close(fd);
}

void must_be_confined() {
    if (open(kOutside, O_WRONLY) >= 0)
        die(std::string("a write to ") + kOutside + " succeeds: nothing confines this task");
}

} // namespace bailiff::bench
