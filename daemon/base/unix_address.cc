#include "base/unix_address.h"

#include <cstring>

namespace bailiff {

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path))
        return fail(ErrorCode::kInvalidArgument,
                    "a socket's path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) +
                        " bytes; this one has " + std::to_string(path.size()) + ": " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

int connect_unix(int socket, const sockaddr_un& address) {
    return connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

int bind_unix(int socket, const sockaddr_un& address) {
    return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

} // namespace bailiff
