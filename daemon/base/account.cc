#include "base/account.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>

#include "base/growing_buffer.h"

namespace bailiff {
namespace {

constexpr int kFirstGroups = 64;
constexpr int kMostGroups = 65536; // NGROUPS_MAX

Account account_of(const passwd& entry) {
    const std::string home = entry.pw_dir;
    const bool own = home.size() > 1 && home != "/nonexistent";
    return {entry.pw_name, entry.pw_uid, entry.pw_gid, own ? home : ""};
}

} // namespace

std::optional<Account> account_by_uid(uid_t uid) {
    std::optional<Account> account;
    (void)ask_with_buffer([&](char* buffer, std::size_t size) {
        passwd entry{};
        passwd* found = nullptr;
        const int problem = getpwuid_r(uid, &entry, buffer, size, &found);
        if (problem == 0 && found != nullptr) account = account_of(entry);
        return problem;
    });
    return account;
}

std::optional<Account> account_by_name(const std::string& name) {
    std::optional<Account> account;
    (void)ask_with_buffer([&](char* buffer, std::size_t size) {
        passwd entry{};
        passwd* found = nullptr;
        const int problem = getpwnam_r(name.c_str(), &entry, buffer, size, &found);
        if (problem == 0 && found != nullptr) account = account_of(entry);
        return problem;
    });
    return account;
}

std::optional<gid_t> group_by_name(const std::string& name) {
    std::optional<gid_t> gid;
    (void)ask_with_buffer([&](char* buffer, std::size_t size) {
        group entry{};
        group* found = nullptr;
        const int problem = getgrnam_r(name.c_str(), &entry, buffer, size, &found);
        if (problem == 0 && found != nullptr) gid = entry.gr_gid;
        return problem;
    });
    return gid;
}

std::vector<gid_t> groups_of(const Account& account) {
    int count = kFirstGroups;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    while (getgrouplist(account.name.c_str(), account.gid, groups.data(), &count) < 0) {
        // Some databases leave `count` as it was: grow by hand.
        const int wanted = std::max(count, static_cast<int>(groups.size()) * 2);
        if (wanted > kMostGroups) return {account.gid};
        groups.resize(static_cast<std::size_t>(wanted));
        count = wanted;
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

} // namespace bailiff
