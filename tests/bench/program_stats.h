// How often each BPF program runs and how many instructions it takes, as the kernel itself counts
// while statistics are on. They cost instructions too: turn them on after measuring.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace bailiff::bench {

struct ProgramCount {
    std::uint64_t runs = 0;
    std::uint64_t instructions = 0; // nanoseconds, which are instructions under -icount
};

// Turns statistics on until the descriptor that it returns is closed.
[[nodiscard]] int enable_program_stats();

// Of every loaded program, by its name.
[[nodiscard]] std::map<std::string, ProgramCount> read_program_stats();

} // namespace bailiff::bench
