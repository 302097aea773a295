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

// What a session binds to the policy's variables, and where its paths are looked up.
struct Binding {
    policy::Variables variables;
    kernel::View view = {};
};
using Bindings = std::map<std::uint16_t, Binding>; // by the session's slot

// What is mounted in one view.
struct Sight {
    kernel::View view;
    std::vector<Mount> mounts;
};
// The host's mounts, and containers.
struct Sights {
    Sights(std::vector<Mount> mounts) : host(std::move(mounts)) {} // NOLINT: the host alone
    std::vector<Mount> host;
    std::vector<Sight> containers;
};

// Without what the host has mounted as a container's root: each of those is a sight of its own.
[[nodiscard]] Sights sights_of(const std::vector<Mount>& host_mounts);

struct Layout {
    Objects objects;
    std::set<std::string> to_hash;  // files whose content rules list, by their one name
    std::vector<std::string> notes; // rules that name nothing on this host now, for the log
};

// Reads the file system through `port`. An error means that the layout must not be used: a denial
// could be missing. A container in which something cannot be looked up is left out: all on its file
// systems is denied then.
//
// In a container the policy's paths are those of the container. It cannot widen by them what is
// allowed on a file system that the host has mounted too, such as by a volume on /usr/bin; what a
// session itself binds, its workspace, is allowed there to that session.
[[nodiscard]] Result<Layout> make_layout(kernel::KernelPort& port, const policy::Image& image,
                                         std::uint8_t policy_slot, const Bindings& bindings,
                                         const Sights& sights);

// bailiff_name_hash() of a name under the kernel's secret key.
[[nodiscard]] std::uint64_t hash_name(const bailiff_config& config, const std::string& name);

} // namespace bailiff::session
