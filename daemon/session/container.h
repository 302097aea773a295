// Which container a process runs in, from the names of its control groups, and what the container's
// runtime wrote down about it. I/O thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bailiff/abi.h"
#include "bailiff/journal.pb.h"
#include "kernel/port.h"

namespace bailiff::session {

struct ContainerId {
    std::string runtime; // "podman", "docker"; empty where the name alone does not tell
    std::string id;      // 64 hexadecimal digits

    friend auto operator<=>(const ContainerId&, const ContainerId&) = default;
};

// The innermost container of a control group's path: libpod-ID.scope, libpod-ID, docker-ID.scope,
// docker/ID; with no runtime ANYTHING/ID, as of `docker run --cgroup-parent` without systemd.
// Nothing outside containers; podman's monitor of a container (libpod-conmon-ID) is outside.
[[nodiscard]] std::optional<ContainerId> container_of(std::string_view cgroup_path);

class Containers {
public:
    // `proc`: where procfs is mounted.
    explicit Containers(kernel::KernelPort& port, std::string proc = "/proc")
        : port_(port), proc_(std::move(proc)) {}

    // Of a process, or, where that is gone already, of its parent; null outside containers and
    // where nobody can tell any more. `start_time` in nanoseconds of CLOCK_BOOTTIME. Valid until
    // the next call.
    [[nodiscard]] const v1::Container* find(std::uint32_t pid, std::uint64_t start_time,
                                            std::uint32_t parent);
    // The same of a control group.
    [[nodiscard]] const v1::Container* find(std::string_view cgroup_path);

private:
    using Key = std::pair<std::uint32_t, std::uint64_t>; // pid and start time
    [[nodiscard]] const v1::Container* describe(const std::optional<ContainerId>& id);

    kernel::KernelPort& port_;
    std::string proc_;
    std::map<Key, std::optional<ContainerId>> processes_;
    std::deque<Key> seen_; // oldest first
    std::map<ContainerId, std::optional<v1::Container>> containers_;
};

} // namespace bailiff::session
