#include <filesystem>

#include "policy/account.h"
#include "policy/cgroup_path.h"
#include "policy/host_names.h"
#include "policy/lint.h"
#include "policy/own_host.h"

namespace bailiff::policy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwnShell = "it covers your own shell";
constexpr const char* kBailiffAccount = "bailiff";

std::string real(const std::string& path) {
    std::error_code error;
    const fs::path resolved = fs::canonical(path, error);
    return error ? fs::path(path).lexically_normal().string() : resolved.string();
}

std::string name_of(const std::string& path) {
    return fs::path(path).filename().string();
}

// Executables and scripts are one table in the kernel: what is said of one holds for the other.
std::string why_not_agent_file(const std::string& path, const OwnHost& host) {
    if (!path.starts_with('/')) return "expected an absolute path";
    const std::string found = real(path);
    if (const std::string why = why_not_program(name_of(found)); !why.empty()) return why;
    if (const HostFile* own = host.find(path))
        return own->why + " (it is the file " + own->path + ")";
    for (const std::string& spelt : {found, fs::path(path).lexically_normal().string()})
        if (const std::string why = why_not_file(spelt); !why.empty()) return why;
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_regular_file(path, error)) return "expected a file";
    return "";
}

// It becomes no agent itself, but whatever it opens is looked at.
std::string why_not_interpreter(const std::string& path, const OwnHost& host) {
    if (!path.starts_with('/')) return "expected an absolute path";
    const std::string name = name_of(real(path));
    if (runs_scripts(name)) return "";
    if (const std::string why = why_not_program(name); !why.empty()) return why;
    const HostFile* own = host.find(path);
    return own == nullptr || own->runs_scripts ? "" : own->why;
}

std::string why_not_own_unit(const std::string& unit, const OwnHost& host) {
    if (const std::string why = why_not_unit_name(unit); !why.empty()) return why;
    if (const std::string why = why_not_unit(unit); !why.empty()) return why;
    const auto among = [&](const std::string& cgroup) {
        for (const std::string& name : cgroup_names(cgroup))
            if (name == unit) return true;
        return false;
    };
    if (among(host.cgroup_of_pid_1())) return "it covers PID 1";
    for (const std::string& own : host.cgroups())
        if (among(own)) return kOwnShell;
    return "";
}

std::string why_not_cgroup(const std::string& text, const OwnHost& host) {
    const Result<std::string> path = clean_cgroup(text);
    if (!path) return path.error().message();
    if (*path == "/") return "it covers the whole host";
    if (covers_cgroup("/sys/fs/cgroup", *path))
        return "expected the path below /sys/fs/cgroup alone, such as " +
               (*path == "/sys/fs/cgroup" ? "/agents.slice" : path->substr(14));
    if (covers_cgroup(*path, "/init.scope")) return "it covers PID 1";
    if (covers_cgroup(*path, "/system.slice/ssh.service")) return "it covers sshd";
    if (covers_cgroup(*path, "/user.slice") || path->starts_with("/user.slice/user-"))
        return "it covers logins";
    const std::string last = cgroup_names(*path).back();
    if (last.find('.') != std::string::npos)
        if (const std::string why = why_not_unit(last); !why.empty()) return why;
    const std::string& first = host.cgroup_of_pid_1();
    if (first.size() > 1 && covers_cgroup(*path, first)) return "it covers PID 1";
    for (const std::string& own : host.cgroups())
        if (own.size() > 1 && covers_cgroup(*path, own)) return kOwnShell;
    return "";
}

std::string why_not_uid(const std::string& account, const OwnHost& host) {
    if (account == kBailiffAccount) return "it covers bailiff itself";
    const std::optional<uid_t> uid = uid_of(account);
    if (!uid) return ""; // not an account of this host
    if (*uid == 0) return "it covers PID 1 and every root process";
    if (uid == uid_of(kBailiffAccount)) return "it covers bailiff itself";
    if (host.uids().contains(*uid)) return kOwnShell;
    const char* sudo = getenv("SUDO_UID");
    if (sudo != nullptr && uid == uid_of(sudo)) return kOwnShell;
    return "";
}

// Interpreters are watched for the scripts that they read: alone they make nothing an agent.
std::string why_matches_nothing(const v1::Match& match) {
    if (match.executable_size() + match.script_size() > 0) return "";
    if (!match.unit().empty() || !match.cgroup().empty() || !match.uid().empty()) return "";
    return std::string(match.interpreter_size() > 0 ? "`interpreter` alone matches no process"
                                                    : "it matches no process") +
           "; expected executable, script, unit, cgroup or uid, or no `match`";
}

} // namespace

void lint_matches(const Document& document, Problems& problems) {
    if (document.policy.agents_size() == 0) return;
    const OwnHost host = OwnHost::look();
    for (const v1::Agent& agent : document.policy.agents()) {
        const v1::Match& match = agent.match();
        if (const std::string why = why_matches_nothing(match); agent.has_match() && !why.empty())
            problems.add(document.at(agent, 4), "match: " + why);
        const auto refuse = [&](int field, int index, const std::string& what,
                                const std::string& why) {
            if (!why.empty())
                problems.add(document.at(match, field, index),
                             "match on \"" + what + "\" is refused: " + why);
        };
        for (int i = 0; i < match.executable_size(); i++)
            refuse(1, i, match.executable(i), why_not_agent_file(match.executable(i), host));
        for (int i = 0; i < match.script_size(); i++)
            refuse(2, i, match.script(i), why_not_agent_file(match.script(i), host));
        for (int i = 0; i < match.interpreter_size(); i++)
            refuse(6, i, match.interpreter(i), why_not_interpreter(match.interpreter(i), host));
        if (!match.unit().empty()) refuse(3, 0, match.unit(), why_not_own_unit(match.unit(), host));
        if (!match.cgroup().empty())
            refuse(4, 0, match.cgroup(), why_not_cgroup(match.cgroup(), host));
        if (!match.uid().empty()) refuse(5, 0, match.uid(), why_not_uid(match.uid(), host));
    }
}

} // namespace bailiff::policy
