#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "tests/escape/addresses.h"
#include "tests/escape/stage.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

// On loopback, so that nothing leaves the guest.
void add_metadata_address() {
    const Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo:1");
    const SocketAddress address = SocketAddress::inet("169.254.169.254", 0);
    std::memcpy(&request.ifr_addr, address.get(), sizeof request.ifr_addr);
    ioctl(fd.get(), SIOCSIFADDR, &request);
    const Fd six(socket(AF_INET6, SOCK_DGRAM, 0));
    struct {
        in6_addr address;
        unsigned prefix;
        int index;
    } request6{};
    inet_pton(AF_INET6, "fd00:ec2::254", &request6.address);
    request6.prefix = 128;
    request6.index = static_cast<int>(if_nametoindex("lo"));
    ioctl(six.get(), SIOCSIFADDR, &request6);
}

void serve(std::vector<pollfd>& sockets, int family, int type, const SocketAddress& address,
           int protocol = 0) {
    const int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    const int on = 1;
    const int fast = 16;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (type == SOCK_STREAM && family == AF_INET)
        setsockopt(fd, IPPROTO_TCP, 23, &fast, sizeof fast);
    if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, 26, &on, sizeof on); // IPV6_V6ONLY
    if (fd < 0 || bind(fd, address.get(), address.size()) != 0) return;
    if (type != SOCK_DGRAM) listen(fd, 64);
    sockets.push_back({fd, POLLIN, 0});
}

} // namespace

// Takes what comes and throws it away, for ever.
int start_services() {
    add_metadata_address();
    std::vector<pollfd> sockets;
    for (const char* address : {"127.0.0.1", "::1"}) {
        const int family = std::strchr(address, ':') != nullptr ? AF_INET6 : AF_INET;
        for (const unsigned short port : {kDeniedPort, kAllowedPort})
            serve(sockets, family, SOCK_STREAM, SocketAddress::inet(address, port));
        serve(sockets, family, SOCK_DGRAM, SocketAddress::inet(address, kDeniedPort));
    }
    serve(sockets, AF_INET, SOCK_STREAM, SocketAddress::inet("169.254.169.254", 80));
    serve(sockets, AF_INET6, SOCK_STREAM, SocketAddress::inet("fd00:ec2::254", 80));
    for (const char* path : {kServicePath, kServiceAbstract}) {
        unlink(path);
        serve(sockets, AF_UNIX, SOCK_STREAM, SocketAddress::local(path));
    }
    unlink(kServiceDatagram);
    serve(sockets, AF_UNIX, SOCK_DGRAM, SocketAddress::local(kServiceDatagram));
    make_file(std::string(kBase) + "info/services.ready", "ready");
    for (;;) {
        poll(sockets.data(), sockets.size(), -1);
        for (pollfd& ready : sockets) {
            if (ready.revents == 0) continue;
            char buffer[256];
            if (recv(ready.fd, buffer, sizeof buffer, MSG_DONTWAIT) >= 0) continue;
            const int peer = accept(ready.fd, nullptr, nullptr);
            if (peer >= 0) close(peer);
        }
    }
}

} // namespace bailiff::escape
