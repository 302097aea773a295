#include "policy/account.h"

#include <pwd.h>

#include <array>
#include <charconv>

namespace bailiff::policy {

std::optional<uid_t> uid_of(const std::string& account) {
    uid_t uid = 0;
    const char* const end = account.data() + account.size();
    if (const auto [stop, error] = std::from_chars(account.data(), end, uid);
        error == std::errc() && stop == end)
        return uid;
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    getpwnam_r(account.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) return std::nullopt;
    return found->pw_uid;
}

bool is_account(const std::string& account) {
    return uid_of(account).has_value();
}

} // namespace bailiff::policy
