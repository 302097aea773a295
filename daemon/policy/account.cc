#include "policy/account.h"

#include <charconv>

#include "base/account.h"

namespace bailiff::policy {

std::optional<uid_t> uid_of(const std::string& account) {
    uid_t uid = 0;
    const char* const end = account.data() + account.size();
    if (const auto [stop, error] = std::from_chars(account.data(), end, uid);
        error == std::errc() && stop == end)
        return uid;
    const std::optional<Account> found = account_by_name(account);
    if (!found) return std::nullopt;
    return found->uid;
}

bool is_account(const std::string& account) {
    return uid_of(account).has_value();
}

} // namespace bailiff::policy
