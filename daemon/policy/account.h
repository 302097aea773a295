// Local accounts, as policies name them. Reads the host's account database. Any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace bailiff::policy {

// The uid that `account` stands for: a number, or the name of an account. None where this host has
// no such account. Whoever asks what a policy's account is asks here, so that all mean the same.
[[nodiscard]] std::optional<uid_t> uid_of(const std::string& account);

// A number needs no account of that number.
[[nodiscard]] bool is_account(const std::string& account);

} // namespace bailiff::policy
