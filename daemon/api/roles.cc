#include "api/roles.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace bailiff::api {
namespace {

constexpr const char* kEveryone = "*";
constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLastBuffer = std::size_t{1} << 20;
constexpr int kFirstGroups = 64;
constexpr int kMostGroups = 65536; // NGROUPS_MAX

struct Account {
    std::string name;
    gid_t gid = 0;
};

std::optional<Account> find_account(uid_t uid) {
    for (std::size_t size = kFirstBuffer; size <= kLastBuffer; size *= 4) {
        std::vector<char> buffer(size);
        passwd entry{};
        passwd* found = nullptr;
        const int problem = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
        if (problem == ERANGE) continue;
        if (problem != 0 || found == nullptr) return std::nullopt;
        return Account{entry.pw_name, entry.pw_gid};
    }
    return std::nullopt;
}

std::optional<gid_t> find_group(const std::string& name) {
    for (std::size_t size = kFirstBuffer; size <= kLastBuffer; size *= 4) {
        std::vector<char> buffer(size);
        group entry{};
        group* found = nullptr;
        const int problem = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
        if (problem == ERANGE) continue;
        if (problem != 0 || found == nullptr) return std::nullopt;
        return entry.gr_gid;
    }
    return std::nullopt;
}

std::vector<gid_t> groups_of(uid_t uid, gid_t gid) {
    const std::optional<Account> account = find_account(uid);
    if (!account) return {gid};
    int count = kFirstGroups;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    while (getgrouplist(account->name.c_str(), account->gid, groups.data(), &count) < 0) {
        // Some databases leave `count` as it was: grow by hand.
        const int wanted = std::max(count, static_cast<int>(groups.size()) * 2);
        if (wanted > kMostGroups) return {gid};
        groups.resize(static_cast<std::size_t>(wanted));
        count = wanted;
    }
    groups.resize(static_cast<std::size_t>(count));
    groups.push_back(gid);
    return groups;
}

bool names_one(const std::vector<std::string>& names, const std::vector<gid_t>& groups) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        if (name == kEveryone) return true;
        const std::optional<gid_t> gid = find_group(name);
        return gid && std::find(groups.begin(), groups.end(), *gid) != groups.end();
    });
}

} // namespace

const char* role_name(Role role) {
    switch (role) {
        case Role::kUser:
            return "user";
        case Role::kApprover:
            return "approver";
        case Role::kAuditor:
            return "auditor";
        case Role::kOperator:
            return "operator";
    }
    return "";
}

std::string RoleSet::text(std::string_view separator) const {
    std::string text;
    for (Role role : kAllRoles) {
        if (!has(role)) continue;
        if (!text.empty()) text += separator;
        text += role_name(role);
    }
    return text;
}

RoleSet Roles::roles_of(uid_t uid, gid_t gid) const {
    if (uid == 0) return {Role::kUser, Role::kApprover, Role::kAuditor, Role::kOperator};
    const std::vector<gid_t> groups = groups_of(uid, gid);
    RoleSet roles;
    if (names_one(groups_.user, groups)) roles.insert(Role::kUser);
    if (names_one(groups_.approver, groups)) roles.insert(Role::kApprover);
    if (names_one(groups_.auditor, groups)) roles.insert(Role::kAuditor);
    if (names_one(groups_.operators, groups)) roles.insert(Role::kOperator);
    return roles;
}

std::string account_name(uid_t uid) {
    const std::optional<Account> account = find_account(uid);
    return account ? account->name : std::to_string(uid);
}

} // namespace bailiff::api
