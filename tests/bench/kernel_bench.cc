// What bailiff costs in the kernel, in instructions a call: without it, loaded for a task that is
// no subject, and for a subject. Runs in a guest under -icount, where one nanosecond of the guest's
// clock is one instruction (tests/bench/run starts it so).
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bailiff/abi.h"
#include "kernel/enrolment.h"
#include "kernel/objects.h"
#include "kernel/startup.h"

using namespace bailiff;
using namespace bailiff::kernel;

namespace {

constexpr int kBatches = 9;
constexpr std::uint32_t kSubject = 1;
constexpr std::uint32_t kPolicy = 1;
constexpr std::uint32_t kTreeLabel = 1;
const char* const kFile = "/tmp/ub/a/b/c/file";
const char* const kProgram = "/tmp/ub/true"; // static, and not on the host's file system

struct Bench {
    const char* name;
    int calls; // in a batch
    std::function<void()> call;
};

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "kernel_bench: %s\n", what.c_str());
    std::exit(1);
}

void must(bool good, const char* what) {
    if (!good) die(std::string(what) + ": " + std::strerror(errno));
}

double now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// Instructions a call: the smallest of several batches, since only noise adds.
double measure(const Bench& bench) {
    double best = 1e18;
    for (int batch = 0; batch < kBatches; batch++) {
        const double start = now();
        for (int i = 0; i < bench.calls; i++) bench.call();
        best = std::min(best, (now() - start) / bench.calls);
    }
    return best;
}

sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

std::vector<Bench> benches() {
    static const int file = open(kFile, O_RDWR);
    static const int udp = socket(AF_INET, SOCK_DGRAM, 0);
    static const sockaddr_in peer = loopback();
    must(file >= 0 && udp >= 0, "open the scene");
    return {
        {"getppid (control)", 1000, [] { syscall(SYS_getppid); }},
        {"open + close", 200,
         [] {
             const int fd = open(kFile, O_RDONLY);
             must(fd >= 0, "open");
             close(fd);
         }},
        {"create + unlink", 100,
         [] {
             const int fd = open("/tmp/ub/a/b/c/new", O_CREAT | O_EXCL | O_WRONLY, 0600);
             must(fd >= 0, "create");
             close(fd);
             must(unlink("/tmp/ub/a/b/c/new") == 0, "unlink");
         }},
        {"stat", 200,
         [] {
             struct stat s {};
             must(stat(kFile, &s) == 0, "stat");
         }},
        {"pwrite, 1 byte", 500, [] { must(pwrite(file, "x", 1, 0) == 1, "pwrite"); }},
        {"connect, UDP loopback", 200,
         [] {
             must(connect(udp, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) == 0,
                  "connect");
         }},
        {"vfork + exec + wait", 10,
         [] {
             char* const arguments[] = {const_cast<char*>("true"), nullptr};
             pid_t child = 0;
             must(posix_spawn(&child, kProgram, nullptr, nullptr, arguments, nullptr) == 0,
                  "posix_spawn");
             waitpid(child, nullptr, 0);
         }},
    };
}

template <typename Key, typename Value>
void put(Programs& programs, const char* map, const Key& key, const Value& value) {
    must(bpf_map_update_elem(*programs.map_fd(map), &key, &value, BPF_ANY) == 0, map);
}

void label(Programs& programs, const std::string& path, std::uint32_t id) {
    const Result<Resolved> inode = resolve(programs, path);
    if (!inode) die(inode.error().message());
    const Status written = write_object(
        *programs.map_fd("objects"), *programs.map_fd("filter"), inode_key(inode->inode, kPolicy),
        bailiff_object{id, inode->inode.is_root != 0 ? BAILIFF_OBJECT_ROOT : 0U});
    if (!written) die(written.error().message());
}

// One profile that allows by default and has a rule for all rights on /tmp/ub.
void write_policy(Programs& programs) {
    bailiff_row allow = {};
    allow.says[BAILIFF_VERDICT_ALLOW].word[0] = 1;
    for (std::uint32_t right = 0; right < BAILIFF_ALL_RIGHTS; right++)
        put(programs, "defaults", kPolicy * BAILIFF_ALL_RIGHTS + right, allow);
    for (std::uint32_t right = 0; right < BAILIFF_RIGHTS; right++)
        put(programs, "label_rows", kTreeLabel * BAILIFF_RIGHTS + right, allow);
    bailiff_policy policy = {};
    policy.layer[BAILIFF_LAYER_AGENT].word[0] = 1;
    put(programs, "policies", kPolicy, policy);
    for (const char* root : {"/", "/proc", "/sys", "/dev", "/tmp", "/run"})
        label(programs, root, 0);
    label(programs, "/tmp/ub", kTreeLabel);
    bailiff_session session = {};
    session.state = BAILIFF_SESSION_ACTIVE;
    session.expires_at = ~0ULL;
    put(programs, "sessions", std::uint32_t{1}, session);
    bailiff_subject subject = {};
    subject.profiles.word[0] = 1;
    subject.session = 1;
    subject.policy = kPolicy;
    subject.generation = 1;
    // A probe's flag keeps the reader-less event ring out of the figures.
    subject.flags = BAILIFF_SUBJECT_CANARY;
    put(programs, "subjects", kSubject, subject);
}

// Measures everything in a child, as a subject where asked for.
std::vector<double> run(Programs* programs, bool subject) {
    int go[2];
    int back[2];
    must(pipe(go) == 0 && pipe(back) == 0, "pipe");
    const pid_t child = fork();
    if (child == 0) {
        char c = 0;
        must(read(go[0], &c, 1) == 1, "gate");
        for (const Bench& bench : benches()) {
            const double cost = measure(bench);
            must(write(back[1], &cost, sizeof(cost)) == sizeof(cost), "report");
        }
        _exit(0);
    }
    close(back[1]);
    const auto pid = static_cast<std::uint32_t>(child);
    if (subject) {
        const Result<std::uint32_t> tasks =
            enrol(*programs, pid, *process_start_time(pid), kSubject, 1);
        if (!tasks) die(tasks.error().message());
    }
    must(write(go[1], "g", 1) == 1, "gate");
    std::vector<double> costs;
    for (double cost = 0; read(back[0], &cost, sizeof(cost)) == sizeof(cost);)
        costs.push_back(cost);
    waitpid(child, nullptr, 0);
    for (const int fd : {go[0], go[1], back[0]}) close(fd);
    return costs;
}

} // namespace

int main() {
    for (const char* folder : {"/tmp/ub", "/tmp/ub/a", "/tmp/ub/a/b", "/tmp/ub/a/b/c"})
        must(mkdir(folder, 0755) == 0 || errno == EEXIST, folder);
    close(open(kFile, O_CREAT | O_WRONLY, 0644));
    std::filesystem::copy_file("/bin/busybox", kProgram,
                               std::filesystem::copy_options::overwrite_existing);
    const std::vector<double> none = run(nullptr, false);
    Options options;
    options.pin_root = "/sys/fs/bpf/bailiff_bench";
    Result<Programs> programs = start(options);
    if (!programs) die(programs.error().message());
    write_policy(*programs);
    const std::vector<double> idle = run(&*programs, false);
    const std::vector<double> subject = run(&*programs, true);
    const Status removed = remove_pins(options.pin_root);
    if (!removed) die(removed.error().message());
    const auto list = benches();
    if (none.size() != list.size() || idle.size() != list.size() || subject.size() != list.size())
        die("a measurement ended early");
    std::printf("instructions a call, attachment %s\n%-24s %10s %12s %12s\n",
                to_string(programs->attachment()), "", "without", "no subject", "subject");
    for (std::size_t i = 0; i < list.size(); i++)
        std::printf("%-24s %10.0f %+12.0f %+12.0f\n", list[i].name, none[i], idle[i] - none[i],
                    subject[i] - none[i]);
    return 0;
}
