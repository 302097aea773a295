#include "session/container.h"

#include "base/file.h"
#include "base/process.h"
#include "kernel/container_id.h"
#include "policy/cgroup_path.h"

namespace bailiff::session {
namespace {

constexpr std::size_t kMaxSeen = 4096;       // processes
constexpr std::size_t kMaxContainers = 1024; // that are described
constexpr std::size_t kMaxGroup = 64U << 10; // bytes of /proc/PID/cgroup
constexpr std::uint64_t kTick = 10'000'000;  // nanoseconds; USER_HZ is 100

// "ID" of "libpod-ID.scope" or "libpod-ID"; empty where it is none.
std::string_view id_in(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return {};
    name.remove_prefix(prefix.size());
    if (name.ends_with(".scope")) name.remove_suffix(std::string_view(".scope").size());
    return kernel::is_container_id(name) ? name : std::string_view();
}

// The path in the unified hierarchy: of the line "0::PATH".
std::optional<std::string> group_of(const std::string& proc, std::uint32_t pid) {
    const auto text = read_file(proc + "/" + std::to_string(pid) + "/cgroup", kMaxGroup);
    if (!text) return std::nullopt;
    const std::size_t at = text->starts_with("0::") ? 0 : text->find("\n0::");
    if (at == std::string::npos) return std::nullopt;
    const std::size_t begin = text->find("::", at) + 2;
    return text->substr(begin, text->find('\n', begin) - begin);
}

} // namespace

std::optional<ContainerId> container_of(std::string_view cgroup_path) {
    std::optional<ContainerId> found;
    std::string above;
    for (const std::string& name : policy::cgroup_names(cgroup_path)) {
        if (const auto id = id_in(name, "libpod-"); !id.empty())
            found = ContainerId{"podman", std::string(id)};
        else if (const auto scope = id_in(name, "docker-"); !scope.empty())
            found = ContainerId{"docker", std::string(scope)};
        else if (above == "docker" && kernel::is_container_id(name))
            found = ContainerId{"docker", name};
        else if (!found && kernel::is_container_id(name))
            found = ContainerId{"", name};
        above = name;
    }
    return found;
}

const v1::Container* Containers::describe(const std::optional<ContainerId>& id) {
    if (!id) return nullptr;
    if (containers_.size() >= kMaxContainers && !containers_.contains(*id)) containers_.clear();
    const auto [at, is_new] = containers_.try_emplace(*id);
    std::optional<v1::Container>& container = at->second;
    if (is_new) {
        const bool named = !id->runtime.empty();
        const std::string runtime = named ? id->runtime : "docker";
        const auto told = port_.container(runtime, id->id);
        if (named || told) {
            container.emplace();
            container->set_id(id->id);
            container->set_runtime(runtime);
        }
        if (told) {
            container->set_image(told->image);
            container->set_name(told->name);
        }
    }
    return container ? &*container : nullptr;
}

const v1::Container* Containers::find(std::string_view cgroup_path) {
    return describe(container_of(cgroup_path));
}

const v1::Container* Containers::find(std::uint32_t pid, std::uint64_t start_time,
                                      std::uint32_t parent) {
    const Key key{pid, start_time};
    if (const auto known = processes_.find(key); known != processes_.end())
        return describe(known->second);
    std::optional<std::string> group = group_of(proc_, pid);
    // Last, so that the above was of this process and not of one that has its number now.
    const Result<std::uint64_t> started = start_time_of(static_cast<pid_t>(pid), proc_);
    const bool own = group && started && *started == start_time / kTick;
    if (!own) group = group_of(proc_, parent);
    const auto id = group ? container_of(*group) : std::nullopt;
    if (!own) return describe(id); // a guess, not to be kept
    processes_[key] = id;
    seen_.push_back(key);
    if (seen_.size() > kMaxSeen) {
        processes_.erase(seen_.front());
        seen_.pop_front();
    }
    return describe(id);
}

} // namespace bailiff::session
