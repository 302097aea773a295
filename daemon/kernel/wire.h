// The messages between bailiffd and bailiff-kernel, over a SOCK_SEQPACKET Unix socket. Fixed size
// and same machine: a message of any other size is refused, and nothing in it is parsed but a path.
#pragma once

#include <array>
#include <cstdint>

#include "bailiff/abi.h"

namespace bailiff::kernel {

inline constexpr std::uint32_t kWireMagic = 0x62616c63; // "balc": raised with any change here
inline constexpr const char* kSocketName = "kernel.sock";

enum class Operation : std::uint32_t {
    kHello = 1,     // answered with the descriptors of kSharedMaps, in that order
    kResolve = 2,   // path; root, or pid, start_time and folder, or none -> inode, path
    kEnrol = 3,     // pid, start_time, subject, generation -> count
    kSubjectOf = 4, // pid -> count is the subject, generation
    kCount = 5,     // subject, generation -> count
    kPosture = 6,   // -> posture
    kAdopt = 7,     // -> count, adopted
    kKill = 8,      // subject, generation -> count, left
    // Tasks that run already: pid, start_time or pid 0, cgroup; owner, daemon, subject, generation.
    kCheckTarget = 9,  // -> count: may they all become the subject's? nothing is changed
    kEnrolTarget = 10, // -> count
    kContainer = 11,   // path: RUNTIME/ID -> path: its image, message: its name
    kForget = 12,      // root, or pid and start_time: of what kResolve was asked
    kHash = 13,        // path -> nothing: it is hashed later, in its turn
    kHashed = 14,      // -> path, hashed: what is done since the last such question, one at a time
    kFindLinks = 15,   // path -> nothing: it is searched for hard links later, in its turn
    kResume = 17,      // pid, start_time -> nothing: a process that waits goes on
    kKeep = 18,        // action, undo -> as kFindKept
    // undo.time -> count, path: as many manifests of later entries, each with its NUL
    kKept = 19,
    kFindKept = 23,   // action -> count 1, path: its manifest
    kRestore = 20,    // action, undo -> as kFindKept
    kPruneKept = 21,  // undo.time -> count: entries forgotten
    kAddStore = 22,   // path -> nothing: a further folder of the store
    kForgetHold = 24, // action -> nothing: it waits no more, as its task is gone
    kExpect = 16,     // subject 1: map "agents" can make subjects from now on; 0: it cannot
};

// The maps that bailiffd writes or reads. Holding the descriptor is the permission.
inline constexpr std::array<const char*, 26> kSharedMaps = {
    "config",     "policies", "sessions",      "subjects",   "labels",     "rows",
    "objects",    "filter",   "ports",         "addresses",  "events",     "agents",
    "counters",   "defaults", "listed",        "holds",      "answers",    "made_by",
    "made_count", "argv",     "argv_patterns", "argv_words", "argv_flags", "budgets",
    "spent_acts", "contacts"};

// Those of them whose descriptor permits nothing but reading: what waits is the kernel's word.
// (Who may mount a bpffs could pin such a descriptor and open the pin to write; bailiffd's unit
// lets it mount nothing.)
inline constexpr std::array<const char*, 2> kReadMaps = {"holds", "counters"};

// Of the questions about what is kept.
struct WireUndo {
    std::int64_t time;      // Unix nanoseconds; kRestore: undo::Restoring::changed_until
    std::uint64_t max_copy; // undo::Limits, to the session's entries; of kKeep and kRestore
    std::uint64_t quota;
    std::uint64_t session_bytes;
    std::uint32_t entries;
    std::uint32_t session_entries;
    std::uint32_t account; // kKeep: whose session it is; kRestore: whose rights count, or kAnyOwner
    std::uint32_t replace; // kRestore: 0 or 1
    char session[64];      // kKeep: empty where there is none; NUL-terminated
};

struct Request {
    std::uint32_t magic;
    Operation operation;
    std::uint32_t pid;
    std::uint32_t subject;
    std::uint32_t generation;
    std::uint32_t daemon;     // process of bailiffd: no target may hold it
    std::uint64_t start_time; // of the process, clock ticks since boot
    std::uint64_t cgroup;     // id of a control group
    std::uint32_t owner;      // uid that every process of the target must have, or kAnyOwner
    std::uint32_t folder_dev; // with pid: its root folder, else 0
    std::uint64_t folder_ino;
    std::uint32_t folder_generation;
    std::uint32_t zero;
    std::uint64_t action; // id of an act that waits, or that something was kept of
    WireUndo undo;
    char root[256];  // where a container's root is mounted; NUL-terminated
    char path[4096]; // NUL-terminated
};
static_assert(sizeof(Request) == 64 + 8 + 112 + 256 + 4096);

enum class Family : std::uint32_t { kTask, kExec, kFile, kNetwork, kProcess, kMemory, kSystem };
inline constexpr std::array<const char*, 7> kFamilyNames = {"task",    "exec",   "file",  "network",
                                                            "process", "memory", "system"};

struct WirePosture {
    std::uint64_t checked_at; // nanoseconds of CLOCK_BOOTTIME
    std::uint64_t recursion_misses;
    std::uint32_t attachment;     // 0 lsm, 1 fmod_ret
    std::uint32_t preemptible;    // 1: the kernel preempts programs (full or lazy preemption)
    std::uint32_t ftrace_enabled; // 0: every program is switched off
    std::uint32_t mended_pins;    // links and maps whose pin was gone and was made again
    std::uint32_t storage_busy;   // 1: a task's row can be unreadable for a moment, see canary.cc
    std::uint32_t unpinned_pins;  // whose pin is gone and could not be made again
    char pins[256]; // names of the unpinned, else of the mended: "a, b"; ends with "..." where cut
    // Names of optional programs, "a, b", that are not loaded: because the operator said so, and
    // because this kernel refuses them or has no such hook.
    char waived[512];
    char missing[512];
    // For each Family: 1 when a probe was allowed before and came back with EPERM as a subject.
    std::uint32_t enforcing[8];
};

// What became of a file that was to be hashed; `message` says why it was not.
struct WireHashed {
    std::uint32_t outcome; // 0: nothing is done; 1: hashed; 2: not hashed; 3: searched for hard
                           // links, `message` says what was found
    std::uint32_t zero;
    std::uint8_t sha256[BAILIFF_SHA256];
    bailiff_inode seen; // the file, as the hooks see it
};

// Of one subject, the tasks that kAdopt found.
struct WireAdopted {
    std::uint32_t subject;
    std::uint32_t tasks;
    std::uint32_t pid; // of their oldest process
    std::uint32_t zero;
    std::uint64_t start_time; // of that, nanoseconds of CLOCK_BOOTTIME
};
inline constexpr std::size_t kMaxAdopted = 64; // subjects in one answer

struct Reply {
    std::uint32_t magic;
    std::int32_t error; // 0, or an errno
    std::uint32_t count;
    std::uint32_t generation; // kSubjectOf
    std::uint32_t left;       // kKill
    std::uint32_t zero;
    bailiff_inode inode;
    WirePosture posture;
    WireHashed hashed;
    std::array<WireAdopted, kMaxAdopted> adopted; // until one with subject 0
    char message[256]; // what failed; of kContainer the name. NUL-terminated
    char path[4096];   // kResolve: the path without symbolic links; kContainer: the image; kHashed:
                       // the file. The same
};
static_assert(sizeof(Reply) == 24 + 24 + 1352 + 64 + 64 * 24 + 256 + 4096);

} // namespace bailiff::kernel
