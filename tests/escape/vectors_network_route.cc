// Ways to a peer that no address in a call names: source routes, and connections from elsewhere.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "tests/escape/addresses.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

// A loose source route (RFC 791) by way of 127.0.0.1 to 127.0.0.1.
constexpr std::array<unsigned char, 12> kRoute4 = {1, 131, 11, 4, 127, 0, 0, 1, 127, 0, 0, 1};
// A routing header of type 2 (RFC 6275) to ::1.
constexpr std::array<unsigned char, 24> kRoute6 = {0, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0,
                                                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr int kFlowLabel = 32; // IPV6_FLOWLABEL_MGR, whose header clashes with netinet/in.h

int set_option(int family, int type, int level, int name, const void* value, std::size_t size) {
    const Fd fd(socket(family, type | SOCK_CLOEXEC, 0));
    if (!fd.ok()) return errno;
    return outcome(setsockopt(fd.get(), level, name, value, static_cast<socklen_t>(size)));
}

template <std::size_t kSize>
struct Control {
    explicit Control(int level, int type, const std::array<unsigned char, kSize>& value) {
        auto* header = reinterpret_cast<cmsghdr*>(bytes);
        header->cmsg_level = level;
        header->cmsg_type = type;
        header->cmsg_len = CMSG_LEN(kSize);
        std::memcpy(CMSG_DATA(header), value.data(), kSize);
    }
    alignas(cmsghdr) unsigned char bytes[CMSG_SPACE(kSize)] = {};
};

// To a port that the policy allows; a first message names the type of service, as programs do.
template <std::size_t kSize>
int send_routed(const SocketAddress& to, int level, int type,
                const std::array<unsigned char, kSize>& route) {
    const Fd fd(socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd.ok()) return errno;
    SocketAddress peer = to;
    const Control<sizeof(int)> service(level, to.family() == AF_INET ? IP_TOS : IPV6_TCLASS, {});
    const Control<kSize> routed(level, type, route);
    alignas(cmsghdr) unsigned char control[sizeof service.bytes + sizeof routed.bytes];
    std::memcpy(control, service.bytes, sizeof service.bytes);
    std::memcpy(control + sizeof service.bytes, routed.bytes, sizeof routed.bytes);
    char byte = 'x';
    iovec data{&byte, 1};
    msghdr message{};
    message.msg_name = peer.get();
    message.msg_namelen = peer.size();
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    return outcome(sendmsg(fd.get(), &message, 0));
}

// struct in6_flowlabel_req, and the options that go with the label.
struct FlowLabel {
    in6_addr to = in6addr_loopback;
    std::uint32_t label = 0;
    std::uint8_t action = 0; // IPV6_FL_A_GET
    std::uint8_t share = 1;  // IPV6_FL_S_EXCL
    std::uint16_t flags = 1; // IPV6_FL_F_CREATE
    std::uint16_t expires = 0;
    std::uint16_t linger = 0;
    std::uint32_t pad = 0;
    unsigned char options[CMSG_SPACE(kRoute6.size())] = {};
};

int lease_flow_label() {
    const Control<kRoute6.size()> route(IPPROTO_IPV6, IPV6_RTHDR, kRoute6);
    FlowLabel request;
    std::memcpy(request.options, route.bytes, sizeof route.bytes);
    return set_option(AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, kFlowLabel, &request, sizeof request);
}

// -1 where it could not be made.
int listening_unix(const SocketAddress& at, int type) {
    Fd listener(socket(AF_UNIX, type, 0));
    if (bind(listener.get(), at.get(), at.size()) != 0 || listen(listener.get(), 4) != 0) return -1;
    return listener.release();
}

// A connection to a Unix socket outside; listener and both ends stay open.
int connected_unix(const SocketAddress& at, int type) {
    Fd listener(listening_unix(at, type));
    Fd client(socket(AF_UNIX, type, 0));
    if (!listener.ok() || !client.ok()) return -1;
    if (connect(client.get(), at.get(), at.size()) != 0) return -1;
    listener.release(); // lives as long as the session
    return client.release();
}

int connected_to_path(const Place& place, int type) {
    unlink(place.outside("socket").c_str());
    return connected_unix(SocketAddress::local(place.outside("socket")), type);
}

int connected_stream(const Place& place) {
    return connected_to_path(place, SOCK_STREAM);
}

// A folder of the workspace in which the policy lets nobody connect to what listens there.
int make_closed(const Place& place) {
    const std::string closed = place.in_work("shut/closed");
    if (mkdir(place.in_work("shut").c_str(), 0755) != 0 || mkdir(closed.c_str(), 0755) != 0)
        return errno;
    const int error = give_to_user(place.in_work("shut"));
    return error != 0 ? error : give_to_user(closed);
}

int listening_in_closed(const Place& place) {
    return listening_unix(SocketAddress::local(place.in_work("shut/closed/socket")), SOCK_STREAM);
}

// `what` of the closed folder, and where the socket is then in the workspace.
int carry(const Place& place, const std::string& what, const std::string& where) {
    const std::string from = place.in_work("shut/closed") + (what.empty() ? "" : "/" + what);
    const std::string to = place.in_work(what.empty() ? "closed" : what);
    if (rename(from.c_str(), to.c_str()) != 0) return errno;
    const SocketAddress at = SocketAddress::local(place.in_work(where));
    const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return outcome(connect(fd.get(), at.get(), at.size()));
}

// The kernel shows the hook the first of several messages to one address.
int send_routed_behind(SocketAddress to) {
    const Fd fd(socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd.ok()) return errno;
    Control<kRoute4.size()> route(IPPROTO_IP, IP_RETOPTS, kRoute4);
    char byte = 'x';
    iovec data{&byte, 1};
    mmsghdr messages[2] = {};
    for (mmsghdr& message : messages) {
        message.msg_hdr.msg_name = to.get();
        message.msg_hdr.msg_namelen = to.size();
        message.msg_hdr.msg_iov = &data;
        message.msg_hdr.msg_iovlen = 1;
    }
    messages[1].msg_hdr.msg_control = route.bytes;
    messages[1].msg_hdr.msg_controllen = sizeof route.bytes;
    const int sent = sendmmsg(fd.get(), messages, 2, 0);
    if (sent < 0) return errno;
    return sent == 2 ? 0 : EIO;
}

int routed_socket(const Place&) {
    Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
    return setsockopt(fd.get(), IPPROTO_IP, IP_OPTIONS, kRoute4.data(), kRoute4.size()) == 0
               ? fd.release()
               : -1;
}

SocketAddress allowed() {
    return SocketAddress::inet("127.0.0.1", kAllowedPort);
}

constexpr Vector kVectors[] = {
    {"net_source_route", "has a socket's packets go by way of an address (IP_OPTIONS)", Who::kRoot,
     [](const Place&) {
         return set_option(AF_INET, SOCK_STREAM, IPPROTO_IP, IP_OPTIONS, kRoute4.data(),
                           kRoute4.size());
     }},
    {"net_source_route_v6", "the same with a routing header (IPV6_RTHDR)", Who::kUser,
     [](const Place&) {
         return set_option(AF_INET6, SOCK_DGRAM, IPPROTO_IPV6, IPV6_RTHDR, kRoute6.data(),
                           kRoute6.size());
     }},
    {"net_source_route_flow_label", "the same by a flow label that holds the header", Who::kUser,
     [](const Place&) { return lease_flow_label(); }},
    {"net_source_route_message", "sends one datagram by way of an address (IP_RETOPTS)", Who::kRoot,
     [](const Place&) { return send_routed(allowed(), IPPROTO_IP, IP_RETOPTS, kRoute4); }},
    {"net_source_route_message_v6", "the same with a routing header", Who::kUser,
     [](const Place&) {
         return send_routed(SocketAddress::inet("::1", kAllowedPort), IPPROTO_IPV6, IPV6_RTHDR,
                            kRoute6);
     }},
    {"net_source_route_behind", "the same in the second of two messages to one address (sendmmsg)",
     Who::kRoot, [](const Place&) { return send_routed_behind(allowed()); }},
    {"net_join_group", "has a router send a group's packets here (IGMP)", Who::kUser,
     [](const Place&) {
         ip_mreq group{};
         group.imr_multiaddr.s_addr = htonl(0xefff0001);
         group.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
         return set_option(AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
                           sizeof(group));
     }},
    {"net_bind_to_device", "has packets leave by an interface that no route takes", Who::kUser,
     [](const Place&) {
         return set_option(AF_INET, SOCK_STREAM, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);
     }},
    {"net_source_route_inherited",
     "sends with a socket that had its route before the session",
     Who::kRoot,
     [](const Place& place) {
         const SocketAddress to = allowed();
         return outcome(sendto(place.inherited, "x", 1, 0, to.get(), to.size()));
     },
     {.inherit = routed_socket}},
    {"net_unix_send_inherited",
     "sends over a connection to a Unix socket from before the session",
     Who::kUser,
     [](const Place& place) { return outcome(send(place.inherited, "x", 1, 0)); },
     {.inherit = connected_stream}},
    {"net_unix_write_inherited",
     "the same with write(2)",
     Who::kUser,
     [](const Place& place) { return outcome(write(place.inherited, "x", 1)); },
     {.inherit = connected_stream}},
    {"net_unix_packet_inherited",
     "the same over a socket that keeps packets apart",
     Who::kUser,
     [](const Place& place) { return outcome(send(place.inherited, "x", 1, 0)); },
     {.inherit = [](const Place& place) { return connected_to_path(place, SOCK_SEQPACKET); }}},
    {"net_unix_carried",
     "moves a Unix socket to where it may connect",
     Who::kUser,
     [](const Place& place) { return carry(place, "socket", "socket"); },
     {.setup = make_closed, .inherit = listening_in_closed}},
    {"net_unix_carried_folder",
     "moves the folder of a Unix socket to where it may connect",
     Who::kUser,
     [](const Place& place) { return carry(place, "", "closed/socket"); },
     {.setup = make_closed, .inherit = listening_in_closed}},
    {"net_unix_take_name", "takes an abstract name and serves on it", Who::kUser,
     [](const Place& place) {
         return outcome_of_fd(listening_unix(SocketAddress::local("@" + place.name), SOCK_STREAM));
     }},
    {"net_unix_abstract_inherited",
     "sends over a connection to an abstract Unix socket from before",
     Who::kUser,
     [](const Place& place) { return outcome(send(place.inherited, "x", 1, 0)); },
     {.inherit =
          [](const Place& place) {
              return connected_unix(SocketAddress::local("@" + place.name), SOCK_STREAM);
          }}},
};

} // namespace

std::span<const Vector> network_route_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
