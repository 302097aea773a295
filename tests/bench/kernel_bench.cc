// What a call costs in one configuration, in instructions. Runs in a guest under -icount; one boot
// a configuration, since what was once confined or audited never costs again what it did before.
// Prints lines of tab-separated fields that start with "@"; tests/bench/report makes the table.
//   kernel_bench plain               as this kernel is: without LSM, or audited
//   kernel_bench landlock
//   kernel_bench apparmor PROFILE    a profile that is loaded
//   kernel_bench bystander RULES SESSIONS   bailiff is loaded, the task is no subject
//   kernel_bench subject RULES SESSIONS
//   kernel_bench hold RULES SESSIONS        a subject: one unlink that waits
//   kernel_bench commands RULES SESSIONS    a subject: an exec under a policy with 64 commands
//   kernel_bench memory RULES SESSIONS      only the maps
//   kernel_bench profile [RULES SESSIONS]   windows for instruction_profile.cc: plain, or a subject
//   kernel_bench profile-bystander RULES SESSIONS
#include <bpf/libbpf.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "bench/hold.h"
#include "bench/map_memory.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include "bench/policy.h"
#include "bench/program_stats.h"
#include "kernel/enrolment.h"
#include "kernel/startup.h"

using namespace bailiff;
using namespace bailiff::bench;

namespace {

constexpr std::uint32_t kCommands = 64;

void print_row(const char* key, double value) {
    std::printf("@row\t%s\t%.2f\n", key, value);
}

// Calls the rows whose instructions are attributed; what the profiler counts it writes itself.
bool is_profiled(const Act& act) {
    for (const char* key : {"open", "create", "connect", "audited", "exec"})
        if (std::strcmp(act.key, key) == 0) return true;
    return false;
}

// In a child, as with bailiff: what an exec costs depends on the memory of who calls it.
void measure_here() {
    const pid_t child = fork();
    if (child == 0) {
        for (const Act& act : acts(false)) print_row(act.key, measure(act, drain_receiver));
        _exit(0);
    }
    int status = 1;
    must(waitpid(child, &status, 0) == child && status == 0, "measure in a child");
}

// Where the kernel's functions, and the programs that are loaded now, begin.
void print_symbols() {
    std::ifstream file("/proc/kallsyms");
    std::string address;
    std::string type;
    std::string name;
    std::string rest;
    while (file >> address >> type >> name && std::getline(file, rest))
        if (type == "t" || type == "T")
            std::printf("@symbol\t%s\t%s\n", address.c_str(), name.c_str());
}

void profile_all(bool with_records, const std::function<void()>& between) {
    for (const Act& act : acts(with_records)) {
        if (!is_profiled(act)) continue;
        std::printf("@window\t%s\t%d\n", act.key, kProfiledBatches * act.calls);
        profile(act, between);
    }
}

// Empties the ring as bailiffd would, so that it never runs full; between batches, so that reading
// is not counted.
struct RingReader {
    ring_buffer* ring;
    explicit RingReader(int map)
        : ring(ring_buffer__new(
              map, [](void*, void*, size_t) { return 0; }, nullptr, nullptr)) {
        must(ring != nullptr, "map the ring of events");
    }
    ~RingReader() { ring_buffer__free(ring); }
    RingReader(const RingReader&) = delete;
    RingReader& operator=(const RingReader&) = delete;
    void drain() { ring_buffer__consume(ring); }
};

// The programs' and maps' descriptors that a child inherited: closing them would count at its exec.
void close_bpf_descriptors() {
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        std::array<char, 16> target{};
        const std::string name = "/proc/self/fd/" + std::to_string(fd);
        if (readlink(name.c_str(), target.data(), target.size()) < 0) continue;
        if (std::string_view(target.data(), target.size()).starts_with("anon_inode:")) close(fd);
    }
}

// A child that measures rows on demand: one byte down the pipe, one figure back.
class Measured {
public:
    Measured(kernel::Programs& programs, bool subject, bool profile) {
        must(pipe(ask_) == 0 && pipe(answer_) == 0, "pipe");
        child_ = fork();
        must(child_ >= 0, "fork");
        if (child_ == 0) serve(*programs.map_fd("events"), subject, profile);
        std::uint8_t ready = 0;
        must(read(answer_[0], &ready, 1) == 1, "wait for the child");
        if (!subject) return;
        const auto pid = static_cast<std::uint32_t>(child_);
        const Result<std::uint32_t> tasks =
            kernel::enrol(programs, pid, *kernel::process_start_time(pid), kSubject, kGeneration);
        if (!tasks) die(tasks.error().message());
    }
    ~Measured() {
        for (const int fd : {ask_[0], ask_[1], answer_[0], answer_[1]}) close(fd);
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    Measured(const Measured&) = delete;
    Measured& operator=(const Measured&) = delete;

    double row(std::uint8_t index) {
        double cost = 0;
        must(write(ask_[1], &index, 1) == 1, "ask");
        must(read(answer_[0], &cost, sizeof(cost)) == sizeof(cost), "a measurement ended early");
        return cost;
    }

private:
    [[noreturn]] void serve(int ring, bool subject, bool profile) {
        close(answer_[0]);
        RingReader reader(ring);
        close_bpf_descriptors(); // the ring stays mapped, which a subject could not do itself
        std::uint8_t index = 0;
        must(write(answer_[1], &index, 1) == 1, "say that it is ready");
        must(read(ask_[0], &index, 1) == 1, "wait for the first row");
        if (subject) must_be_confined();
        const auto drain = [&] {
            reader.drain();
            drain_receiver();
        };
        if (profile) profile_all(subject, drain);
        const std::vector<Act> list = acts(subject);
        do {
            const double cost = measure(list[index], drain);
            must(write(answer_[1], &cost, sizeof(cost)) == sizeof(cost), "answer");
        } while (read(ask_[0], &index, 1) == 1);
        _exit(0);
    }

    int ask_[2] = {};
    int answer_[2] = {};
    pid_t child_ = 0;
};

// Which programs ran for a row, how often a call, and their instructions a run.
void print_programs(const char* key, int calls, const std::map<std::string, ProgramCount>& before) {
    for (const auto& [name, after] : read_program_stats()) {
        const auto old = before.find(name);
        const ProgramCount start = old == before.end() ? ProgramCount{} : old->second;
        const std::uint64_t runs = after.runs - start.runs;
        if (runs == 0) continue;
        std::printf("@program\t%s\t%s\t%.3f\t%.1f\n", key, name.c_str(),
                    static_cast<double>(runs) / calls,
                    static_cast<double>(after.instructions - start.instructions) /
                        static_cast<double>(runs));
    }
}

void measure_child(kernel::Programs& programs, bool subject) {
    constexpr int kBatches = 9; // as measure() makes
    Measured child(programs, subject, false);
    const std::vector<Act> list = acts(false); // for keys and counts
    for (std::uint8_t i = 0; i < list.size(); i++) print_row(list[i].key, child.row(i));
    const int stats = enable_program_stats();
    for (std::uint8_t i = 0; i < list.size(); i++) {
        const auto before = read_program_stats();
        (void)child.row(i);
        print_programs(list[i].key, kBatches * list[i].calls, before);
    }
    close(stats);
}

void print_memory(const char* when) {
    for (const MapMemory& map : map_memory())
        std::printf("@map\t%s\t%s\t%llu\t%llu\t%llu\n", when, map.name.c_str(),
                    static_cast<unsigned long long>(map.measured),
                    static_cast<unsigned long long>(map.memlock),
                    static_cast<unsigned long long>(map.declared));
}

void run_bailiff(const std::string& mode, std::uint32_t rules, std::uint32_t sessions) {
    kernel::Options options;
    options.pin_root = "/sys/fs/bpf/bailiff_bench";
    Result<kernel::Programs> programs = kernel::start(options);
    if (!programs) die(programs.error().message());
    std::printf("@attachment\t%s\n", to_string(programs->attachment()));
    if (mode == "memory") print_memory("idle");
    write_policy(*programs, rules, sessions);
    // As bailiff-kernel has it where no task is a subject and none can become one.
    if (sessions == 0 && mode == "bystander") {
        const Status rests = programs->detach_use_hooks();
        if (!rests) die(rests.error().message());
    }
    if (mode == "memory")
        print_memory("full");
    else if (mode == "hold") {
        hold_deletions(*programs);
        print_row("held", measure_hold(*programs));
    } else if (mode == "commands") {
        look_for_commands(*programs, kCommands);
        measure_child(*programs, true);
    } else if (mode.starts_with("profile")) {
        (void)Measured(*programs, mode == "profile", true).row(0);
        print_symbols();
    } else
        measure_child(*programs, mode == "subject");
    const Status removed = kernel::remove_pins(options.pin_root);
    if (!removed) die(removed.error().message());
}

} // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // a child that is forked must find nothing to print
    make_scene();
    if (mode == "plain" && argc == 2) {
        measure_here();
    } else if (mode == "profile" && argc == 2) {
        profile_all(false, drain_receiver);
        print_symbols();
    } else if (mode == "landlock" && argc == 2) {
        confine_by_landlock();
        must_be_confined();
        measure_here();
    } else if (mode == "apparmor" && argc == 3) {
        confine_by_apparmor(argv[2]);
        must_be_confined();
        measure_here();
    } else if ((mode == "bystander" || mode == "subject" || mode == "memory" || mode == "hold" ||
                mode == "commands" || mode.starts_with("profile")) &&
               argc == 4) {
        run_bailiff(mode, static_cast<std::uint32_t>(std::stoul(argv[2])),
                    static_cast<std::uint32_t>(std::stoul(argv[3])));
    } else {
        die("usage: see the head of kernel_bench.cc");
    }
    return 0;
}
