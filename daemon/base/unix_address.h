// The address of a Unix socket in the file system, unix(7). Any thread.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "base/result.h"

namespace bailiff {

// kInvalidArgument where the path is empty or longer than an address holds (107 bytes).
[[nodiscard]] Result<sockaddr_un> unix_address(const std::string& path);

// connect(2) to it: 0, or -1 with errno.
[[nodiscard]] int connect_unix(int socket, const sockaddr_un& address);

// bind(2) to it: 0, or -1 with errno.
[[nodiscard]] int bind_unix(int socket, const sockaddr_un& address);

} // namespace bailiff
