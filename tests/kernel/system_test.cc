// Rights over the system, memory, other processes, open descriptors: what has no path to judge, or
// was opened before.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

int outcome(long result) {
    return result < 0 ? errno : 0;
}

// Everything with a path is allowed; of the system nothing is.
class System : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        policy(BAILIFF_VERDICT_ALLOW, {});
        for (std::uint8_t right = BAILIFF_RIGHTS; right < BAILIFF_ALL_RIGHTS; right++)
            default_of(static_cast<bailiff_right>(right), BAILIFF_VERDICT_DENY);
        make_file("/mnt/ext4/system/file", "content");
        make_file("/mnt/ext4/system/secret", "content");
    }
    // Denied as it stands, allowed once the right is granted.
    void expect_needs(bailiff_right right, const Act& act) {
        expect_denied(act);
        default_of(right, BAILIFF_VERDICT_ALLOW);
        EXPECT_EQ(bound(act), 0) << "with the right";
    }
};

TEST_F(System, AnonymousMemoryIsMadeCodeByRightAlone) {
    expect_needs(BAILIFF_RIGHT_JIT, [] {
        void* const page =
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    });
}

TEST_F(System, ACopyOfAFileInMemoryIsNoUnchangedFile) {
    expect_needs(BAILIFF_RIGHT_JIT, [] {
        const int fd = open("/mnt/ext4/system/file", O_RDONLY);
        void* const page =
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0);
        return page == MAP_FAILED ? errno : 0;
    });
}

TEST_F(System, AFileIsLoadedAsCodeWhereItMayBe) {
    policy(BAILIFF_VERDICT_ALLOW,
           {{"/mnt/ext4/system/secret", {BAILIFF_RIGHT_LOAD}, BAILIFF_VERDICT_DENY}});
    const auto load = [](const char* path) {
        return [path] {
            const int fd = open(path, O_RDONLY);
            void* const page = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
            return page == MAP_FAILED ? errno : 0;
        };
    };
    expect_allowed(load("/mnt/ext4/system/file"));
    expect_denied(load("/mnt/ext4/system/secret"));
}

TEST_F(System, AFileWithoutANameIsNotExecuted) {
    expect_needs(BAILIFF_RIGHT_ANONYMOUS_EXEC, [] {
        const int fd = memfd_create("tool", 0);
        const int from = open("/bin/true", O_RDONLY);
        struct stat status {};
        fstat(from, &status);
        std::vector<char> bytes(static_cast<std::size_t>(status.st_size));
        if (read(from, bytes.data(), bytes.size()) < 0) return errno;
        if (write(fd, bytes.data(), bytes.size()) < 0) return errno;
        char* const none[] = {const_cast<char*>("tool"), nullptr};
        fexecve(fd, none, none);
        return errno;
    });
}

TEST_F(System, ASignalToAProcessOutsideNeedsTheRight) {
    expect_needs(BAILIFF_RIGHT_SIGNAL, [] { return outcome(kill(getppid(), SIGWINCH)); });
}

TEST_F(System, ProcessesOfTheSubjectAreFreeToSignalEachOther) {
    EXPECT_EQ(bound([] {
                  const pid_t child = fork();
                  if (child == 0) {
                      pause();
                      _exit(0);
                  }
                  const int error = outcome(kill(child, SIGKILL));
                  waitpid(child, nullptr, 0);
                  return error;
              }),
              0);
}

TEST_F(System, TracingAProcessOutsideNeedsTheRight) {
    const pid_t outside = fork();
    if (outside == 0) {
        pause();
        _exit(0);
    }
    expect_needs(BAILIFF_RIGHT_PTRACE, [outside] {
        const int error = outcome(ptrace(PTRACE_SEIZE, outside, nullptr, nullptr));
        if (error == 0) ptrace(PTRACE_DETACH, outside, nullptr, nullptr);
        return error;
    });
    kill(outside, SIGKILL);
    waitpid(outside, nullptr, 0);
}

// Who traces can write into what is mapped as code.
TEST_F(System, TracingAnOwnChildNeedsTheRightToMakeCode) {
    const Act asking = [] { return outcome(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); };
    const Act attaching = [asking] {
        const pid_t child = fork();
        if (child == 0) {
            pause();
            _exit(0);
        }
        const int error = outcome(ptrace(PTRACE_SEIZE, child, nullptr, nullptr));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        return error;
    };
    const Act child_asking = [asking] {
        const pid_t child = fork();
        if (child == 0) _exit(asking());
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
    };
    expect_denied(child_asking);
    expect_needs(BAILIFF_RIGHT_JIT, attaching);
    EXPECT_EQ(bound(child_asking), 0);
}

TEST_F(System, OwnMemoryIsWrittenPastItsProtectionByRightAlone) {
    expect_needs(BAILIFF_RIGHT_JIT, open_file("/proc/self/mem", O_RDWR));
    expect_allowed(open_file("/proc/self/mem", O_RDONLY));
}

TEST_F(System, ASettingOfAnotherProcessBelowProcNeedsTheRight) {
    const std::string path = "/proc/" + std::to_string(getpid()) + "/oom_score_adj";
    expect_allowed(open_file("/proc/self/oom_score_adj", O_WRONLY));
    expect_needs(BAILIFF_RIGHT_SCHEDULE, open_file(path, O_WRONLY));
}

TEST_F(System, WhoMakesAllItsMemoryExecutableIsEnded) {
    const Act act = [] { return personality(READ_IMPLIES_EXEC) < 0 ? errno : 0; };
    EXPECT_EQ(free(act), 0);
    EXPECT_EQ(bound(act), 128 + SIGKILL);
    const std::vector<bailiff_event> records = verdicts();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].hook, std::uint32_t{BAILIFF_HOOK_PERSONALITY});
    EXPECT_EQ(int{records[0].right}, int{BAILIFF_RIGHT_JIT});
    expect_allowed([] { return personality(0xffffffff) < 0 ? errno : 0; });
    expect_allowed([] { return personality(ADDR_NO_RANDOMIZE) < 0 ? errno : 0; });
    default_of(BAILIFF_RIGHT_JIT, BAILIFF_VERDICT_ALLOW);
    EXPECT_EQ(bound(act), 0) << "with the right";
}

TEST_F(System, ThePriorityOfAProcessOutsideNeedsTheRight) {
    // Root's, so the capability to change another account's is not asked for.
    expect_needs(BAILIFF_RIGHT_SCHEDULE, [] {
        return outcome(setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()),
                                   getpriority(PRIO_PROCESS, static_cast<id_t>(getppid()))));
    });
}

TEST_F(System, RootHasNoCapabilityThatIsNotGranted) {
    expect_needs(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_SYS_ADMIN), [] {
        char name[65] = {};
        gethostname(name, 64);
        return outcome(sethostname(name, strlen(name)));
    });
}

TEST_F(System, BpfIsDeniedAlsoWithTheCapability) {
    for (const int capability : {CAP_SYS_ADMIN, CAP_BPF})
        default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + capability),
                   BAILIFF_VERDICT_ALLOW);
    expect_needs(BAILIFF_RIGHT_BPF, [] {
        bpf_attr attr = {};
        return outcome(syscall(SYS_bpf, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)));
    });
}

TEST_F(System, AMountIsDeniedAlsoWithTheCapability) {
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_SYS_ADMIN),
               BAILIFF_VERDICT_ALLOW);
    std::filesystem::create_directories("/mnt/ext4/system/mounted");
    expect_needs(BAILIFF_RIGHT_MOUNT, [] {
        const int error = outcome(mount("none", "/mnt/ext4/system/mounted", "tmpfs", 0, nullptr));
        if (error == 0) umount("/mnt/ext4/system/mounted");
        return error;
    });
}

TEST_F(System, AUserNamespaceIsDenied) {
    expect_needs(BAILIFF_RIGHT_NAMESPACE, [] { return outcome(unshare(CLONE_NEWUSER)); });
}

TEST_F(System, IoUringIsDenied) {
    expect_needs(BAILIFF_RIGHT_IO_URING, [] {
        std::uint32_t parameters[30] = {};
        return outcome(syscall(SYS_io_uring_setup, 2, parameters));
    });
}

TEST_F(System, AnUnusualSocketIsDenied) {
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_NET_RAW),
               BAILIFF_VERDICT_ALLOW);
    expect_needs(BAILIFF_RIGHT_SOCKET, make_socket(AF_PACKET, SOCK_RAW, 0));
}

TEST_F(System, SharedMemoryOfAnotherIsDeniedAndItsOwnIsNot) {
    const int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666);
    const Act attach = [id] {
        return shmat(id, nullptr, SHM_RDONLY) == reinterpret_cast<void*>(-1) ? errno : 0;
    };
    EXPECT_EQ(free(attach), 0);
    EXPECT_EQ(bound(attach), EACCES) << "shmat(2) makes EACCES of every refusal";
    default_of(BAILIFF_RIGHT_IPC, BAILIFF_VERDICT_ALLOW);
    EXPECT_EQ(bound(attach), 0) << "with the right";
    shmctl(id, IPC_RMID, nullptr);
    default_of(BAILIFF_RIGHT_IPC, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(bound([] {
                  const int own = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
                  if (own < 0) return errno;
                  const bool bad = shmat(own, nullptr, 0) == reinterpret_cast<void*>(-1);
                  const int error = bad ? errno : 0;
                  shmctl(own, IPC_RMID, nullptr);
                  return error;
              }),
              0);
}

TEST_F(System, WhatSetsTheKernelIsNotWrittenWhateverRulesSay) {
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_DAC_OVERRIDE),
               BAILIFF_VERDICT_ALLOW);
    expect_denied(open_file("/proc/sys/kernel/ftrace_enabled", O_WRONLY));
    expect_denied(open_file("/proc/sysrq-trigger", O_WRONLY));
    expect_denied(open_file("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY));
    expect_denied(make_directory("/sys/fs/cgroup/made"));
    expect_allowed(open_file("/proc/sys/kernel/ftrace_enabled", O_RDONLY));
    expect_allowed(open_file("/proc/self/comm", O_WRONLY));
}

TEST_F(System, ABlockDeviceIsDenied) {
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_SYS_ADMIN),
               BAILIFF_VERDICT_ALLOW);
    expect_needs(BAILIFF_RIGHT_DEVICE, open_file("/dev/vda", O_RDONLY));
}

TEST_F(System, AttributesAndListsOfAFileAreMetadata) {
    policy(BAILIFF_VERDICT_ALLOW,
           {{"/mnt/ext4/system/secret", {BAILIFF_RIGHT_METADATA}, BAILIFF_VERDICT_DENY}});
    expect_denied([] { return outcome(setxattr("/mnt/ext4/system/secret", "user.a", "b", 1, 0)); });
}

TEST_F(System, AnAttributeThatAnAccountAttachedIsRead) {
    const std::string secret = "/mnt/ext4/system/secret";
    ASSERT_EQ(setxattr(secret.c_str(), "user.a", "b", 1, 0), 0);
    policy(BAILIFF_VERDICT_ALLOW, {{secret, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    expect_denied([&] {
        char value[4];
        return outcome(getxattr(secret.c_str(), "user.a", value, sizeof(value)));
    });
    verdicts();
    EXPECT_EQ(bound([&] {
                  char value[4];
                  getxattr(secret.c_str(), "security.selinux", value, sizeof(value));
                  return errno;
              }),
              ENODATA)
        << "what every ls(1) asks";
    EXPECT_TRUE(verdicts().empty());
}

TEST_F(System, AnIoctlThatChangesAFileIsDenied) {
    expect_denied([] {
        const int fd = open("/mnt/ext4/system/file", O_RDONLY);
        const int flags = 0;
        return outcome(ioctl(fd, 0x40086602, &flags)); // FS_IOC_SETFLAGS
    });
}

// The descriptor is opened before the process is enrolled.
TEST_F(System, ADescriptorThatWasInheritedIsJudgedWhenItIsUsed) {
    policy(BAILIFF_VERDICT_ALLOW, {{"/mnt/ext4/system/secret",
                                    {BAILIFF_RIGHT_READ, BAILIFF_RIGHT_WRITE},
                                    BAILIFF_VERDICT_DENY}});
    const int secret = open("/mnt/ext4/system/secret", O_RDWR);
    const int open_file = open("/mnt/ext4/system/file", O_RDWR);
    char c = 0;
    expect_denied([&] { return outcome(pread(secret, &c, 1, 0)); });
    expect_denied([&] { return outcome(pwrite(secret, "x", 1, 0)); });
    expect_denied([&] {
        return mmap(nullptr, 4096, PROT_READ, MAP_SHARED, secret, 0) == MAP_FAILED ? errno : 0;
    });
    expect_allowed([&] { return outcome(pwrite(open_file, "x", 1, 0)); });
    close(secret);
    close(open_file);
}

TEST_F(System, WhatWasOpenedStopsWithTheSession) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    int sockets[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    int file = -1;
    const auto before = [&] {
        file = open("/mnt/ext4/system/file", O_RDWR);
        const bool good = write(file, "x", 1) == 1 && write(pipe_ends[1], "x", 1) == 1 &&
                          send(sockets[0], "x", 1, 0) == 1;
        return good ? 0 : errno;
    };
    const auto over = [this] { session(BAILIFF_SESSION_ENDED); };
    char c = 0;
    EXPECT_EQ(bound_after(before, over, [&] { return outcome(write(file, "x", 1)); }), EPERM);
    session(BAILIFF_SESSION_ACTIVE);
    EXPECT_EQ(bound_after(before, over, [&] { return outcome(read(pipe_ends[0], &c, 1)); }), EPERM);
    session(BAILIFF_SESSION_ACTIVE);
    EXPECT_EQ(bound_after(before, over, [&] { return outcome(recv(sockets[1], &c, 1, 0)); }),
              EPERM);
    session(BAILIFF_SESSION_ACTIVE);
    EXPECT_EQ(bound_after(before, over, [&] { return outcome(send(sockets[0], "x", 1, 0)); }),
              EPERM);
    for (const int fd : {pipe_ends[0], pipe_ends[1], sockets[0], sockets[1]}) close(fd);
}

TEST_F(System, AnOpenDescriptorIsNotSetOrLockedAfterTheSession) {
    const int fd = open("/etc/hostname", O_RDONLY);
    ASSERT_GE(fd, 0);
    const std::vector<Act> acts = {
        [fd] { return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno; },
        [fd] { return flock(fd, LOCK_SH) == 0 ? 0 : errno; },
    };
    policy(BAILIFF_VERDICT_ALLOW, {});
    for (const Act& act : acts) {
        session(BAILIFF_SESSION_ACTIVE);
        EXPECT_EQ(bound_after(
                      act, [this] { session(BAILIFF_SESSION_ENDED); }, act),
                  EPERM);
    }
    close(fd);
}

TEST_F(System, AnExclusiveLockNeedsTheRightToWrite) {
    const std::string path = "/tmp/system/locked";
    make_file(path);
    const auto lock = [path](int kind) {
        return [path, kind] {
            const int fd = open(path.c_str(), O_RDONLY);
            return fd >= 0 && flock(fd, kind) == 0 ? 0 : errno;
        };
    };
    policy(BAILIFF_VERDICT_DENY, {{path, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_ALLOW}});
    expect_denied(lock(LOCK_EX));
    expect_allowed(lock(LOCK_SH));
    policy(BAILIFF_VERDICT_DENY,
           {{path, {BAILIFF_RIGHT_READ, BAILIFF_RIGHT_WRITE}, BAILIFF_VERDICT_ALLOW}});
    EXPECT_EQ(bound(lock(LOCK_EX)), 0);
}

// An act that is to be recorded does not happen where the ring has no room for the record.
TEST_F(System, WhatIsToBeRecordedAndCannotBeIsDenied) {
    const std::string path = "/tmp/system/watched";
    make_file(path);
    make_file("/tmp/system/other");
    policy(BAILIFF_VERDICT_DENY, {{path, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_AUDIT}});
    EXPECT_EQ(bound(open_file(path, O_RDONLY)), 0);
    (void)events();
    const Act flood = [path] {
        for (int i = 0; i < 4000; i++)
            if (const int fd = open("/tmp/system/other", O_RDONLY); fd >= 0) close(fd);
        return open(path.c_str(), O_RDONLY) >= 0 ? 0 : errno;
    };
    EXPECT_EQ(bound(flood), EPERM);
    (void)events();
    EXPECT_EQ(bound(open_file(path, O_RDONLY)), 0);
    observe_profile();
    EXPECT_EQ(bound(flood), 0); // mode observe takes nothing from anybody
    (void)events();
}

TEST_F(System, AUnixSocketIsAnObjectLikeAFile) {
    const std::string path = "/mnt/ext4/system/socket";
    std::filesystem::remove(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(server, 8), 0);
    const Act connecting = [&] {
        const int client = socket(AF_UNIX, SOCK_STREAM, 0);
        return outcome(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
    };
    expect_allowed(connecting);
    // From before the session, and its other end is that socket.
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const Act sending = [client] { return outcome(send(client, "x", 1, 0)); };
    const Act writing = [client] { return outcome(write(client, "x", 1)); };
    expect_allowed(sending);
    expect_allowed(writing);
    policy(BAILIFF_VERDICT_ALLOW, {{path, {BAILIFF_RIGHT_CONNECT_UNIX}, BAILIFF_VERDICT_DENY}});
    expect_denied(connecting);
    expect_denied(sending);
    expect_denied(writing);
    close(client);
    close(server);
}

TEST_F(System, TheRightToConnectDoesNotGrowByARename) {
    const std::string base = "/mnt/ext4/system/";
    const std::string closed = base + "closed/";
    std::filesystem::remove_all(closed);
    std::filesystem::remove_all(base + "open");
    std::filesystem::create_directories(closed + "inner");
    std::filesystem::create_directories(base + "open");
    make_file(closed + "file");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (closed + "socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    policy(BAILIFF_VERDICT_ALLOW, {{closed, {BAILIFF_RIGHT_CONNECT_UNIX}, BAILIFF_VERDICT_DENY}});
    const auto there_and_back = [](std::string from, std::string to) -> Act {
        return [=] {
            const int error = rename_file(from, to)();
            return error != 0 ? error : rename_file(to, from)();
        };
    };
    expect_denied(there_and_back(closed + "socket", base + "open/socket"));
    expect_denied(there_and_back(closed + "inner", base + "open/inner"));
    expect_allowed(there_and_back(closed + "socket", closed + "inner/socket"));
    expect_allowed(there_and_back(closed + "file", base + "open/file"));
    expect_allowed(there_and_back(closed + "inner", closed + "other"));
    close(server);
}

TEST_F(System, ATerminalsSignalsNeedTheRight) {
    const int null = open("/dev/null", O_RDWR);
    expect_needs(BAILIFF_RIGHT_SIGNAL, [null] { return outcome(fcntl(null, F_SETFL, O_ASYNC)); });
    close(null);
}

TEST_F(System, WhatIsMappedAsCodeIsReadAndWrittenAsWell) {
    const std::string secret = "/mnt/ext4/system/secret";
    policy(BAILIFF_VERDICT_ALLOW,
           {{secret, {BAILIFF_RIGHT_READ, BAILIFF_RIGHT_WRITE}, BAILIFF_VERDICT_DENY}});
    default_of(BAILIFF_RIGHT_JIT, BAILIFF_VERDICT_DENY);
    const int inherited = open(secret.c_str(), O_RDWR);
    const int own = open("/mnt/ext4/system/file", O_RDWR);
    const auto map = [](int fd, int protection, int flags) -> Act {
        return
            [=] { return mmap(nullptr, 4096, protection, flags, fd, 0) == MAP_FAILED ? errno : 0; };
    };
    expect_denied(map(inherited, PROT_READ | PROT_EXEC, MAP_PRIVATE));
    expect_denied(map(inherited, PROT_WRITE | PROT_EXEC, MAP_SHARED));
    expect_allowed(map(own, PROT_READ | PROT_EXEC, MAP_SHARED));
    expect_needs(BAILIFF_RIGHT_JIT, map(own, PROT_WRITE | PROT_EXEC, MAP_SHARED));
    close(inherited);
    close(own);
}

TEST_F(System, ADeviceThatWasInheritedIsADevice) {
    const int disk = open("/dev/vda", O_RDONLY);
    char c = 0;
    expect_needs(BAILIFF_RIGHT_DEVICE, [&] { return outcome(pread(disk, &c, 1, 0)); });
    close(disk);
}

TEST_F(System, AMemoryFileIsFree) {
    expect_allowed([] {
        const int fd = memfd_create("room", 0);
        const int error = outcome(ftruncate(fd, 4096));
        return error != 0 ? error : outcome(fchmod(fd, 0600));
    });
}

TEST_F(System, WhoMadeAnObjectIsForgottenWithIt) {
    const int map = *programs().map_fd("ipc");
    const auto known = [map] {
        std::uint64_t key = 0;
        std::uint64_t next = 0;
        int count = 0;
        for (; bpf_map_get_next_key(map, count == 0 ? nullptr : &key, &next) == 0; count++)
            key = next;
        return count;
    };
    const int before = known();
    ASSERT_EQ(bound([] {
                  for (int i = 0; i < 8; i++) {
                      const int id = msgget(IPC_PRIVATE, 0600);
                      if (id < 0 || msgctl(id, IPC_RMID, nullptr) != 0) return errno;
                  }
                  return 0;
              }),
              0);
    for (int i = 0; i < 100 && known() > before; i++) usleep(100'000); // the kernel frees late
    EXPECT_LE(known(), before);
}

TEST_F(System, ListeningWithoutBindingIsBinding) {
    default_of(BAILIFF_RIGHT_BIND, BAILIFF_VERDICT_DENY);
    expect_denied([] {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        return outcome(listen(fd, 1));
    });
}

TEST_F(System, ARenameGivesNoRightToReadWhatCouldNotBeRead) {
    name_rule(".env", false, BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY);
    make_file("/mnt/ext4/system/.env", "secret");
    expect_denied(rename_file("/mnt/ext4/system/.env", "/mnt/ext4/system/plain"));
}

} // namespace
} // namespace bailiff::tests
