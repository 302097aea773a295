// Commands: a program and what is among its arguments, whoever starts it.
#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <iostream>

#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

class Command : public Holding {
protected:
    void SetUp() override {
        Scene::SetUp();
        fs::remove_all(tree_);
        fs::create_directories(tree_);
        echo_ = fs::canonical("/bin/echo");
        policy(BAILIFF_VERDICT_ALLOW, {});
    }
    // A child of the subject runs it and tells how it ended.
    int run(const std::string& path, const std::vector<std::string>& argv) {
        return bound(execute_argv(path, argv));
    }
    void expect_refused(const std::string& path, const std::vector<std::string>& argv) {
        ASSERT_EQ(free(execute_argv(path, argv)), 0) << argv.back();
        EXPECT_EQ(run(path, argv), EPERM) << argv.back();
        const auto told = others();
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(told[0].right, BAILIFF_RIGHT_ARGV);
        EXPECT_EQ(told[0].reason, BAILIFF_REASON_RULE);
        EXPECT_EQ(told[0].hook, BAILIFF_HOOK_BPRM_CREDS_FOR_EXEC);
    }
    void expect_let(const std::string& path, const std::vector<std::string>& argv) {
        EXPECT_EQ(run(path, argv), 0) << argv.back();
        EXPECT_TRUE(others().empty()) << argv.back();
    }
    const std::string tree_ = "/tmp/command";
    std::string echo_;
};

TEST_F(Command, AllOfItsWordsInAnyOrder) {
    command_rule({"echo", "push", "-f"}, BAILIFF_VERDICT_DENY);
    expect_refused(echo_, {"echo", "push", "-f"});
    expect_refused(echo_, {"echo", "-f", "x", "push"});
    expect_refused(echo_, {"echo", "-C", "dir", "push", "-uf"});
    expect_let(echo_, {"echo", "push"});
    expect_let(echo_, {"echo", "-f"});
    expect_let(echo_, {"echo", "pushed", "-f"});
    expect_let(echo_, {"echo", "push -f"});
    expect_let(echo_, {"echo", "push", "--f"});
}

TEST_F(Command, ALongOptionWithItsValue) {
    command_rule({"echo", "--force"}, BAILIFF_VERDICT_DENY);
    expect_refused(echo_, {"echo", "--force"});
    expect_refused(echo_, {"echo", "--force=yes"});
    expect_let(echo_, {"echo", "--forced"});
    expect_let(echo_, {"echo", "force=yes"});
}

TEST_F(Command, ABeginning) {
    command_rule({"echo", "push", "+*"}, BAILIFF_VERDICT_DENY);
    command_rule({"echo", "refs/for*"}, BAILIFF_VERDICT_DENY);
    expect_refused(echo_, {"echo", "push", "origin", "+main"});
    expect_refused(echo_, {"echo", "push", "+"});
    expect_refused(echo_, {"echo", "refs/for/main"});
    expect_let(echo_, {"echo", "push", "main+"});
    expect_let(echo_, {"echo", "refs/fo"});
}

TEST_F(Command, TheProgramByItsFileOrByWhatItIsCalled) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    expect_refused(echo_, {"other", "push"});
    expect_refused("/bin/true", {"/usr/bin/echo", "push"});
    fs::copy_file(echo_, tree_ + "/copy");
    expect_let(tree_ + "/copy", {"copy", "push"});
    fs::create_symlink(echo_, tree_ + "/link");
    expect_refused(tree_ + "/link", {"link", "push"});
}

TEST_F(Command, WrappersAndShellsHideNothing) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    for (const std::vector<std::string>& argv :
         std::vector<std::vector<std::string>>{{"/usr/bin/env", "echo", "push"},
                                               {"/bin/sh", "-c", echo_ + " push; exit $?"},
                                               {"/usr/bin/nohup", "echo", "push"},
                                               {"/usr/bin/timeout", "9", "echo", "push"}}) {
        if (!fs::exists(argv[0])) continue;
        EXPECT_EQ(free(execute_argv(argv[0], argv)), 0) << argv[0];
        EXPECT_NE(run(argv[0], argv), 0) << argv[0];
        const auto told = others();
        ASSERT_FALSE(told.empty()) << argv[0];
        EXPECT_EQ(told.back().right, BAILIFF_RIGHT_ARGV) << argv[0];
    }
}

TEST_F(Command, WhatIsHandedToALoaderOrToManyInOne) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    expect_refused(kLoader, {kLoader, echo_, "push"});
    expect_let("/bin/cat", {"cat", "/dev/null", "--", "/dev/null"});
    expect_let(echo_, {"x", "a", "b"});
    fs::copy_file(kLoader, tree_ + "/busybox");
    expect_refused(tree_ + "/busybox", {"busybox", echo_, "push"});
    // A copy of a loader under another name belongs to an account.
    fs::copy_file(kLoader, tree_ + "/innocent");
    ASSERT_EQ(chown((tree_ + "/innocent").c_str(), 1000, 1000), 0);
    expect_refused(tree_ + "/innocent", {"innocent", "--argv0", "x", echo_, "push"});
}

TEST_F(Command, ALoaderHidesNoProgramUnderAnotherName) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    fs::create_symlink(echo_, tree_ + "/innocent");
    expect_refused(kLoader, {kLoader, tree_ + "/innocent", "push"});
    expect_let(kLoader, {kLoader, tree_ + "/innocent", "pull"});
}

TEST_F(Command, ANameBehindALongPath) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    std::string path = "/usr/bin";
    for (int i = 0; i < 150; i++) path += "/.";
    expect_refused("/bin/true", {path + "/echo", "push"});
}

// As many as are read, and about as many: a script has more than who starts it gave.
TEST_F(Command, TheMostArgumentsThatAreRead) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    make_file(tree_ + "/script", "#!/bin/sh -e\nexit 0\n");
    chmod((tree_ + "/script").c_str(), 0755);
    for (const std::size_t count : {4094U, 4095U, 4096U, 4097U, 4098U}) {
        const std::vector<std::string> argv(count, "a");
        EXPECT_EQ(run("/bin/true", argv), 0) << count;
        EXPECT_EQ(run(tree_ + "/script", argv), 0) << count;
    }
    others();
}

TEST_F(Command, ACopyThatTheSessionMadeAsRoot) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_HOLD);
    const std::string copy = tree_ + "/mine";
    const pid_t pid = begin([this, copy] {
        const pid_t child = fork();
        if (child == 0) {
            execl("/bin/cp", "cp", kLoader, copy.c_str(), nullptr);
            _exit(1);
        }
        waitpid(child, nullptr, 0);
        execl(copy.c_str(), copy.c_str(), echo_.c_str(), "push", nullptr);
        return errno;
    });
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.right, BAILIFF_RIGHT_ARGV);
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(Command, TheStrictestRuleCounts) {
    command_rule({"echo", "push", "-f"}, BAILIFF_VERDICT_DENY);
    command_rule({"echo", "push"}, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(run(echo_, {"echo", "push", "-f"}), EPERM);
    EXPECT_EQ(others().back().verdict, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(run(echo_, {"echo", "push"}), 0);
    EXPECT_EQ(others().back().verdict, BAILIFF_VERDICT_AUDIT);
}

TEST_F(Command, HeldItRunsOnceItIsApproved) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_HOLD);
    const pid_t pid = begin(execute_argv(echo_, {"echo", "push"}));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.right, BAILIFF_RIGHT_ARGV);
    EXPECT_TRUE(stops(pid));
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(Command, AScriptByItsName) {
    make_file(tree_ + "/deploy", "#!/bin/sh\ntest \"$1\" = prod\n");
    chmod((tree_ + "/deploy").c_str(), 0755);
    command_rule({"deploy", "prod"}, BAILIFF_VERDICT_DENY);
    expect_refused(tree_ + "/deploy", {"deploy", "prod"});
    EXPECT_EQ(run(tree_ + "/deploy", {"deploy", "test"}), 1);
}

TEST_F(Command, NoArgumentsAndLongOnes) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    expect_let("/bin/true", {});
    for (const std::size_t length : {254U, 255U, 256U, 510U, 511U, 100'000U}) {
        const std::string text(length, 'x');
        expect_let(echo_, {"echo", text});
        expect_let(echo_, {"echo", text, text});
        expect_let("/bin/sh", {"sh", "-c", "exit 0", text});
        expect_refused(echo_, {"echo", text, "push"});
    }
}

TEST_F(Command, OfTooManyArgumentsAnyWordIsTakenToBeThere) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    std::vector<std::string> argv(6000, "a");
    expect_let("/bin/true", argv);
    make_file(tree_ + "/script", "#!/bin/sh\nexit 0\n");
    chmod((tree_ + "/script").c_str(), 0755);
    expect_let(tree_ + "/script", argv);
    expect_refused(echo_, argv);
    argv[1] = "--list";
    argv[0] = kLoader;
    EXPECT_EQ(run(kLoader, argv), EPERM) << "what a loader would start cannot be told";
    others();
}

TEST_F(Command, A32BitCallIsRead) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(bound(execute_in_32_bits(echo_, "push")), EPERM);
    EXPECT_EQ(bound(execute_in_32_bits(echo_, "pull")), 0);
    others();
}

// The kernel reads the arguments before any hook can. Who changes them in between would be judged
// for what does not run.
TEST_F(Command, ArgumentsThatChangeUnderTheExecRunNothing) {
    command_rule({"echo", "push"}, BAILIFF_VERDICT_DENY);
    auto* word = static_cast<char*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    std::strcpy(word, "pull");
    const pid_t flipper = fork();
    if (flipper == 0) {
        volatile char* at = word + 2;
        for (bool pull = false;; pull = !pull) {
            at[0] = pull ? 'l' : 's';
            at[1] = pull ? 'l' : 'h';
        }
    }
    const std::string output = tree_ + "/output";
    int killed = 0;
    int refused = 0;
    for (int i = 0; i < 300; i++) {
        const int ended = bound([&] {
            const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
            dup2(fd, STDOUT_FILENO);
            execl(echo_.c_str(), "echo", word, nullptr);
            return errno;
        });
        killed += ended == 128 + SIGKILL || ended == -1;
        refused += ended == EPERM;
    }
    kill(flipper, SIGKILL);
    waitpid(flipper, nullptr, 0);
    std::ifstream file(output);
    std::size_t ran = 0;
    for (std::string line; std::getline(file, line); ran++) EXPECT_NE(line, "push");
    EXPECT_GT(refused, 0);
    EXPECT_GT(ran, 0U);
    int changed = 0;
    for (const bailiff_event& e : others()) changed += e.reason == BAILIFF_REASON_ARGV_CHANGED;
    EXPECT_EQ(changed, killed);
    std::cout << "ran " << ran << ", refused " << refused << ", ended " << killed << "\n";
    munmap(word, 4096);
}

} // namespace
} // namespace bailiff::tests
