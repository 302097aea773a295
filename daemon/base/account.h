// Local accounts and groups, as the host's user database has them now. Any thread; may wait for a
// database that is not local.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace bailiff {

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::string home; // its folder; empty where it has none of its own: / or /nonexistent
};

// None where the database does not know it, or does not answer.
[[nodiscard]] std::optional<Account> account_by_uid(uid_t uid);
[[nodiscard]] std::optional<Account> account_by_name(const std::string& name);

// The number of a group; none as above.
[[nodiscard]] std::optional<gid_t> group_by_name(const std::string& name);

// The account's groups, its own one among them. That one alone where the database names more than
// the kernel lets a process have.
[[nodiscard]] std::vector<gid_t> groups_of(const Account& account);

} // namespace bailiff
