// Which matches are refused because they would make the host itself, or who asks, an agent.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/policy/scene.h"
#include "tests/unit/support/temporary_folder.h"

namespace bailiff::policy::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string match(const std::string& text) {
    return problem("version: 1\nagents:\n  - {name: a, actor: b, match: {" + text + "}}\n");
}

struct Case {
    const char* match;
    const char* why;
};

void expect_refused(std::initializer_list<Case> cases) {
    for (const Case& one : cases)
        EXPECT_THAT(match(one.match), HasSubstr(std::string("is refused: "))) << one.match;
    for (const Case& one : cases) EXPECT_THAT(match(one.match), HasSubstr(one.why)) << one.match;
}

TEST(LintMatches, ProgramsOfTheHostAreRefusedByName) {
    expect_refused({{"executable: [/usr/lib/systemd/systemd]", "PID 1"},
                    {"executable: [/usr/sbin/sshd]", "sshd"},
                    {"executable: [/opt/dropbear]", "sshd"},
                    {"executable: [/bin/login]", "logins"},
                    {"executable: [/sbin/sulogin]", "logins"},
                    {"executable: [/sbin/runuser]", "logins"},
                    {"executable: [/usr/bin/newgrp]", "logins"},
                    {"executable: [/usr/lib/systemd/systemd-logind]", "logins"},
                    {"executable: [/bin/bash]", "shell"},
                    {"script: [/bin/sh]", "shell"},
                    {"executable: [/usr/bin/python3]", "interpreter"},
                    {"executable: [/opt/v/node20]", "interpreter"},
                    {"executable: [/usr/sbin/bailiffd]", "bailiff itself"}});
}

TEST(LintMatches, AnInterpreterMayBeAShellButNoneOfTheHostsOther) {
    expect_refused({{"interpreter: [node]", "absolute path"},
                    {"interpreter: [/opt/x/init]", "PID 1"},
                    {"interpreter: [/usr/sbin/sshd]", "sshd"},
                    {"interpreter: [/opt/bailiffd]", "bailiff itself"}});
    EXPECT_EQ(match("script: [/opt/a.js], interpreter: [/opt/node/bin/node]"), "no problem");
    EXPECT_EQ(match("script: [/opt/a.sh], interpreter: [/bin/bash]"), "no problem");
}

TEST(LintMatches, WhatShellsAndTheLoaderReadIsNobodysScript) {
    expect_refused({{"script: [/etc/profile]", "/etc/"},
                    {"script: [/etc/ld.so.cache]", "/etc/"},
                    {"script: [/etc/bash.bashrc]", "/etc/"},
                    {"script: [/srv/../etc/passwd]", "/etc/"},
                    {"script: [/dev/null]", "read"},
                    {"script: [/root/.bashrc]", "login shells read it"},
                    {"script: [/home/nobody-here/.profile]", "login shells read it"},
                    {"script: [/opt/lib/libc.so.6]", "library"},
                    {"executable: [/etc/profile]", "/etc/"},
                    {"script: [/usr/lib/python3.99/os.py]", "Python's own"},
                    {"script: [/usr]", "expected a file"}});
    EXPECT_EQ(match("script: [/opt/bot/node-agent.js, /opt/bot/python_bot.py]"), "no problem");
    EXPECT_EQ(match("script: [/usr/lib/python3.99/site-packages/bot/__main__.py]"), "no problem");
}

// The kernel matches by inode: so does the check. The file is this test's own program.
TEST(LintMatches, AnotherNameForAHostsProgramIsRefused) {
    const fs::path self = fs::read_symlink("/proc/self/exe");
    const std::string hard = (self.parent_path() / "lint-matches-hard-link").string();
    const std::string soft = (self.parent_path() / "lint-matches-soft-link").string();
    fs::remove(hard);
    fs::remove(soft);
    ASSERT_EQ(link(self.c_str(), hard.c_str()), 0);
    ASSERT_EQ(symlink(self.c_str(), soft.c_str()), 0);
    const std::string hard_said = match("executable: [\"" + hard + "\"]");
    const std::string soft_said = match("script: [\"" + soft + "\"]");
    const std::string interpreter_said = match("interpreter: [\"" + hard + "\"]");
    fs::remove(hard);
    fs::remove(soft);
    EXPECT_THAT(hard_said, HasSubstr("p.yaml:3:46: match on"));
    EXPECT_THAT(hard_said, HasSubstr("bailiff itself (it is the file " + self.string()));
    EXPECT_THAT(soft_said, HasSubstr("bailiff itself"));
    EXPECT_THAT(interpreter_said, HasSubstr("bailiff itself"));
}

TEST(LintMatches, ALinkToAShellIsThatShell) {
    const bailiff::tests::TemporaryFolder folder;
    fs::create_symlink("/bin/sh", folder.file("helper"));
    EXPECT_THAT(match("executable: [\"" + folder.file("helper") + "\"]"), HasSubstr("shell"));
    fs::create_symlink("/etc/passwd", folder.file("agent.py"));
    EXPECT_THAT(match("script: [\"" + folder.file("agent.py") + "\"]"), HasSubstr("/etc/"));
}

TEST(LintMatches, UnitsOfTheHostAreRefused) {
    expect_refused({{"unit: ssh.service", "sshd"},
                    {"unit: sshd@3.service", "sshd"},
                    {"unit: system-sshd.slice", "sshd"},
                    {"unit: init.scope", "PID 1"},
                    {"unit: user@1000.service", "logins"},
                    {"unit: console-getty.service", "logins"},
                    {"unit: container-getty@1.service", "logins"},
                    {"unit: system-getty.slice", "logins"},
                    {"unit: \"system-serial\\\\x2dgetty.slice\"", "logins"},
                    {"unit: app.slice", "logins"},
                    {"unit: session.slice", "logins"},
                    {"unit: gdm.service", "logins"},
                    {"unit: display-manager.service", "logins"},
                    {"unit: rescue.service", "logins"},
                    {"unit: debug-shell.service", "logins"},
                    {"unit: system.slice", "whole host"},
                    {"unit: fixer", "full name"},
                    {"unit: bailiffd.service", "bailiff itself"}});
    EXPECT_EQ(match("unit: fixer.service"), "no problem");
    EXPECT_EQ(match("unit: system-fixer.slice"), "no problem");
}

TEST(LintMatches, AUnitHasTheNameOfOne) {
    for (const char* unit : {"\"fixer*.service\"", "\"my fixer.service\"", "fixer.socket",
                             "fixer.timer", ".service", "a/b.service"})
        EXPECT_THAT(match("unit: " + std::string(unit)),
                    HasSubstr("expected a systemd unit's full name that ends in .service, .scope "
                              "or .slice, such as agent.service"))
            << unit;
    EXPECT_THAT(match("unit: fixer@.service"), HasSubstr("an instance, such as fixer@1.service"));
    for (const char* unit :
         {"fixer@1.service", "run-u5.scope", "agents.slice", "a:b_c-d.e.service"})
        EXPECT_EQ(match("unit: " + std::string(unit)), "no problem") << unit;
}

TEST(LintMatches, AMatchThatFitsNothingIsRefused) {
    EXPECT_EQ(match(""),
              "p.yaml:3:32: match: it matches no process; expected executable, script, unit, "
              "cgroup or uid, or no `match`");
    EXPECT_EQ(match("interpreter: [/opt/node/bin/node]"),
              "p.yaml:3:32: match: `interpreter` alone matches no process; expected executable, "
              "script, unit, cgroup or uid, or no `match`");
}

TEST(LintMatches, ACgroupIsRefusedInEverySpelling) {
    expect_refused(
        {{"cgroup: /", "whole host"},
         {"cgroup: //", "whole host"},
         {"cgroup: /system.slice", "sshd"},
         {"cgroup: /system.slice//", "sshd"},
         {"cgroup: //system.slice", "sshd"},
         {"cgroup: //init.scope", "PID 1"},
         {"cgroup: /user.slice", "logins"},
         {"cgroup: /user.slice//", "logins"},
         {"cgroup: /user.slice//user-1000.slice", "logins"},
         {"cgroup: /a/../system.slice", "no . or .."},
         {"cgroup: /./system.slice", "no . or .."},
         {"cgroup: system.slice", "below /sys/fs/cgroup"},
         {"cgroup: /system.slice/sshd.service", "sshd"},
         {"cgroup: /system.slice/system-getty.slice", "logins"},
         {"cgroup: /system.slice/systemd-logind.service", "logins"},
         {"cgroup: /system.slice/bailiffd.service", "bailiff itself"},
         {"cgroup: /system.slice//bailiff-kernel.service/", "bailiff itself"},
         {"cgroup: /sys/fs/cgroup/x", "expected the path below /sys/fs/cgroup alone, such as /x"},
         {"cgroup: /sys/fs/cgroup", "expected the path below /sys/fs/cgroup alone"}});
    EXPECT_EQ(match("cgroup: /agents.slice/fixer"), "no problem");
    EXPECT_EQ(match("cgroup: /system.slice/fixer.service"), "no problem");
}

TEST(LintMatches, AUidIsTheNumberThatTheKernelGets) {
    expect_refused({{"uid: root", "root"},
                    {"uid: 0", "root"},
                    {"uid: \"0000000000\"", "root"},
                    {"uid: \"000000000000000\"", "root"}});
    EXPECT_EQ(match("uid: \"61005\""), "no problem");
}

} // namespace
} // namespace bailiff::policy::tests
