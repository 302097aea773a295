// An exec that waits: it is one act with its file, what interprets it and its arguments.
#include <fcntl.h>
#include <spawn.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

// The strings of a record's text: the names of the file, leaf first, then the arguments.
struct Told {
    std::vector<std::string> names;
    std::vector<std::string> argv;
    std::string last() const { return argv.empty() ? "" : argv.back(); }
    std::string leaf() const { return names.empty() ? "" : names.front(); }
};

Told told_of(const bailiff_event& event) {
    Told told;
    bool is_argv = false;
    for (std::size_t at = 0; at < event.text_length;) {
        const std::string part(event.text + at);
        at += part.size() + 1;
        if (!is_argv && part.empty())
            is_argv = true;
        else
            (is_argv ? told.argv : told.names).push_back(part);
    }
    return told;
}

class HoldExec : public Holding {
protected:
    void SetUp() override {
        Scene::SetUp();
        fs::remove_all(tree_);
        fs::create_directories(tree_);
        fs::copy_file(fs::canonical("/bin/true"), tool_);
    }
    void script(const std::string& text) {
        make_file(script_, text);
        chmod(script_.c_str(), 0755);
    }
    // Its approval is no use by now: the task asks again, and is denied.
    void expect_asked_anew(const bailiff_event& first) {
        write_answer(first, BAILIFF_VERDICT_ALLOW);
        kill(static_cast<pid_t>(first.pid), SIGCONT);
        const bailiff_event second = next_hold();
        EXPECT_NE(second.hold, first.hold);
        disapprove(second);
    }
    void hold_exec() { hold({{tree_, {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_HOLD}}); }
    const std::string tree_ = "/tmp/holding-exec";
    const std::string tool_ = tree_ + "/tool";
    const std::string script_ = tree_ + "/script";
};

TEST_F(HoldExec, WaitsAndRunsOnceItIsApproved) {
    hold_exec();
    const pid_t pid = begin(execute_argv(tool_, {"name", "", "two words", "end"}));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.right, BAILIFF_RIGHT_EXEC);
    EXPECT_EQ(waits.hook, BAILIFF_HOOK_BPRM_CHECK);
    const Told told = told_of(waits);
    EXPECT_EQ(told.leaf(), "tool");
    EXPECT_EQ(told.argv, (std::vector<std::string>{"name", "", "two words", "end"}));
    EXPECT_TRUE(stops(pid));
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    const auto after = others();
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].reason, BAILIFF_REASON_APPROVED);
}

TEST_F(HoldExec, DisapprovedItFails) {
    hold_exec();
    const pid_t pid = begin(execute(tool_));
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_DISAPPROVED);
}

TEST_F(HoldExec, WithoutAnAnswerInTimeItFails) {
    hold_for(1);
    hold_exec();
    const pid_t pid = begin(execute(tool_));
    next_hold();
    EXPECT_TRUE(stops(pid));
    sleep(1);
    kill(pid, SIGCONT);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_TIMED_OUT);
}

TEST_F(HoldExec, AnApprovalIsForOneExec) {
    hold_exec();
    const pid_t pid = begin([this] {
        for (int i = 0; i < 2; i++) {
            char* argv[] = {const_cast<char*>("tool"), nullptr};
            pid_t child = 0;
            if (const int error =
                    posix_spawn(&child, tool_.c_str(), nullptr, nullptr, argv, environ))
                return error;
            int state = 0;
            waitpid(child, &state, 0);
        }
        return 0;
    });
    for (int i = 0; i < 2; i++) {
        const bailiff_event waits = next_hold();
        EXPECT_NE(waits.pid, static_cast<std::uint32_t>(pid)) << "the child of a vfork waits";
        approve(waits);
    }
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, TheSameTaskAsksAgainForAnotherExec) {
    script("#!/bin/sh\nexec " + tool_ + " \"$@\"\n");
    hold_exec();
    const pid_t pid = begin(execute(script_, "x"));
    approve(next_hold());
    const bailiff_event second = next_hold();
    EXPECT_EQ(second.pid, static_cast<std::uint32_t>(pid));
    EXPECT_EQ(told_of(second).argv, (std::vector<std::string>{tool_, "x"}));
    approve(second);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, AScriptAndWhatInterpretsItAreTwoQuestions) {
    script("#!/bin/sh\nexit 7\n");
    hold({{tree_, {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_HOLD},
          {fs::canonical("/bin/sh"), {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(execute(script_, "argument"));
    for (const std::string& leaf :
         {std::string("script"), fs::canonical("/bin/sh").filename().string()}) {
        const bailiff_event waits = next_hold();
        EXPECT_EQ(told_of(waits).leaf(), leaf);
        EXPECT_EQ(told_of(waits).argv, (std::vector<std::string>{script_, "argument"}));
        approve(waits);
    }
    EXPECT_EQ(result(pid), 7);
}

TEST_F(HoldExec, AnInterpreterWaitsWithTheScriptsArguments) {
    script("#!/bin/sh -u\nexit 7\n");
    hold({{fs::canonical("/bin/sh"), {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(execute(script_, "argument"));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(told_of(waits).argv, (std::vector<std::string>{script_, "argument"}));
    approve(waits);
    EXPECT_EQ(result(pid), 7);
}

TEST_F(HoldExec, OtherArgumentsAreAnotherQuestion) {
    hold_exec();
    auto* shared = static_cast<char*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    std::strcpy(shared, "mild");
    const pid_t pid = begin([this, shared] {
        execl(tool_.c_str(), "tool", shared, nullptr);
        return errno;
    });
    const bailiff_event first = next_hold();
    EXPECT_EQ(told_of(first).last(), "mild");
    EXPECT_TRUE(stops(pid));
    std::strcpy(shared, "wild");
    write_answer(first, BAILIFF_VERDICT_ALLOW);
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(second.hold, first.hold);
    EXPECT_EQ(told_of(second).last(), "wild");
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
    munmap(shared, 4096);
}

TEST_F(HoldExec, AFileThatWasWrittenToIsAnotherQuestion) {
    script("#!/bin/sh\nexit 0\n");
    hold_exec();
    const pid_t pid = begin(execute(script_));
    const bailiff_event first = next_hold();
    EXPECT_TRUE(stops(pid));
    std::ofstream(script_) << "#!/bin/sh\nexit 9\n";
    write_answer(first, BAILIFF_VERDICT_ALLOW);
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(second.hold, first.hold);
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
}

TEST_F(HoldExec, WhatIsMappedIsPartOfTheExec) {
    hold({{tree_, {BAILIFF_RIGHT_EXEC, BAILIFF_RIGHT_LOAD}, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(execute(tool_));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, ALoaderThatMapsTheFileWaitsThere) {
    hold({{tree_, {BAILIFF_RIGHT_EXEC, BAILIFF_RIGHT_LOAD}, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(execute("/lib64/ld-linux-x86-64.so.2", tool_));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.right, BAILIFF_RIGHT_LOAD);
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

// Not the approved task either, nor its children.
TEST_F(HoldExec, AnApprovalIsUsedUpByItsExec) {
    script(
        "#!/bin/sh\nif [ \"$ROUND\" ]; then exit 5; fi\nROUND=2 \"$0\" \"$@\"\n"
        "test $? = 126 || exit 1\nROUND=2 exec \"$0\" \"$@\"\n");
    hold_exec();
    const pid_t pid = begin(execute(script_, "same"));
    approve(next_hold());
    const bailiff_event child = next_hold();
    EXPECT_NE(child.pid, static_cast<std::uint32_t>(pid));
    disapprove(child);
    const bailiff_event again = next_hold();
    EXPECT_EQ(again.pid, static_cast<std::uint32_t>(pid));
    approve(again);
    EXPECT_EQ(result(pid), 5);
}

TEST_F(HoldExec, AnotherInterpreterIsAnotherQuestion) {
    fs::copy_file(fs::canonical("/bin/sh"), tree_ + "/one");
    fs::copy_file(fs::canonical("/bin/sh"), tree_ + "/other");
    fs::create_directories("/tmp/scripts");
    fs::remove("/tmp/scripts/i");
    fs::create_symlink(tree_ + "/one", "/tmp/scripts/i");
    make_file("/tmp/scripts/x", "#!/tmp/scripts/i\nexit 3\n");
    chmod("/tmp/scripts/x", 0755);
    hold_exec();
    const pid_t pid = begin(execute("/tmp/scripts/x"));
    const bailiff_event first = next_hold();
    EXPECT_EQ(told_of(first).leaf(), "one");
    EXPECT_TRUE(stops(pid));
    fs::remove("/tmp/scripts/i");
    fs::create_symlink(tree_ + "/other", "/tmp/scripts/i");
    expect_asked_anew(first);
    EXPECT_EQ(result(pid), EPERM);
}

// Stores into a mapping on tmpfs leave the time of change alone.
TEST_F(HoldExec, AFileThatWasMappedToBeWrittenIsAnotherQuestion) {
    script("#!/bin/sh\nexit 0\n");
    hold_exec();
    const pid_t pid = begin(execute(script_));
    const bailiff_event first = next_hold();
    EXPECT_TRUE(stops(pid));
    const int fd = open(script_.c_str(), O_RDWR | O_CLOEXEC);
    auto* text = static_cast<char*>(mmap(nullptr, 17, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ASSERT_NE(text, MAP_FAILED);
    text[15] = '9';
    munmap(text, 17);
    close(fd);
    expect_asked_anew(first);
    EXPECT_EQ(result(pid), EPERM);
}

TEST_F(HoldExec, FromAnotherFolderItIsAnotherQuestion) {
    hold_exec();
    auto* shared = static_cast<int*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    const pid_t pid = begin([this, shared] {
        // Who shares its folder can change it while it waits.
        const long child =
            syscall(SYS_clone, CLONE_FS | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
        if (child == 0) {
            while (*static_cast<volatile int*>(shared) == 0) usleep(1000);
            *shared = chdir("/usr") == 0 ? 2 : 3;
            _exit(0);
        }
        execl(tool_.c_str(), "tool", nullptr);
        return errno;
    });
    const bailiff_event first = next_hold();
    EXPECT_TRUE(stops(pid));
    *shared = 1;
    while (*static_cast<volatile int*>(shared) == 1) usleep(1000);
    EXPECT_EQ(*shared, 2);
    expect_asked_anew(first);
    EXPECT_EQ(result(pid), EPERM);
    munmap(shared, 4096);
}

TEST_F(HoldExec, TheLoaderOfAProgramIsAskedForBeforeItIsTooLate) {
    const std::string loader = fs::canonical("/lib64/ld-linux-x86-64.so.2");
    hold({{loader, {BAILIFF_RIGHT_EXEC, BAILIFF_RIGHT_LOAD}, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(execute(tool_));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(told_of(waits).leaf(), fs::path(loader).filename());
    EXPECT_EQ(told_of(waits).last(), tool_);
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, AFileThatIsOpenToBeWrittenCannotWait) {
    hold({{tree_, {BAILIFF_RIGHT_LOAD}, BAILIFF_VERDICT_HOLD}});
    const int writer = open(tool_.c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_GE(writer, 0);
    EXPECT_EQ(bound([this] {
                  const int fd = open(tool_.c_str(), O_RDONLY | O_CLOEXEC);
                  const void* code = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
                  return code == MAP_FAILED ? errno : 0;
              }),
              EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
    close(writer);
}

TEST_F(HoldExec, BelowALongPathTheArgumentsAreToldAllTheSame) {
    std::string deep = tree_;
    for (int i = 0; i < 4; i++) deep += "/" + std::string(200, static_cast<char>('a' + i));
    fs::create_directories(deep);
    fs::copy_file(tool_, deep + "/tool");
    hold_exec();
    const pid_t pid = begin(execute(deep + "/tool", "argument"));
    const bailiff_event waits = next_hold();
    EXPECT_NE(waits.flags & BAILIFF_EVENT_TRUNCATED, 0);
    EXPECT_EQ(told_of(waits).leaf(), "tool");
    EXPECT_FALSE(told_of(waits).argv.empty());
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, ByDescriptorItWaitsAsWell) {
    hold_exec();
    const pid_t pid = begin([this] {
        const int fd = open(tool_.c_str(), O_PATH | O_CLOEXEC);
        char* argv[] = {const_cast<char*>("tool"), const_cast<char*>("x"), nullptr};
        syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
        return errno;
    });
    const bailiff_event waits = next_hold();
    EXPECT_EQ(told_of(waits).argv, (std::vector<std::string>{"tool", "x"}));
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, WhoOnlyAsksWhetherItMayIsDenied) {
    hold_exec();
    const auto ask = [this] {
        constexpr int kExecveCheck = 0x10000; // AT_EXECVE_CHECK
        const int fd = open(tool_.c_str(), O_PATH | O_CLOEXEC);
        char* argv[] = {const_cast<char*>("tool"), nullptr};
        const int flags = AT_EMPTY_PATH | kExecveCheck;
        return syscall(SYS_execveat, fd, "", argv, environ, flags) == 0 ? 0 : errno;
    };
    const int without = free(ask);
    if (without == EINVAL) GTEST_SKIP() << "a kernel before 6.14 has no such question";
    ASSERT_EQ(without, 0);
    EXPECT_EQ(bound(ask), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
}

TEST_F(HoldExec, ASetUserIdProgramWaits) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    default_of(BAILIFF_RIGHT_GAIN, BAILIFF_VERDICT_HOLD);
    const std::string tool = "/usr/local/bin/set-user-id"; // where the mount allows it
    fs::copy_file(tool_, tool, fs::copy_options::overwrite_existing);
    ASSERT_EQ(chown(tool.c_str(), 1000, 1000), 0);
    ASSERT_EQ(chmod(tool.c_str(), 04755), 0);
    const pid_t pid = begin(execute(tool, "argument"));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.right, BAILIFF_RIGHT_GAIN);
    EXPECT_EQ(told_of(waits).leaf(), "set-user-id");
    EXPECT_EQ(told_of(waits).last(), "argument");
    approve(waits);
    EXPECT_EQ(result(pid), 0);
}

TEST_F(HoldExec, A32BitCallCannotWait) {
    hold_exec();
    const pid_t pid = begin(execute_in_32_bits(tool_));
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
}

} // namespace
} // namespace bailiff::tests
