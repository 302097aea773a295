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

// The entry that one of getpwuid_r(3) and its like finds for `key`, as `read` sees it: what it
// points to lies in a buffer that is gone afterwards.
template <typename Entry, typename Key, typename Read>
auto look_up(int (*find)(Key, Entry*, char*, std::size_t, Entry**), Key key, const Read& read) {
    std::optional<decltype(read(Entry{}))> result;
    (void)ask_with_buffer([&](char* buffer, std::size_t size) {
        Entry entry{};
        Entry* found = nullptr;
        const int problem = find(key, &entry, buffer, size, &found);
        if (problem == 0 && found != nullptr) result = read(entry);
        return problem;
    });
    return result;
}

} // namespace

std::optional<Account> account_by_uid(uid_t uid) {
    return look_up(getpwuid_r, uid, account_of);
}

std::optional<Account> account_by_name(const std::string& name) {
    return look_up(getpwnam_r, name.c_str(), account_of);
}

std::optional<gid_t> group_by_name(const std::string& name) {
    return look_up(getgrnam_r, name.c_str(), [](const group& entry) { return entry.gr_gid; });
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
