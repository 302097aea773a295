#include "api/roles.h"

#include <algorithm>
#include <optional>

#include "base/account.h"

namespace bailiff::api {
namespace {

constexpr const char* kEveryone = "*";

std::vector<gid_t> groups_with(uid_t uid, gid_t gid) {
    const std::optional<Account> account = account_by_uid(uid);
    std::vector<gid_t> groups = account ? groups_of(*account) : std::vector<gid_t>();
    groups.push_back(gid);
    return groups;
}

bool names_one(const std::vector<std::string>& names, const std::vector<gid_t>& groups) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        if (name == kEveryone) return true;
        const std::optional<gid_t> gid = group_by_name(name);
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
    const std::vector<gid_t> groups = groups_with(uid, gid);
    RoleSet roles;
    if (names_one(groups_.user, groups)) roles.insert(Role::kUser);
    if (names_one(groups_.approver, groups)) roles.insert(Role::kApprover);
    if (names_one(groups_.auditor, groups)) roles.insert(Role::kAuditor);
    if (names_one(groups_.operators, groups)) roles.insert(Role::kOperator);
    return roles;
}

std::string account_name(uid_t uid) {
    const std::optional<Account> account = account_by_uid(uid);
    return account ? account->name : std::to_string(uid);
}

} // namespace bailiff::api
