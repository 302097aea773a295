#include "bench/measure.h"

#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace bailiff::bench {
namespace {

constexpr int kBatches = 9;

double now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// A no-op with "bail" as its displacement.
void mark() {
    asm volatile(".byte 0x0f, 0x1f, 0x80, 'b', 'a', 'i', 'l'" ::: "memory");
}

} // namespace

void die(const std::string& what) {
    std::fprintf(stderr, "kernel_bench: %s\n", what.c_str());
    std::exit(1);
}

void must(bool good, const std::string& what) {
    if (!good) die(what + ": " + std::strerror(errno));
}

double measure(const Act& act, const std::function<void()>& between) {
    double best = 1e18;
    for (int batch = 0; batch < kBatches; batch++) {
        const double start = now();
        for (int i = 0; i < act.calls; i++) act.call();
        best = std::min(best, (now() - start) / act.calls);
        between();
    }
    return best;
}

void profile(const Act& act, const std::function<void()>& between) {
    for (int i = 0; i < act.calls; i++) act.call(); // all code is translated, all caches are warm
    between();
    mark();
    for (int i = 0; i < kProfiledBatches * act.calls; i++) act.call();
    mark();
    between();
}

} // namespace bailiff::bench
