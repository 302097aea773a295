// Vector: one way out of a session that is tried. A row of the escape catalogue.
//
// An act runs in a process of its own, first outside every session (the control), then inside one.
// It is a real attempt and does what it says: 0 means that it took effect, else the errno.
#pragma once

#include <span>
#include <string>

namespace bailiff::escape {

// Where a vector does its work. Everything lies on one file system, so that link and rename work.
struct Place {
    std::string name;
    std::string secret; // a file that no session may touch; its folder is the vector's own
    std::string work;   // the vector's folder in the workspace; it holds `file`
    int inherited = -1; // what `inherit` opened outside, before the session began

    std::string in_work(const std::string& file) const { return work + "/" + file; }
    std::string outside(const std::string& file) const; // beside the secret
    std::string allowed(const std::string& file) const; // in the folder of allowed programs
    std::string info(const std::string& file) const;    // what a session may read, not write
};

using Act = int (*)(const Place&);

enum class Who { kUser, kRoot };
enum class Expected { kDenied };

struct Extra {
    Act setup = nullptr;   // as root outside every session, before each try
    Act cleanup = nullptr; // the same, after it
    Act inherit = nullptr; // as the account outside; returns a descriptor for the session, or -1
    bool victim = false;   // a process of the same account, outside every session
};

struct Vector {
    const char* name;
    const char* tries;
    Who who;
    Act act;
    Extra extra = {};
    Expected expected = Expected::kDenied;
};

struct Family {
    const char* name;
    std::span<const Vector> vectors;
};

std::span<const Vector> exec_vectors();
std::span<const Vector> exec_memory_vectors();
std::span<const Vector> file_vectors();
std::span<const Vector> file_descriptor_vectors();
std::span<const Vector> file_mount_vectors();
std::span<const Vector> file_above_vectors();
std::span<const Vector> network_vectors();
std::span<const Vector> network_family_vectors();
std::span<const Vector> network_route_vectors();
std::span<const Vector> process_vectors();
std::span<const Vector> process_ipc_vectors();
std::span<const Vector> system_vectors();
std::span<const Vector> system_mount_vectors();
std::span<const Vector> system_write_vectors();
std::span<const Vector> self_vectors();

} // namespace bailiff::escape
