// OwnHost: what this host is made of, and what an agent's match must therefore never cover. Files
// are compared by inode, as the kernel compares them: another name for one does not hide it. Reads
// /proc, /etc/shells and the folders of programs; a plain value afterwards. Any thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bailiff::policy {

struct HostFile {
    std::string path;
    std::string why;           // "it would cover PID 1"
    bool runs_scripts = false; // a shell or an interpreter: it may be an `interpreter`
};

class OwnHost {
public:
    // This process's host, with PID 1 and the processes above this one as they are now.
    [[nodiscard]] static OwnHost look();

    // One name for each file. Some may not be there, or may be out of this account's sight.
    [[nodiscard]] const std::vector<HostFile>& files() const { return files_; }
    // Null where `path` is none of them, or where this account cannot tell.
    [[nodiscard]] const HostFile* find(const std::string& path) const;

    // Of PID 1, of this process and of those above it: real uids, and clean paths of cgroups.
    [[nodiscard]] const std::set<uid_t>& uids() const { return uids_; }
    [[nodiscard]] const std::string& cgroup_of_pid_1() const { return cgroup_of_pid_1_; }
    [[nodiscard]] const std::set<std::string>& cgroups() const { return cgroups_; }

private:
    void add(const std::string& path, const std::string& why, bool runs_scripts);
    void add_programs();
    void add_shells();
    void add_readings();
    void add_processes();

    std::vector<HostFile> files_;
    std::map<std::pair<dev_t, ino_t>, std::size_t> by_inode_; // index in files_
    std::set<uid_t> uids_;
    std::string cgroup_of_pid_1_;
    std::set<std::string> cgroups_;
};

} // namespace bailiff::policy
