// Roles: what a local account may do on the control socket, by its groups. Immutable after
// construction; asks the system's user database at each call, on the server's thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bailiff::api {

enum class Role : std::uint8_t { kUser, kApprover, kAuditor, kOperator };

inline constexpr Role kAllRoles[] = {Role::kUser, Role::kApprover, Role::kAuditor, Role::kOperator};

// As written in the policy: user, approver, auditor, operator.
[[nodiscard]] const char* role_name(Role role);

class RoleSet {
public:
    constexpr RoleSet() = default;
    constexpr RoleSet(std::initializer_list<Role> roles) {
        for (Role role : roles) insert(role);
    }
    constexpr void insert(Role role) { bits_ |= bit(role); }
    [[nodiscard]] constexpr bool has(Role role) const { return (bits_ & bit(role)) != 0; }
    [[nodiscard]] constexpr bool meets(RoleSet other) const { return (bits_ & other.bits_) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    [[nodiscard]] constexpr bool operator==(const RoleSet&) const = default;
    // "user, auditor"
    [[nodiscard]] std::string text(std::string_view separator = ", ") const;

private:
    static constexpr unsigned bit(Role role) { return 1U << static_cast<unsigned>(role); }
    unsigned bits_ = 0;
};

// Names of local groups; "*" stands for every local account.
struct RoleGroups {
    std::vector<std::string> user;
    std::vector<std::string> approver;
    std::vector<std::string> auditor;
    std::vector<std::string> operators;
};

class Roles {
public:
    Roles() = default;
    explicit Roles(RoleGroups groups) : groups_(std::move(groups)) {}

    // By the account's groups in the user database, and `gid`, the group it connected with.
    // uid 0 has every role.
    [[nodiscard]] RoleSet roles_of(uid_t uid, gid_t gid) const;

private:
    RoleGroups groups_;
};

// Name of the account, or its number where the database has none.
[[nodiscard]] std::string account_name(uid_t uid);

} // namespace bailiff::api
