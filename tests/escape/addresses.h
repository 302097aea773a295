// Socket addresses of each family, by value.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace bailiff::escape {

inline constexpr char kServicePath[] = "/mnt/ext4/service.sock";
inline constexpr char kServiceDatagram[] = "/mnt/ext4/datagram.sock";
inline constexpr char kServiceAbstract[] = "@escape-service";

class SocketAddress {
public:
    // Dotted or with colons; port in host order.
    static SocketAddress inet(const std::string& text, unsigned short port) {
        SocketAddress made;
        if (text.find(':') != std::string::npos) {
            auto* six = reinterpret_cast<sockaddr_in6*>(&made.storage_);
            six->sin6_family = AF_INET6;
            six->sin6_port = htons(port);
            inet_pton(AF_INET6, text.c_str(), &six->sin6_addr);
            made.size_ = sizeof *six;
        } else {
            auto* four = reinterpret_cast<sockaddr_in*>(&made.storage_);
            four->sin_family = AF_INET;
            four->sin_port = htons(port);
            inet_pton(AF_INET, text.c_str(), &four->sin_addr);
            made.size_ = sizeof *four;
        }
        return made;
    }

    // A path, or @name for an abstract one.
    static SocketAddress local(const std::string& path) {
        SocketAddress made;
        auto* unix_address = reinterpret_cast<sockaddr_un*>(&made.storage_);
        unix_address->sun_family = AF_UNIX;
        path.copy(unix_address->sun_path, sizeof unix_address->sun_path - 1);
        if (path[0] == '@') unix_address->sun_path[0] = '\0';
        made.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        return made;
    }

    SocketAddress with_family(sa_family_t family) const {
        SocketAddress made = *this;
        made.storage_.ss_family = family;
        return made;
    }
    int family() const { return storage_.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
    socklen_t size() const { return size_; }

private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

} // namespace bailiff::escape
