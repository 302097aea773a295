#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "policy/interpreters.h"
#include "policy/lint.h"

namespace bailiff::policy {
namespace {

namespace fs = std::filesystem;

std::string real(const std::string& path) {
    std::error_code error;
    const fs::path resolved = fs::canonical(path, error);
    return error ? path : resolved.string();
}

bool any_prefix(const std::string& text, std::initializer_list<const char*> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const char* prefix) { return text.starts_with(prefix); });
}

// Programs that are the host's own: a match would make the host itself an agent.
std::string why_not_executable(const std::string& path) {
    const std::string name = fs::path(real(path)).filename().string();
    if (name == "systemd" || name == "init") return "it would cover PID 1";
    if (name == "sshd" || name.starts_with("sshd-")) return "it would cover sshd";
    static const std::set<std::string> logins = {"login",  "su",   "sudo",
                                                 "agetty", "cron", "dbus-daemon"};
    if (logins.contains(name)) return "it would cover logins";
    if (name.starts_with("bailiff")) return "it would cover bailiff itself";
    std::ifstream shells("/etc/shells");
    for (std::string shell; std::getline(shells, shell);)
        if (!shell.empty() && shell[0] == '/' && real(shell) == real(path))
            return "it is a shell: it would cover logins and your own";
    if (name == "sh" || name == "bash" || name == "dash" || name == "busybox")
        return "it is a shell: it would cover logins and your own";
    if (is_interpreter(name) || name.starts_with("ld-linux"))
        return "it is an interpreter and covers every script; name the script with `script:`";
    return "";
}

std::string why_not_unit(const std::string& unit) {
    if (unit.find('/') != std::string::npos || unit.find('.') == std::string::npos)
        return "expected a unit's full name, such as agent.service";
    if (unit == "init.scope" || unit == "-.slice") return "it covers PID 1";
    if (any_prefix(unit, {"ssh.", "sshd.", "ssh@", "sshd@"})) return "it covers sshd";
    if (any_prefix(unit, {"session-", "user@", "user-", "user.", "getty", "serial-getty", "login",
                          "systemd-"}))
        return "it covers logins or systemd itself";
    if (unit == "system.slice" || unit == "machine.slice") return "it covers the whole host";
    if (unit.starts_with("bailiff")) return "it covers bailiff itself";
    return "";
}

std::string own_cgroup() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("0::")) return line.substr(3);
    return "";
}

std::string why_not_cgroup(const std::string& cgroup) {
    if (cgroup.empty() || cgroup[0] != '/') return "expected a path below /sys/fs/cgroup";
    const std::string below = cgroup.back() == '/' ? cgroup : cgroup + "/";
    const auto covers = [&](const std::string& other) { return (other + "/").starts_with(below); };
    if (below == "/") return "it covers the whole host";
    if (covers("/init.scope")) return "it covers PID 1";
    if (covers("/system.slice/ssh.service")) return "it covers sshd";
    if (covers("/system.slice/bailiff.service")) return "it covers bailiff itself";
    if (covers("/user.slice") || below.starts_with("/user.slice/user-")) return "it covers logins";
    if (const std::string own = own_cgroup(); own.size() > 1 && covers(own))
        return "it covers your own shell";
    return "";
}

std::string why_not_uid(const std::string& account) {
    uid_t uid = 0;
    if (account.find_first_not_of("0123456789") == std::string::npos && account.size() < 10) {
        uid = static_cast<uid_t>(std::stoul(account));
    } else {
        passwd entry{};
        passwd* found = nullptr;
        std::array<char, 16384> buffer{};
        getpwnam_r(account.c_str(), &entry, buffer.data(), buffer.size(), &found);
        if (found == nullptr) return ""; // not an account of this host
        uid = found->pw_uid;
        if (account == "bailiff") return "it covers bailiff itself";
    }
    if (uid == 0) return "it covers PID 1 and every root process";
    if (uid == getuid()) return "it covers your own shell";
    const char* sudo = getenv("SUDO_UID");
    if (sudo != nullptr && std::to_string(uid) == sudo) return "it covers your own shell";
    return "";
}

} // namespace

void lint_matches(const Document& document, Problems& problems) {
    for (const v1::Agent& agent : document.policy.agents()) {
        const v1::Match& match = agent.match();
        const auto refuse = [&](int field, int index, const std::string& what,
                                const std::string& why) {
            if (!why.empty())
                problems.add(document.at(match, field, index),
                             "match on \"" + what + "\" is refused: " + why);
        };
        for (int i = 0; i < match.executable_size(); i++) {
            const std::string& path = match.executable(i);
            refuse(1, i, path,
                   path.starts_with("/") ? why_not_executable(path) : "expected an absolute path");
        }
        for (int i = 0; i < match.interpreter_size(); i++)
            refuse(6, i, match.interpreter(i),
                   match.interpreter(i).starts_with("/") ? "" : "expected an absolute path");
        for (int i = 0; i < match.script_size(); i++)
            refuse(2, i, match.script(i),
                   match.script(i).starts_with("/") ? why_not_executable(match.script(i))
                                                    : "expected an absolute path");
        if (!match.unit().empty()) refuse(3, 0, match.unit(), why_not_unit(match.unit()));
        if (!match.cgroup().empty()) refuse(4, 0, match.cgroup(), why_not_cgroup(match.cgroup()));
        if (!match.uid().empty()) refuse(5, 0, match.uid(), why_not_uid(match.uid()));
    }
}

} // namespace bailiff::policy
