// Counting instructions of one call: under -icount one nanosecond of the guest's clock is one
// instruction. Used by one thread.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace bailiff::bench {

// One row of the table.
struct Act {
    const char* key; // names the row in the output
    int calls;       // in a batch
    std::function<void()> call;
};

// Ends the program with a message.
[[noreturn]] void die(const std::string& what);

// Ends the program with `what` and errno unless `good`.
void must(bool good, const std::string& what);

// Instructions a call: the smallest of several batches, since only noise adds. `between` runs after
// each batch and is not counted.
[[nodiscard]] double measure(const Act& act, const std::function<void()>& between);

// Some batches between two markers that the profiler of instruction_profile.cc sees.
void profile(const Act& act, const std::function<void()>& between);

inline constexpr int kProfiledBatches = 5;

// Throws away what was sent to the scene's own socket, before it is full.
void drain_receiver();

// The rows, each about the scene below /tmp/ub. Opens what the calls use, so it is called by the
// task that is measured.
[[nodiscard]] std::vector<Act> acts(bool with_records);

// Makes the scene: folders, files and the program that is executed.
void make_scene();

inline constexpr const char* kTree = "/tmp/ub";
inline constexpr const char* kOutside = "/tmp/outside"; // below no rule
inline constexpr unsigned short kPort = 9;              // a rule allows it
inline constexpr unsigned short kAuditedPort = 10;      // a rule allows and records it
inline constexpr unsigned short kDeniedPort = 11;       // no rule: the default denies and records
inline constexpr int kTrees = 64;
inline constexpr int kDeeper = 8; // levels between the shallow and the deep file

} // namespace bailiff::bench
