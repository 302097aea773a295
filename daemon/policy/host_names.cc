#include "policy/host_names.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>

#include "policy/interpreters.h"

namespace bailiff::policy {
namespace {

constexpr std::string_view kUnitCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";

using Words = std::initializer_list<std::string_view>;

bool any_prefix(std::string_view text, Words prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool any_of(std::string_view text, Words words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_shell(std::string_view name) {
    return any_of(name, {"sh", "ash", "bash", "rbash", "busybox", "csh", "dash", "fish", "ksh",
                         "mksh", "tcsh", "zsh"});
}

// systemd writes - as \x2d where it makes a slice's name from a unit's.
std::string unescaped(std::string_view name) {
    std::string text;
    for (; !name.empty(); name.remove_prefix(1)) {
        const bool dash = name.starts_with("\\x2d");
        if (dash) name.remove_prefix(3);
        text.push_back(dash ? '-' : name.front());
    }
    return text;
}

} // namespace

bool runs_scripts(std::string_view name) {
    return is_shell(name) || is_interpreter(name);
}

std::string why_not_program(std::string_view name) {
    if (any_of(name, {"systemd", "systemd-executor", "init"})) return "it would cover PID 1";
    if (name == "sshd" || name == "dropbear" || name.starts_with("sshd-"))
        return "it would cover sshd";
    if (any_of(
            name,
            {"login",   "su",   "sudo",           "doas",        "runuser",  "sulogin",
             "newgrp",  "sg",   "agetty",         "getty",       "mingetty", "cron",
             "crond",   "atd",  "dbus-daemon",    "dbus-broker", "gdm",      "gdm3",
             "lightdm", "sddm", "systemd-logind", "polkitd",     "pkexec",   "dbus-broker-launch"}))
        return "it would cover logins";
    if (name.starts_with("bailiff")) return "it would cover bailiff itself";
    if (is_shell(name)) return "it is a shell: it would cover logins and your own";
    if (is_interpreter(name) || name.starts_with("ld-linux"))
        return "it is an interpreter and covers every script; name the script with `script:`";
    return "";
}

std::string why_not_unit_name(std::string_view unit) {
    const std::size_t dot = unit.rfind('.');
    const bool whole = dot != std::string_view::npos && dot > 0 && unit.size() <= 255 &&
                       unit.find_first_not_of(kUnitCharacters) == std::string_view::npos;
    if (!whole || !any_of(unit.substr(dot), {".service", ".scope", ".slice"}))
        return "expected a systemd unit's full name that ends in .service, .scope or .slice, such "
               "as agent.service";
    if (unit[dot - 1] == '@')
        return "it is a template, in which no process lives; expected an instance, such as " +
               std::string(unit.substr(0, dot)) + "1" + std::string(unit.substr(dot));
    return "";
}

std::string why_not_unit(std::string_view unit) {
    if (unit.find('/') != std::string_view::npos || unit.find('.') == std::string_view::npos)
        return "expected a unit's full name, such as agent.service";
    if (unit == "init.scope" || unit == "-.slice") return "it covers PID 1";
    // The slice of a template's instances: system-getty.slice holds every getty@.
    if (unit.starts_with("system-") && unit.ends_with(".slice")) {
        const std::string base = unescaped(unit.substr(7, unit.size() - 7 - 6));
        return why_not_unit(base + "@.service");
    }
    if (any_prefix(unit, {"ssh.", "sshd.", "ssh@", "sshd@", "sshd-", "dropbear.", "dropbear@"}))
        return "it covers sshd";
    if (any_prefix(unit, {"session-", "user@",        "user-",         "user.",
                          "getty",    "serial-getty", "console-getty", "container-getty",
                          "autovt@",  "login",        "systemd-",      "gdm.",
                          "gdm3.",    "lightdm.",     "sddm.",         "display-manager.",
                          "rescue.",  "emergency.",   "debug-shell.",  "cron.",
                          "crond.",   "atd.",         "dbus.",         "dbus-broker.",
                          "polkit.",  "app.slice",    "session.slice", "background.slice"}))
        return "it covers logins or systemd itself";
    if (unit == "system.slice" || unit == "machine.slice") return "it covers the whole host";
    if (unit.starts_with("bailiff")) return "it covers bailiff itself";
    return "";
}

std::string why_not_file(const std::string& path) {
    static constexpr std::array<const char*, 6> kRead = {"/etc/", "/dev/", "/proc/",
                                                         "/sys/", "/run/", "/var/run/"};
    for (const char* folder : kRead)
        if (path.starts_with(folder))
            return std::string("shells, interpreters and the loader read what lies in ") + folder +
                   "; expected a script of the agent's own";
    const std::string name = std::filesystem::path(path).filename().string();
    if (any_of(name, {".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_history",
                      ".profile", ".inputrc", ".cshrc", ".tcshrc", ".login", ".kshrc", ".mkshrc",
                      ".zshenv", ".zshrc", ".zprofile", ".zlogin", ".zlogout", ".pythonrc",
                      ".node_repl_history"}))
        return "login shells read it";
    if (name.ends_with(".so") || name.find(".so.") != std::string::npos)
        return "it is a library: the loader reads it for other programs";
    if (path.starts_with("/usr/lib/python") || path.starts_with("/usr/local/lib/python"))
        if (path.find("/site-packages/") == std::string::npos &&
            path.find("/dist-packages/") == std::string::npos)
            return "it is Python's own: every Python program reads it";
    return "";
}

} // namespace bailiff::policy
