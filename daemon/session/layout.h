// Layout: which objects get which label, for one policy and the sessions under it, as the file
// system is now. Computed anew each time and compared with what is written, so that a reload, a new
// mount and a new session are one piece of code. I/O thread only.
#pragma once

#include <compare>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/port.h"
#include "policy/eval.h"
#include "session/mounts.h"

namespace bailiff::session {

struct KeyLess {
    bool operator()(const bailiff_object_key& a, const bailiff_object_key& b) const {
        return std::memcmp(&a, &b, sizeof(a)) < 0;
    }
};

struct Placed {
    policy::Label label;
    std::uint32_t flags = 0; // BAILIFF_OBJECT_*
};
using Objects = std::map<bailiff_object_key, Placed, KeyLess>;

// What a session binds to the policy's variables; the key is its slot.
using Bindings = std::map<std::uint16_t, policy::Variables>;

struct Layout {
    Objects objects;
    std::set<std::string> to_hash;      // files whose content rules list, by their one name
    std::vector<std::string> not_files; // what such rules name and is no regular file
    std::vector<std::string> notes;     // rules that name nothing on this host now, for the log
};

// Reads the file system through `port`. An error means that the layout must not be used: a denial
// could be missing.
[[nodiscard]] Result<Layout> make_layout(kernel::KernelPort& port, const policy::Image& image,
                                         std::uint8_t policy_slot, const Bindings& bindings,
                                         const std::vector<Mount>& mounts);

// bailiff_name_hash() of a name under the kernel's secret key.
[[nodiscard]] std::uint64_t hash_name(const bailiff_config& config, const std::string& name);

} // namespace bailiff::session
