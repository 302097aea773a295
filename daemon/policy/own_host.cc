#include "policy/own_host.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/account.h"
#include "policy/cgroup_path.h"
#include "policy/host_names.h"

namespace bailiff::policy {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxAncestors = 64;

constexpr std::array<const char*, 11> kProgramFolders{"/usr/sbin",
                                                      "/usr/bin",
                                                      "/sbin",
                                                      "/bin",
                                                      "/usr/lib/systemd",
                                                      "/lib/systemd",
                                                      "/usr/lib/openssh",
                                                      "/usr/libexec",
                                                      "/usr/libexec/openssh",
                                                      "/usr/local/sbin",
                                                      "/usr/local/bin"};

// Beside what lies in well-known folders: files that have another name elsewhere by a hard link.
constexpr std::array<const char*, 18> kReadings{
    "/etc/profile",       "/etc/bash.bashrc", "/etc/bashrc",        "/etc/environment",
    "/etc/zsh/zshenv",    "/etc/zshenv",      "/etc/passwd",        "/etc/group",
    "/etc/nsswitch.conf", "/etc/hosts",       "/etc/resolv.conf",   "/etc/inputrc",
    "/etc/localtime",     "/etc/ld.so.cache", "/etc/ld.so.preload", "/dev/null",
    "/dev/tty",           "/dev/urandom"};

constexpr std::array<const char*, 6> kStartupFiles{".bashrc",  ".bash_profile", ".bash_login",
                                                   ".profile", ".zshenv",       ".zshrc"};

struct Process {
    pid_t parent = 0;
    uid_t uid = 0;
    std::string cgroup; // empty: not told
};

std::string folder_of(pid_t pid) {
    return "/proc/" + std::to_string(pid);
}

Process read_process(pid_t pid) {
    Process process;
    std::ifstream status(folder_of(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "PPid:") words >> process.parent;
        if (key == "Uid:") words >> process.uid;
    }
    std::ifstream cgroup(folder_of(pid) + "/cgroup");
    for (std::string line; std::getline(cgroup, line);)
        if (line.starts_with("0::"))
            process.cgroup = clean_cgroup(line.substr(3)).value_or(std::string());
    return process;
}

} // namespace

OwnHost OwnHost::look() {
    OwnHost host;
    host.add_programs();
    host.add_shells();
    host.add_processes();
    host.add_readings();
    return host;
}

const HostFile* OwnHost::find(const std::string& path) const {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return nullptr;
    const auto found = by_inode_.find({info.st_dev, info.st_ino});
    return found == by_inode_.end() ? nullptr : &files_[found->second];
}

// What this account may not look at stays in the list, for who may.
void OwnHost::add(const std::string& path, const std::string& why, bool runs_scripts) {
    struct stat info {};
    const bool seen = stat(path.c_str(), &info) == 0;
    if (!seen && errno != EACCES) return;
    if (seen && !by_inode_.try_emplace({info.st_dev, info.st_ino}, files_.size()).second) return;
    files_.push_back({path, why, runs_scripts});
}

void OwnHost::add_programs() {
    for (const char* folder : kProgramFolders) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error)) {
            const std::string name = entry.path().filename().string();
            const std::string why = why_not_program(name);
            if (!why.empty() && !entry.is_directory(error))
                add(entry.path().string(), why, policy::runs_scripts(name));
        }
    }
}

void OwnHost::add_shells() {
    std::ifstream shells("/etc/shells");
    for (std::string shell; std::getline(shells, shell);)
        if (shell.starts_with('/'))
            add(shell, "it is a shell: it would cover logins and your own", true);
}

void OwnHost::add_processes() {
    const auto add_program = [&](pid_t pid, const std::string& why) {
        const std::string link = folder_of(pid) + "/exe";
        std::error_code error;
        const fs::path program = fs::read_symlink(link, error);
        const bool runs = !error && policy::runs_scripts(program.filename().string());
        if (!error) add(program.string(), why, runs);
        add(link, why, runs); // also of a file that is no longer there
    };
    add_program(1, "it would cover PID 1");
    cgroup_of_pid_1_ = read_process(1).cgroup;
    add_program(getpid(), "it would cover bailiff itself");
    pid_t pid = getpid();
    for (int i = 0; i < kMaxAncestors && pid > 1; i++) {
        const Process process = read_process(pid);
        uids_.insert(process.uid);
        if (!process.cgroup.empty()) cgroups_.insert(process.cgroup);
        pid = process.parent;
        if (pid > 1) add_program(pid, "it would cover a process that this one runs under");
    }
    uids_.insert(getuid());
}

// After the processes: the homes are theirs.
void OwnHost::add_readings() {
    const std::string why = "shells, interpreters or the loader read it for every program";
    for (const char* path : kReadings) add(path, why, false);
    std::error_code error;
    for (const char* folder : {"/etc/profile.d", "/etc/zsh"})
        for (const auto& entry : fs::directory_iterator(folder, error))
            add(entry.path().string(), why, false);
    std::set<uid_t> users = uids_;
    users.insert(0);
    for (const uid_t uid : users)
        if (const auto account = account_by_uid(uid); account && !account->home.empty())
            for (const char* name : kStartupFiles)
                add(account->home + "/" + name, "login shells read it", false);
    // Libraries, as this very program has them.
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (const std::size_t at = line.find('/'); at != std::string::npos)
            if (const std::string path = line.substr(at);
                path.find(".so") != std::string::npos &&
                path.find("(deleted)") == std::string::npos)
                add(path, "it is a library: the loader reads it for other programs", false);
}

} // namespace bailiff::policy
