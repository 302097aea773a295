// Agents without a session: what makes a task one, and what does not. In each test the agent may
// not read one file, and nobody else is kept from it.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "kernel/enrolment.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

class Agent : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        fs::remove_all(folder_);
        make_file(secret_);
        policy(BAILIFF_VERDICT_ALLOW, {{secret_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    }

    static Act as_uid(uid_t uid, const Act& act) {
        return [=] { return setresuid(uid, uid, uid) == 0 ? act() : errno; };
    }
    static Act in_cgroup(const std::string& path, const Act& act) {
        fs::create_directories("/sys/fs/cgroup" + path);
        return [=] {
            std::ofstream("/sys/fs/cgroup" + path + "/cgroup.procs") << getpid() << std::flush;
            return act();
        };
    }
    Act show(const std::string& path) const { return execute("/bin/cat", path); }
    // The same by a copy of cat in a memfd of that name.
    Act show_from_memory(const std::string& name) const {
        return [name, path = secret_] {
            const int fd = memfd_create(name.c_str(), MFD_CLOEXEC);
            std::ofstream("/proc/self/fd/" + std::to_string(fd))
                << std::ifstream("/bin/cat").rdbuf() << std::flush;
            char* const argv[] = {const_cast<char*>("cat"), const_cast<char*>(path.c_str()),
                                  nullptr};
            fexecve(fd, argv, environ);
            return errno;
        };
    }
    void script(const std::string& path, const std::string& text) const {
        make_file(path, text);
        ASSERT_EQ(chmod(path.c_str(), 0755), 0);
    }

    const std::string folder_ = "/tmp/agents";
    const std::string secret_ = folder_ + "/secret";
};

TEST_F(Agent, ItsExecutableMakesItOne) {
    fs::copy_file("/bin/cat", folder_ + "/agent");
    agent_file(folder_ + "/agent");
    EXPECT_NE(free(execute(folder_ + "/agent", secret_)), 0);
    EXPECT_EQ(free(show(secret_)), 0);
}

TEST_F(Agent, WhatItMayNotExecuteDoesNotStart) {
    fs::copy_file("/bin/true", folder_ + "/agent");
    agent_file(folder_ + "/agent");
    policy(BAILIFF_VERDICT_ALLOW,
           {{folder_ + "/agent", {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_DENY}});
    EXPECT_EQ(free(execute(folder_ + "/agent")), EPERM);
    EXPECT_EQ(free(execute("/bin/true")), 0);
}

TEST_F(Agent, AScriptIsMatchedByItsOwnInode) {
    script(folder_ + "/agent.sh", "#!/bin/sh\ncat " + secret_ + "\n");
    script(folder_ + "/other.sh", "#!/bin/sh\ncat " + secret_ + "\n");
    EXPECT_EQ(free(execute(folder_ + "/agent.sh")), 0);
    agent_file(folder_ + "/agent.sh");
    EXPECT_NE(free(execute(folder_ + "/agent.sh")), 0);
    EXPECT_EQ(free(execute(folder_ + "/other.sh")), 0);
}

TEST_F(Agent, AScriptGivenToAnInterpreterIsMatched) {
    script(folder_ + "/agent.sh", "cat " + secret_ + "\n");
    script(folder_ + "/other.sh", "cat " + secret_ + "\n");
    agent_file(folder_ + "/agent.sh");
    EXPECT_EQ(free(execute("/bin/dash", folder_ + "/agent.sh")), 0);
    interpreter("/bin/dash");
    EXPECT_NE(free(execute("/bin/dash", folder_ + "/agent.sh")), 0);
    EXPECT_EQ(free(execute("/bin/dash", folder_ + "/other.sh")), 0);
}

TEST_F(Agent, TheInterpreterAloneMakesNobodyAnAgent) {
    script(folder_ + "/run.sh", "cat " + folder_ + "/agent.sh && cat " + secret_ + "\n");
    script(folder_ + "/agent.sh", "true\n");
    agent_file(folder_ + "/agent.sh");
    interpreter("/bin/dash");
    // cat is no interpreter: what it opens is only data.
    EXPECT_EQ(free(execute("/bin/dash", folder_ + "/run.sh")), 0);
}

// Overlayfs numbers folders and files from two sources.
TEST_F(Agent, AFolderWithTheNumberOfAScriptIsNotThatScript) {
    fs::create_directories(folder_ + "/pkg");
    script(folder_ + "/run.sh", "exec 3<" + folder_ + "/pkg\ncat " + secret_ + "\n");
    agent_file_numbered_as(folder_ + "/pkg");
    interpreter("/bin/dash");
    EXPECT_EQ(free(execute("/bin/dash", folder_ + "/run.sh")), 0);
}

TEST_F(Agent, AThreadThatWasThereBeforeTheScriptIsTheAgents) {
    make_file(folder_ + "/agent.js", "script");
    agent_file(folder_ + "/agent.js");
    interpreter(fs::read_symlink("/proc/self/exe"));
    EXPECT_EQ(free(execute("/proc/self/exe", "--thread-before-script")), EPERM);
}

TEST_F(Agent, ACompiledModuleIsItsScript) {
    fs::create_directories(folder_ + "/pkg/__pycache__");
    fs::create_directories(folder_ + "/pkg/cache");
    make_file(folder_ + "/pkg/__pycache__/main.cpython-311.pyc");
    make_file(folder_ + "/pkg/__pycache__/mainly.cpython-311.pyc");
    make_file(folder_ + "/pkg/cache/main.cpython-311.pyc");
    agent_module(folder_ + "/pkg", "main");
    interpreter("/bin/dash");
    const auto read_both = [&](const std::string& first) {
        script(folder_ + "/run.sh", "read a < " + first + "; read a < " + secret_ + "\n");
        make_file(secret_, "line\n");
        return free(execute("/bin/dash", folder_ + "/run.sh"));
    };
    policy(BAILIFF_VERDICT_ALLOW, {{secret_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    EXPECT_NE(read_both(folder_ + "/pkg/__pycache__/main.cpython-311.pyc"), 0);
    EXPECT_EQ(read_both(folder_ + "/pkg/__pycache__/mainly.cpython-311.pyc"), 0);
    EXPECT_EQ(read_both(folder_ + "/pkg/cache/main.cpython-311.pyc"), 0);
}

TEST_F(Agent, AUidMakesItOneWithItsNextExec) {
    agent_uid(12345);
    EXPECT_NE(free(as_uid(12345, show(secret_))), 0);
    EXPECT_EQ(free(as_uid(12346, show(secret_))), 0);
}

TEST_F(Agent, AUnitIsMatchedOnEveryLevel) {
    agent_unit("bot.service");
    EXPECT_NE(free(in_cgroup("/a.slice/bot.service", show(secret_))), 0);
    EXPECT_NE(free(in_cgroup("/bot.service/below/it", show(secret_))), 0);
    EXPECT_EQ(free(in_cgroup("/a.slice/robot.service", show(secret_))), 0);
    EXPECT_EQ(free(show(secret_)), 0);
}

TEST_F(Agent, ACgroupIsMatchedByItsWholePath) {
    agent_cgroup("/a.slice/bots");
    EXPECT_NE(free(in_cgroup("/a.slice/bots", show(secret_))), 0);
    EXPECT_NE(free(in_cgroup("/a.slice/bots/one", show(secret_))), 0);
    EXPECT_EQ(free(in_cgroup("/a.slice", show(secret_))), 0);
    EXPECT_EQ(free(in_cgroup("/b.slice/bots", show(secret_))), 0);
}

TEST_F(Agent, PodmansMonitorBesideAContainerIsNone) {
    agent_cgroup("/a.slice/boxes");
    EXPECT_EQ(free(in_cgroup("/a.slice/boxes/conmon", show(secret_))), 0);
    EXPECT_EQ(free(in_cgroup("/a.slice/boxes/libpod-conmon-0123.scope", show(secret_))), 0);
    EXPECT_NE(free(in_cgroup("/a.slice/boxes/libpod-0123.scope", show(secret_))), 0);
    EXPECT_NE(free(in_cgroup("/a.slice/boxes/conmon2", show(secret_))), 0);
    EXPECT_NE(free(in_cgroup("/a.slice/boxes/conmon/below", show(secret_))), 0);
    EXPECT_NE(free(in_cgroup("/a.slice/boxes/libpod-conman-0123", show(secret_))), 0);
}

// As of docker: its runtime executes a copy of itself in the container's cgroup.
TEST_F(Agent, AContainersRuntimeIsNoneUntilItHasTheContainersRoot) {
    const std::string id(64, 'a');
    const std::string group = "/a.slice/boxes/docker-" + id + ".scope";
    agent_cgroup("/a.slice/boxes");
    EXPECT_EQ(free(in_cgroup(group, show_from_memory("runc_cloned:/proc/self/exe"))), 0);
    EXPECT_NE(free(in_cgroup(group, show_from_memory("runc:/proc/self/exe"))), 0);
    fs::copy_file("/bin/true", folder_ + "/runc");
    fs::copy_file("/bin/true", folder_ + "/runc2");
    policy(BAILIFF_VERDICT_ALLOW, {{folder_, {BAILIFF_RIGHT_EXEC}, BAILIFF_VERDICT_DENY}});
    EXPECT_EQ(free(in_cgroup(group, execute(folder_ + "/runc"))), 0);
    EXPECT_EQ(free(in_cgroup("/a.slice/boxes/" + id, execute(folder_ + "/runc"))), 0);
    for (const std::string other : {"", "/fixer.service", "/docker-0123.scope"})
        EXPECT_EQ(free(in_cgroup("/a.slice/boxes" + other, execute(folder_ + "/runc"))), EPERM);
    EXPECT_EQ(free(in_cgroup(group, as_uid(12346, execute(folder_ + "/runc")))), EPERM);
    EXPECT_EQ(free(in_cgroup(group, execute(folder_ + "/runc2"))), EPERM);
    const Act in_own_root = [this] {
        return chroot(folder_.c_str()) == 0 ? execute("/runc")() : errno;
    };
    EXPECT_EQ(free(in_cgroup(group, in_own_root)), EPERM);
}

TEST_F(Agent, AProgramThatRunsAlreadyIsAdopted) {
    int go[2];
    ASSERT_EQ(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        if (setresuid(12345, 12345, 12345) != 0) _exit(100);
        char byte = 0;
        if (read(go[0], &byte, 1) != 1) _exit(101);
        _exit(open_file(secret_, O_RDONLY)());
    }
    close(go[0]);
    while (fs::status("/proc/" + std::to_string(child)).type() == fs::file_type::none) {
    }
    struct stat info {};
    while (stat(("/proc/" + std::to_string(child)).c_str(), &info) == 0 && info.st_uid != 12345)
        usleep(1000);
    agent_uid(12345);
    const auto adopted = kernel::adopt(programs());
    ASSERT_TRUE(adopted) << adopted.error().message();
    ASSERT_EQ(adopted->size(), 1U);
    EXPECT_EQ(adopted->front().process, static_cast<std::uint32_t>(child));
    EXPECT_EQ(adopted->front().subject, kSubject);
    EXPECT_GT(adopted->front().start_time, 0U);
    EXPECT_EQ(kernel::adopt(programs())->size(), 0U) << "it is one already";
    ASSERT_EQ(write(go[1], "x", 1), 1);
    close(go[1]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), EPERM);
}

// A stand-in for an interpreter with threads: the second thread is there before the script is
// opened, and then opens what the agent may not.
int thread_before_script() {
    static pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 2);
    pthread_t thread{};
    const auto body = [](void*) -> void* {
        pthread_barrier_wait(&barrier);
        const int fd = open("/tmp/agents/secret", O_RDONLY);
        return reinterpret_cast<void*>(static_cast<intptr_t>(fd < 0 ? errno : 0));
    };
    pthread_create(&thread, nullptr, body, nullptr);
    const int script = open("/tmp/agents/agent.js", O_RDONLY);
    if (script < 0) return errno;
    pthread_barrier_wait(&barrier);
    void* result = nullptr;
    pthread_join(thread, &result);
    return static_cast<int>(reinterpret_cast<intptr_t>(result));
}

} // namespace
} // namespace bailiff::tests

// kernel_test is also what a probe of the programs executes, and the interpreter of one of its own
// tests.
int main(int argc, char** argv) {
    if (argc == 2 && std::string(argv[1]) == "--probe") return 0;
    if (argc == 2 && std::string(argv[1]) == "--thread-before-script")
        return bailiff::tests::thread_before_script();
    testing::InitGoogleTest(&argc, argv);
    const int status = RUN_ALL_TESTS();
    bailiff::tests::Scene::unload();
    return status;
}
