#include "bench/hold.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "bailiff/abi.h"
#include "bench/measure.h"
#include "bench/policy.h"
#include "kernel/enrolment.h"
#include "kernel/resume.h"

namespace bailiff::bench {
namespace {

constexpr int kActs = 64;

std::string held_file(int number) {
    return std::string(kTree) + "/held/" + std::to_string(number);
}

double now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

double cheapest_unlink() {
    double best = 1e18;
    for (int i = 0; i < kActs; i++) {
        const std::string path = held_file(i);
        const double start = now();
        must(unlink(path.c_str()) == 0, "unlink what was approved");
        best = std::min(best, now() - start);
    }
    return best;
}

// What a daemon does at least: writes the answer, and lets the task go on until it is taken.
struct Approver {
    int answers;
    int resumed;

    static int meet(void* self, void* data, std::size_t) {
        const auto* event = static_cast<const bailiff_event*>(data);
        if (event->verdict == BAILIFF_VERDICT_HOLD) static_cast<Approver*>(self)->approve(*event);
        return 0;
    }
    void approve(const bailiff_event& event) const {
        const std::uint64_t allow = BAILIFF_VERDICT_ALLOW;
        must(bpf_map_update_elem(answers, &event.hold, &allow, BPF_ANY) == 0, "answer");
        for (std::uint64_t left = 0; bpf_map_lookup_elem(answers, &event.hold, &left) == 0;) {
            kernel::give_turns(resumed, event.pid);
            kill(static_cast<pid_t>(event.pid), SIGCONT);
            sched_yield();
        }
    }
};

} // namespace

double measure_hold(kernel::Programs& programs) {
    must(system(("mkdir -p " + std::string(kTree) + "/held").c_str()) == 0, "make a folder");
    for (int i = 0; i < kActs; i++) close(open(held_file(i).c_str(), O_WRONLY | O_CREAT, 0644));
    int go[2];
    int said[2];
    must(pipe(go) == 0 && pipe(said) == 0, "pipe");
    const pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        char byte = 0;
        must(read(go[0], &byte, 1) == 1, "wait for the start");
        const double best = cheapest_unlink();
        must(write(said[1], &best, sizeof(best)) == sizeof(best), "say the result");
        _exit(0);
    }
    close(said[1]);
    const auto pid = static_cast<std::uint32_t>(child);
    const Result<std::uint32_t> tasks =
        kernel::enrol(programs, pid, *kernel::process_start_time(pid), kSubject, kGeneration);
    if (!tasks) die(tasks.error().message());
    Approver approver{*programs.map_fd("answers"), *programs.map_fd("resumed")};
    ring_buffer* ring =
        ring_buffer__new(*programs.map_fd("events"), Approver::meet, &approver, nullptr);
    must(ring != nullptr, "map the ring of events");
    must(write(go[1], "x", 1) == 1, "start");
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) ring_buffer__poll(ring, 10);
    ring_buffer__free(ring);
    double best = 0;
    must(status == 0 && read(said[0], &best, sizeof(best)) == sizeof(best), "measure a hold");
    return best;
}

} // namespace bailiff::bench
