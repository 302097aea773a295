// What bailiff-kernel does with the iterator programs: enrol a process tree, count a subject's
// tasks, name an inode as the hooks see it. Root; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bailiff/abi.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/port.h"
#include "kernel/programs.h"

namespace bailiff::kernel {

// Field 22 of /proc/PID/stat: clock ticks since boot. kNotFound if there is no such process.
[[nodiscard]] Result<std::uint64_t> process_start_time(std::uint32_t pid);

// kNotFound where process `pid` is gone, or is not the one that started then.
[[nodiscard]] Status check_started(std::uint32_t pid, std::uint64_t start_time);

// Makes every thread of `pid` and all below it tasks of the subject; passes are repeated until one
// finds nothing new. Returns how many tasks are the subject's. kNotFound if the process is not the
// one that started at `start_time`; kResourceExhausted if a row could not be made.
[[nodiscard]] Result<std::uint32_t> enrol(Programs& programs, std::uint32_t pid,
                                          std::uint64_t start_time, std::uint32_t subject,
                                          std::uint32_t generation);

// Makes agents of the tasks that run already and match what is in map "agents"; passes are repeated
// until one finds nothing new. Returns those that were made. kResourceExhausted if a row could not
// be.
[[nodiscard]] Result<std::vector<bailiff_enrolled>> adopt(Programs& programs);

// One pass of the iterator "enrol", as `control` says.
[[nodiscard]] Result<std::vector<bailiff_enrolled>> enrol_pass(Programs& programs,
                                                               const bailiff_control& control);
// Passes until one finds nothing new, and returns the last. `who` is for messages: "process 5".
// Tasks of another session are left alone. kResourceExhausted and kUnavailable.
[[nodiscard]] Result<std::vector<bailiff_enrolled>> enrol_all(Programs& programs,
                                                              const bailiff_control& control,
                                                              const std::string& who);

// A process's subject.
struct SubjectOf {
    std::uint32_t slot = 0;       // 0: none
    std::uint32_t generation = 0; // of the slot when the task got it
};

// Slot 0 also where there is no such process. kInternal where the iterator cannot be read.
[[nodiscard]] Result<SubjectOf> subject_of(Programs& programs, std::uint32_t pid);

// Every task of a subject, dead ones that nobody has reaped among them; with subject 0 the row of
// process `pid`, and with both 0 every task that is a subject.
[[nodiscard]] Result<std::vector<bailiff_enrolled>> list_tasks(Programs& programs,
                                                               std::uint32_t pid,
                                                               std::uint32_t subject,
                                                               std::uint32_t generation);

// How many tasks, that is threads, have that subject now. kInternal as above.
[[nodiscard]] Result<std::uint32_t> count_tasks(Programs& programs, std::uint32_t subject,
                                                std::uint32_t generation);

// What is behind a descriptor of this process, O_PATH among them, as the hooks see it. kInternal.
[[nodiscard]] Result<bailiff_file> examine(Programs& programs, int fd);

// An inode as the hooks see it, its path without symbolic links, and the descriptor (O_PATH) that
// it was found by.
struct Resolved {
    bailiff_inode inode{};
    std::string path;
    UniqueFd fd;
};

// Follows symbolic links, but not those of /proc that lead to something else for each process.
// kNotFound where nothing is there, also for a circle of links; else kInternal. In a container's
// view nothing leads out of it, see KernelPort::resolve_in().
[[nodiscard]] Result<Resolved> resolve(Programs& programs, const std::string& path,
                                       const View& view = {});

} // namespace bailiff::kernel
