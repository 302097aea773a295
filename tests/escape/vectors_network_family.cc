// Every other kind of socket. Making one is the attempt: what it can do, no address rule sees.
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

constexpr int kMptcp = 262; // IPPROTO_MPTCP
constexpr int kUdpLite = 136;

int make_socket(int family, int type, int protocol) {
    return outcome_of_fd(socket(family, type | SOCK_CLOEXEC, protocol));
}

int packet_protocol() {
    return htons(ETH_P_ALL);
}

constexpr Vector kVectors[] = {
    {"net_raw", "makes a raw IPv4 socket", Who::kRoot,
     [](const Place&) { return make_socket(AF_INET, SOCK_RAW, IPPROTO_RAW); }},
    {"net_raw_v6", "makes a raw IPv6 socket", Who::kRoot,
     [](const Place&) { return make_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }},
    {"net_packet", "makes a packet socket, which sees all frames", Who::kRoot,
     [](const Place&) { return make_socket(AF_PACKET, SOCK_RAW, packet_protocol()); }},
    {"net_packet_datagram", "makes a packet socket without link headers", Who::kRoot,
     [](const Place&) { return make_socket(AF_PACKET, SOCK_DGRAM, packet_protocol()); }},
    {"net_netlink_audit", "makes a socket to the kernel's audit", Who::kRoot,
     [](const Place&) { return make_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }},
    {"net_netlink_netfilter", "makes a socket to the packet filter", Who::kRoot,
     [](const Place&) { return make_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }},
    {"net_netlink_sock_diag", "makes a socket to the list of all sockets", Who::kUser,
     [](const Place&) { return make_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG); }},
    {"net_netlink_uevent", "makes a socket to the kernel's device events", Who::kUser,
     [](const Place&) { return make_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT); }},
    {"net_netlink_generic", "makes a socket to generic netlink, which sets up tunnels and radios",
     Who::kUser, [](const Place&) { return make_socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC); }},
    {"net_netlink_crypto", "makes a socket to the kernel's ciphers", Who::kUser,
     [](const Place&) { return make_socket(AF_NETLINK, SOCK_RAW, NETLINK_CRYPTO); }},
    {"net_vsock", "makes a socket to the hypervisor", Who::kUser,
     [](const Place&) { return make_socket(AF_VSOCK, SOCK_STREAM, 0); }},
    {"net_alg", "makes a socket to the kernel's ciphers (AF_ALG) and picks one", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const sockaddr_alg address{AF_ALG, "hash", 0, 0, "sha256"};
         return outcome(
             bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
     }},
    {"net_mptcp", "makes a multipath TCP socket, whose later paths no hook sees", Who::kUser,
     [](const Place&) { return make_socket(AF_INET, SOCK_STREAM, kMptcp); }},
    {"net_sctp", "makes an SCTP socket", Who::kUser,
     [](const Place&) { return make_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP); }},
    {"net_udp_lite", "makes a UDP-Lite socket", Who::kUser,
     [](const Place&) { return make_socket(AF_INET, SOCK_DGRAM, kUdpLite); }},
    {"net_icmp", "makes an ICMP socket", Who::kRoot,
     [](const Place&) { return make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
    {"net_bluetooth", "makes a Bluetooth socket", Who::kUser,
     [](const Place&) { return make_socket(AF_BLUETOOTH, SOCK_SEQPACKET, 0); }},
    {"net_key", "makes a socket to the keys of IPsec", Who::kRoot,
     [](const Place&) { return make_socket(AF_KEY, SOCK_RAW, 2); }},
    {"net_xdp", "makes an XDP socket", Who::kRoot,
     [](const Place&) { return make_socket(AF_XDP, SOCK_RAW, 0); }},
};

} // namespace

std::span<const Vector> network_family_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
