// Internet and Unix sockets: every call that reaches somebody the policy does not name.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "tests/escape/addresses.h"
#include "tests/escape/io_uring.h"
#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

SocketAddress denied() {
    return SocketAddress::inet("127.0.0.1", kDeniedPort);
}

int connect_to(const SocketAddress& to, int type, int protocol = 0) {
    const Fd fd(socket(to.family(), type | SOCK_CLOEXEC, protocol));
    return fd.ok() ? outcome(connect(fd.get(), to.get(), to.size())) : errno;
}

int send_to(const SocketAddress& to, int type, int flags = 0) {
    const Fd fd(socket(to.family(), type | SOCK_CLOEXEC, 0));
    return fd.ok() ? outcome(sendto(fd.get(), "x", 1, flags, to.get(), to.size())) : errno;
}

int bind_to(const SocketAddress& to, int type) {
    const Fd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    return fd.ok() ? outcome(bind(fd.get(), to.get(), to.size())) : errno;
}

msghdr message_to(SocketAddress& to, iovec& data) {
    msghdr message{};
    message.msg_name = to.get();
    message.msg_namelen = to.size();
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    return message;
}

int connected_socket(const Place&) {
    Fd fd(socket(AF_INET, SOCK_STREAM, 0));
    const SocketAddress to = denied();
    return connect(fd.get(), to.get(), to.size()) == 0 ? fd.release() : -1;
}

// A listening socket with a client that waits; the client lives as long as the session.
int listener_with_client(const Place&) {
    Fd listener(socket(AF_INET, SOCK_STREAM, 0));
    SocketAddress at = SocketAddress::inet("127.0.0.1", 9191);
    const int on = 1;
    setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener.get(), at.get(), at.size()) != 0 || listen(listener.get(), 4) != 0) return -1;
    Fd client(socket(AF_INET, SOCK_STREAM, 0));
    if (connect(client.get(), at.get(), at.size()) != 0) return -1;
    client.release();
    return listener.release();
}

constexpr Vector kVectors[] = {
    {"net_tcp_connect", "connects to a local service that the policy does not name", Who::kUser,
     [](const Place&) { return connect_to(denied(), SOCK_STREAM); }},
    {"net_tcp_connect_v6", "the same over IPv6", Who::kUser,
     [](const Place&) { return connect_to(SocketAddress::inet("::1", kDeniedPort), SOCK_STREAM); }},
    {"net_tcp_connect_mapped", "connects to an IPv4 address written as IPv6", Who::kUser,
     [](const Place&) {
         return connect_to(SocketAddress::inet("::ffff:127.0.0.1", kDeniedPort), SOCK_STREAM);
     }},
    {"net_tcp_connect_any", "connects to 0.0.0.0, which is this host", Who::kUser,
     [](const Place&) {
         return connect_to(SocketAddress::inet("0.0.0.0", kDeniedPort), SOCK_STREAM);
     }},
    {"net_tcp_reconnect", "connects where it may, dissolves that (AF_UNSPEC), connects elsewhere",
     Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const SocketAddress first = SocketAddress::inet("127.0.0.1", kAllowedPort);
         const SocketAddress second = denied();
         const SocketAddress nobody = first.with_family(AF_UNSPEC);
         if (connect(fd.get(), first.get(), first.size()) != 0) return errno;
         if (connect(fd.get(), nobody.get(), nobody.size()) != 0) return errno;
         return outcome(connect(fd.get(), second.get(), second.size()));
     }},
    {"net_udp_connect", "connects a UDP socket", Who::kUser,
     [](const Place&) { return connect_to(denied(), SOCK_DGRAM); }},
    {"net_udp_sendto", "sends a datagram without connecting", Who::kUser,
     [](const Place&) { return send_to(denied(), SOCK_DGRAM); }},
    {"net_udp_sendto_mapped", "sends a datagram to an IPv4 address written as IPv6", Who::kUser,
     [](const Place&) {
         return send_to(SocketAddress::inet("::ffff:127.0.0.1", kDeniedPort), SOCK_DGRAM);
     }},
    {"net_udp_sendto_unspec", "sends a datagram to an address of family AF_UNSPEC", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const SocketAddress to = denied().with_family(AF_UNSPEC);
         return outcome(sendto(fd.get(), "x", 1, 0, to.get(), to.size()));
     }},
    {"net_udp_sendmsg", "sends a datagram with sendmsg(2)", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         SocketAddress to = denied();
         char byte = 'x';
         iovec data{&byte, 1};
         const msghdr message = message_to(to, data);
         return outcome(sendmsg(fd.get(), &message, 0));
     }},
    {"net_udp_sendmmsg", "sends several datagrams in one call, the second one astray", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         SocketAddress to[2] = {denied(), denied()};
         char byte = 'x';
         iovec data{&byte, 1};
         mmsghdr messages[2] = {{message_to(to[0], data), 0}, {message_to(to[1], data), 0}};
         const int sent = sendmmsg(fd.get(), messages, 2, 0);
         return sent < 0 ? errno : 0;
     }},
    {"net_msg_fastopen", "connects by sending (MSG_FASTOPEN)", Who::kUser,
     [](const Place&) { return send_to(denied(), SOCK_STREAM, MSG_FASTOPEN); }},
    {"net_fastopen_connect", "connects with TCP_FASTOPEN_CONNECT and sends", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const int on = 1;
         const SocketAddress to = denied();
         if (setsockopt(fd.get(), IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) != 0)
             return errno;
         if (connect(fd.get(), to.get(), to.size()) != 0) return errno;
         return outcome(send(fd.get(), "x", 1, 0));
     }},
    {"net_bind", "binds a TCP port and listens", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const SocketAddress at = SocketAddress::inet("127.0.0.1", 9292);
         if (bind(fd.get(), at.get(), at.size()) != 0) return errno;
         return outcome(listen(fd.get(), 1));
     }},
    {"net_bind_unspec", "binds with an address of family AF_UNSPEC", Who::kUser,
     [](const Place&) {
         return bind_to(SocketAddress::inet("0.0.0.0", 9293).with_family(AF_UNSPEC), SOCK_STREAM);
     }},
    {"net_bind_udp", "binds a UDP port", Who::kUser,
     [](const Place&) { return bind_to(SocketAddress::inet("0.0.0.0", 9294), SOCK_DGRAM); }},
    {"net_listen_unbound", "listens without binding, on a port that the kernel picks", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         return outcome(listen(fd.get(), 1));
     }},
    {"net_accept_inherited",
     "accepts on a socket that listened before the session",
     Who::kUser,
     [](const Place& place) { return outcome_of_fd(accept(place.inherited, nullptr, nullptr)); },
     {.inherit = listener_with_client}},
    {"net_send_inherited",
     "sends over a connection from before the session",
     Who::kUser,
     [](const Place& place) { return outcome(send(place.inherited, "x", 1, 0)); },
     {.inherit = connected_socket}},
    {"net_write_inherited",
     "the same with write(2)",
     Who::kUser,
     [](const Place& place) { return outcome(write(place.inherited, "x", 1)); },
     {.inherit = connected_socket}},
    {"net_sendfile_inherited",
     "sends a workspace file over a connection from before",
     Who::kUser,
     [](const Place& place) {
         const Fd file(open(place.in_work("file").c_str(), O_RDONLY | O_CLOEXEC));
         if (!file.ok()) return errno;
         return outcome(sendfile(place.inherited, file.get(), nullptr, 16));
     },
     {.inherit = connected_socket}},
    {"net_metadata", "connects to the cloud's metadata service", Who::kUser,
     [](const Place&) {
         return connect_to(SocketAddress::inet("169.254.169.254", 80), SOCK_STREAM);
     }},
    {"net_metadata_v6", "connects to the metadata service over IPv6", Who::kUser,
     [](const Place&) {
         return connect_to(SocketAddress::inet("fd00:ec2::254", 80), SOCK_STREAM);
     }},
    {"net_unix_path", "connects to a Unix socket of a service of the host", Who::kUser,
     [](const Place&) { return connect_to(SocketAddress::local(kServicePath), SOCK_STREAM); }},
    {"net_unix_abstract", "connects to an abstract Unix socket of the host", Who::kUser,
     [](const Place&) { return connect_to(SocketAddress::local(kServiceAbstract), SOCK_STREAM); }},
    {"net_unix_datagram", "sends to a Unix datagram socket of the host", Who::kUser,
     [](const Place&) { return send_to(SocketAddress::local(kServiceDatagram), SOCK_DGRAM); }},
    {"net_unix_datagram_connect", "connects to a Unix datagram socket and sends", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const SocketAddress to = SocketAddress::local(kServiceDatagram);
         if (connect(fd.get(), to.get(), to.size()) != 0) return errno;
         return outcome(send(fd.get(), "x", 1, 0));
     }},
    {"net_io_uring_connect", "connects by io_uring", Who::kUser,
     [](const Place&) {
         const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
         if (!fd.ok()) return errno;
         const SocketAddress to = denied();
         io_uring_sqe entry{};
         entry.opcode = IORING_OP_CONNECT;
         entry.fd = fd.get();
         entry.addr = reinterpret_cast<std::uint64_t>(to.get());
         entry.off = to.size();
         return io_uring_once(entry);
     }},
    {"net_double_fork", "connects from a process that left parent and terminal", Who::kUser,
     [](const Place&) { return in_orphan([] { return connect_to(denied(), SOCK_STREAM); }); }},
};

} // namespace

std::span<const Vector> network_vectors() {
    return kVectors;
}

} // namespace bailiff::escape
