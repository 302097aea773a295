#include "session/agent_table.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>

#include "kernel/objects.h"
#include "policy/account.h"
#include "policy/cgroup_path.h"
#include "policy/interpreters.h"
#include "session/layout.h"

namespace bailiff::session {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 2> kInterpreterFolders{"/usr/bin", "/usr/local/bin"};

std::set<std::string> host_interpreters() {
    std::set<std::string> paths;
    for (const char* folder : kInterpreterFolders) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error))
            if (policy::is_interpreter(entry.path().filename().string()))
                paths.insert(entry.path().string());
    }
    return paths;
}

class Builder {
public:
    Builder(kernel::KernelPort& port, const bailiff_config& config)
        : port_(port), config_(config) {}

    Status add(const policy::AgentEntry& agent, const AgentSubject& subject) {
        for (const auto* paths : {&agent.executables, &agent.scripts})
            for (const std::string& path : *paths)
                if (Status added = add_file(path, subject, agent.file_at(path).text()); !added)
                    return added;
        for (const std::string& path : agent.scripts)
            if (Status added = add_module(path, subject); !added) return added;
        if (!agent.unit.empty())
            add_key(BAILIFF_OBJECT_UNIT, hash_name(config_, agent.unit), subject);
        if (!agent.cgroup.empty())
            add_key(BAILIFF_OBJECT_CGROUP, hash_cgroup(config_, agent.cgroup), subject);
        if (!agent.uid.empty()) add_uid(agent, subject);
        return {};
    }

    // Subject 0: what executes them is watched for the script it opens.
    Status add_interpreters(const std::set<std::string>& paths) {
        for (const std::string& path : paths)
            if (Status added = add_file(path, AgentSubject{}, ""); !added) return added;
        return {};
    }

    AgentTable finish() {
        for (const auto& [key, subject] : found_)
            table_.matches.push_back({key, subject.slot, subject.generation});
        return std::move(table_);
    }

private:
    // `at` is empty for what need not be there.
    Status add_file(const std::string& path, const AgentSubject& subject, const std::string& at) {
        const Result<kernel::ResolvedPath> file = port_.resolve(path);
        if (!file && file.error().code() == ErrorCode::kNotFound) {
            if (!at.empty()) table_.notes.push_back(at + ": match on " + path + ": not there now");
            return {};
        }
        if (!file) return tl::unexpected(file.error());
        const bailiff_object_key key = kernel::inode_key(file->inode, 0);
        found_.try_emplace(key, subject);
        if (!at.empty())
            table_.files.try_emplace(key, at + ": match on \"" + path + "\" is refused: ");
        return {};
    }

    // Python reads the compiled form of a module in its stead.
    Status add_module(const std::string& path, const AgentSubject& subject) {
        const fs::path script(path);
        if (script.extension() != ".py") return {};
        const Result<kernel::ResolvedPath> folder = port_.resolve(script.parent_path().string());
        if (!folder && folder.error().code() == ErrorCode::kNotFound) return {};
        if (!folder) return tl::unexpected(folder.error());
        bailiff_object_key key = kernel::inode_key(folder->inode, 0);
        const std::string name = script.filename().string();
        key.kind = BAILIFF_OBJECT_MODULE;
        key.name = hash_name(config_, name.substr(0, name.find('.')));
        found_.try_emplace(key, subject);
        return {};
    }

    void add_uid(const policy::AgentEntry& agent, const AgentSubject& subject) {
        const std::optional<uid_t> uid = policy::uid_of(agent.uid);
        if (!uid) {
            table_.notes.push_back(agent.at.text() + ": match on uid " + agent.uid +
                                   ": no such account on this host");
            return;
        }
        bailiff_object_key key = {};
        key.kind = BAILIFF_OBJECT_UID;
        key.ino = *uid;
        found_.try_emplace(key, subject);
    }

    void add_key(bailiff_object_kind kind, std::uint64_t name, const AgentSubject& subject) {
        bailiff_object_key key = {};
        key.kind = static_cast<std::uint8_t>(kind);
        key.name = name;
        found_.try_emplace(key, subject);
    }

    kernel::KernelPort& port_;
    const bailiff_config& config_;
    std::map<bailiff_object_key, AgentSubject, KeyLess> found_; // of two agents the first stands
    AgentTable table_;
};

} // namespace

std::uint64_t hash_cgroup(const bailiff_config& config, const std::string& path) {
    std::uint64_t hash = 0;
    for (const std::string& name : policy::cgroup_names(path)) {
        std::uint64_t words[BAILIFF_NAME_MAX / 8] = {};
        const std::size_t length = std::min<std::size_t>(name.size(), BAILIFF_NAME_MAX - 1);
        std::memcpy(words, name.data(), length);
        hash = bailiff_cgroup_hash(words, static_cast<std::uint32_t>(length), hash,
                                   config.name_key[0], config.name_key[1]);
    }
    return hash;
}

Result<AgentTable> make_agent_table(kernel::KernelPort& port, const policy::Settings& settings,
                                    const std::map<std::string, AgentSubject>& subjects) {
    const Result<bailiff_config> config = port.get_config();
    if (!config) return tl::unexpected(config.error());
    Builder builder(port, *config);
    std::set<std::string> interpreters;
    for (const policy::AgentEntry& agent : settings.agents) {
        if (Status added = builder.add(agent, subjects.at(agent.name)); !added)
            return tl::unexpected(added.error());
        if (!agent.scripts.empty()) interpreters.merge(host_interpreters());
        interpreters.insert(agent.interpreters.begin(), agent.interpreters.end());
    }
    // Last: an interpreter that is an agent's executable itself stays that.
    if (Status added = builder.add_interpreters(interpreters); !added)
        return tl::unexpected(added.error());
    return builder.finish();
}

} // namespace bailiff::session
