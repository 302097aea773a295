// Network hooks: addresses, ports, and the ways to reach a peer without connect(2).
#include <netinet/in.h>
#include <sys/socket.h>

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

TEST_F(Network, OrdinarySocketsCanBeMade) {
    expect_allowed(make_socket(AF_INET, SOCK_STREAM, 0));
    expect_allowed(make_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
    expect_allowed(make_socket(AF_UNIX, SOCK_STREAM, 0));
}

} // namespace
} // namespace bailiff::tests
