// Network hooks: addresses, ports, and the ways to reach a peer without connect(2).
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

class Network : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        policy(BAILIFF_VERDICT_DENY, {});
    }
};

TEST_F(Network, ConnectsToAnAllowedAddressAndToNoOther) {
    address_rule("127.0.0.0", 30, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    expect_allowed(connect_udp("127.0.0.1", 9));
    expect_denied(connect_udp("127.0.0.5", 9));
}

TEST_F(Network, TheLongestPrefixWins) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    address_rule("127.0.0.0", 8, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    address_rule("127.0.0.7", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_DENY);
    expect_allowed(connect_udp("127.0.0.6", 9));
    expect_denied(connect_udp("127.0.0.7", 9));
}

TEST_F(Network, SendingToAnAddressIsJudgedLikeConnecting) {
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    expect_allowed(send_udp("127.0.0.1", 9));
    expect_denied(send_udp("127.0.0.9", 9));
}

TEST_F(Network, AnIpv4AddressWrittenAsIpv6IsTheSameAddress) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    address_rule("127.0.0.7", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_DENY);
    expect_denied(connect_udp("::ffff:127.0.0.7", 9));
}

TEST_F(Network, Ipv6IsJudged) {
    address_rule("::1", 128, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    expect_allowed(connect_udp("::1", 9));
    address_rule("::1", 128, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_DENY);
    expect_denied(connect_udp("::1", 9));
}

TEST_F(Network, NoAddressIsThisHosts) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    address_rule("127.0.0.0", 8, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_DENY);
    expect_denied(connect_udp("0.0.0.0", 9));
    expect_denied(connect_udp("::ffff:0.0.0.0", 9));
    expect_denied(send_udp("0.0.0.0", 9));
    expect_allowed(connect_udp("::", 9));
    address_rule("::1", 128, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_DENY);
    expect_denied(connect_udp("::", 9));
}

TEST_F(Network, AnAbstractNameIsTakenByRightAlone) {
    const Act act = [] {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, "\0taken", 6);
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 6);
        return bind(fd, reinterpret_cast<sockaddr*>(&name), size) == 0 ? 0 : errno;
    };
    expect_denied(act);
    default_of(BAILIFF_RIGHT_ABSTRACT_UNIX, BAILIFF_VERDICT_ALLOW);
    EXPECT_EQ(bound(act), 0);
}

TEST_F(Network, BindingIsItsOwnRight) {
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    expect_denied(bind_udp("127.0.0.1", 0));
}

TEST_F(Network, UnusualSocketsAreDeniedByDefault) {
    expect_denied(make_socket(AF_PACKET, SOCK_RAW, 0));
    expect_denied(make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    expect_denied(make_socket(AF_INET, SOCK_STREAM, 262)); // MPTCP: its subflows pass no hook
    expect_denied(make_socket(AF_NETLINK, SOCK_RAW, 9));   // audit
}

// A loose source route (RFC 791) by way of 127.0.0.1.
constexpr unsigned char kRoute[] = {1, 131, 11, 4, 127, 0, 0, 1, 127, 0, 0, 1};

int set_route(int fd) {
    return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, kRoute, sizeof(kRoute)) == 0 ? 0 : errno;
}

TEST_F(Network, ARouteByAnotherAddressNeedsTheRightToUnusualSockets) {
    const Act act = [] { return set_route(socket(AF_INET, SOCK_DGRAM, 0)); };
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_NET_RAW),
               BAILIFF_VERDICT_ALLOW); // which newer kernels ask for as well
    expect_denied(act);
    default_of(BAILIFF_RIGHT_SOCKET, BAILIFF_VERDICT_ALLOW);
    EXPECT_EQ(bound(act), 0);
}

TEST_F(Network, OtherOptionsAreFree) {
    expect_allowed([] {
        const int service = 16;
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        return setsockopt(fd, IPPROTO_IP, IP_TOS, &service, sizeof(service)) == 0 ? 0 : errno;
    });
}

TEST_F(Network, ARouteFromBeforeTheSessionIsDeniedWhenItIsUsed) {
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    const int stream = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    ASSERT_EQ(set_route(stream), 0);
    ASSERT_EQ(set_route(datagram), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* address = reinterpret_cast<const sockaddr*>(&to);
    expect_denied([&] {
        return connect(stream, address, sizeof(to)) == 0 || errno == EINPROGRESS ? 0 : errno;
    });
    expect_denied(
        [&] { return sendto(datagram, "x", 1, 0, address, sizeof(to)) == 1 ? 0 : errno; });
    ASSERT_EQ(connect(datagram, address, sizeof(to)), 0);
    EXPECT_EQ(bound([&] { return send(datagram, "x", 1, 0) == 1 ? 0 : errno; }), EPERM);
    EXPECT_EQ(bound([&] { return write(datagram, "x", 1) == 1 ? 0 : errno; }), EPERM);
    close(stream);
    close(datagram);
}

// One datagram with a control message of that type.
Act send_with(int type, std::vector<unsigned char> value) {
    return [=] {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(9);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        alignas(cmsghdr) unsigned char control[64] = {};
        auto* header = reinterpret_cast<cmsghdr*>(control);
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = type;
        header->cmsg_len = CMSG_LEN(value.size());
        std::memcpy(CMSG_DATA(header), value.data(), value.size());
        char byte = 'x';
        iovec data{&byte, 1};
        msghdr message{};
        message.msg_name = &to;
        message.msg_namelen = sizeof(to);
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(value.size());
        return sendmsg(socket(AF_INET, SOCK_DGRAM, 0), &message, 0) == 1 ? 0 : errno;
    };
}

TEST_F(Network, AMessageCannotBringItsRouteAlong) {
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_NET_RAW),
               BAILIFF_VERDICT_ALLOW);
    expect_denied(send_with(IP_RETOPTS, {std::begin(kRoute), std::end(kRoute)}));
    expect_allowed(send_with(IP_TTL, {9, 0, 0, 0}));
}

// The kernel shows the hook the first of two messages to one address.
// Two datagrams by one call, to 127.0.0.1:9; where the address is in each, the second has a route.
int send_two(bool named) {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!named && connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
        return errno;
    char byte = 'x';
    iovec data{&byte, 1};
    alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(kRoute))] = {};
    auto* header = reinterpret_cast<cmsghdr*>(control);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_RETOPTS;
    header->cmsg_len = CMSG_LEN(sizeof(kRoute));
    std::memcpy(CMSG_DATA(header), kRoute, sizeof(kRoute));
    mmsghdr messages[2] = {};
    for (mmsghdr& message : messages) {
        message.msg_hdr.msg_iov = &data;
        message.msg_hdr.msg_iovlen = 1;
        if (!named) continue;
        message.msg_hdr.msg_name = &to;
        message.msg_hdr.msg_namelen = sizeof(to);
    }
    if (named) {
        messages[1].msg_hdr.msg_control = control;
        messages[1].msg_hdr.msg_controllen = sizeof(control);
    }
    const int sent = sendmmsg(fd, messages, 2, 0);
    if (sent < 0) return errno;
    return sent == 2 ? 0 : EIO;
}

// The kernel shows the hook the first of two messages to one address.
TEST_F(Network, AMessageBehindAnotherCannotBringItsRouteAlong) {
    const int receiver = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(9);
    ASSERT_EQ(bind(receiver, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
    address_rule("127.0.0.1", 32, 0, BAILIFF_RIGHT_CONNECT, BAILIFF_VERDICT_ALLOW);
    default_of(static_cast<bailiff_right>(BAILIFF_RIGHT_CAPABILITY + CAP_NET_RAW),
               BAILIFF_VERDICT_ALLOW);
    expect_denied([] { return send_two(true); });
    expect_allowed([] { return send_two(false); }); // as resolvers do
    close(receiver);
}

TEST_F(Network, WhoGetsAGroupsPacketsAndByWhichInterfaceNeedsTheRightToUnusualSockets) {
    expect_denied([] {
        ip_mreq group{};
        group.imr_multiaddr.s_addr = htonl(0xefff0001);
        group.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) == 0 ? 0
                                                                                         : errno;
    });
    expect_denied([] {
        const int fd = socket(AF_INET, SOCK_DGRAM, 0);
        return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) == 0 ? 0 : errno;
    });
}

TEST_F(Network, OrdinarySocketsCanBeMade) {
    expect_allowed(make_socket(AF_INET, SOCK_STREAM, 0));
    expect_allowed(make_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
    expect_allowed(make_socket(AF_UNIX, SOCK_STREAM, 0));
}

} // namespace
} // namespace bailiff::tests
