// Network hooks: creating, connecting, binding, listening, sending and receiving. Unix sockets:
// unix_socket.h.
#ifndef BAILIFF_NETWORK_H
#define BAILIFF_NETWORK_H

#include "granted.h"
#include "verdict_end.h"
#include <bpf/bpf_endian.h>

// Addresses as they lie in memory; of the long ones the second half.
#define NOBODY_V4 0x00000000ffff0000ULL       // ::ffff:0.0.0.0
#define LOOPBACK_V4 0x0100007fu               // 127.0.0.1
#define LOOPBACK_MAPPED 0x0100007fffff0000ULL // ::ffff:127.0.0.1
#define LOOPBACK_V6 0x0100000000000000ULL     // ::1

// The families and types every program needs; all else is right SOCKET.
static __always_inline int plain_socket(int family, int type, int protocol) {
    if (family == AF_UNIX) return 1;
    if (family == AF_NETLINK)
        return protocol == 0; // routes and addresses, which getaddrinfo(3) reads
    if (family != AF_INET && family != AF_INET6) return 0;
    type &= SOCK_TYPE_MASK;
    if (type == SOCK_STREAM) return protocol == 0 || protocol == IPPROTO_TCP;
    return type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP);
}

// Kernel-made sockets of a task's call are the kernel's own.
// on failure: deny, subjects only
static __always_inline int on_socket_create(int family, int type, int protocol, int kernel) {
    struct judgement j = {
        .act = {.hook = BAILIFF_HOOK_SOCKET_CREATE, .right = BAILIFF_RIGHT_SOCKET}};
    j.row = subject_row();
    if (!j.row || kernel) return 0;
    j.act.family = (u8)family;
    j.act.protocol = (u8)protocol;
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    return plain_socket(family, type, protocol) ? 0 : settle_right(&j);
}

// Does the session stand, for a hook on a socket? 0, or the reason to deny. The subject is filled
// in only where it was looked at again: see begin_once().
static __always_inline u8 socket_begin(struct judgement* j, const struct sock* sk) {
    u8 reason = sk && stands(j->row) ? 0 : subject_begin(j);
    if (reason) return reason;
    return sk ? 0 : BAILIFF_REASON_UNREADABLE;
}

// Reads address and port in one form for both families. Returns 0, or the reason to deny; *skip is
// set where there is no address to judge.
static __always_inline u8 read_address(struct judgement* j, const void* address, int length,
                                       int* skip) {
    struct sockaddr_v4 v4 = {};
    *skip = 0;
    // The kernel's own copy of it is as long as the longest address, whatever the caller handed in.
    if (bpf_probe_read_kernel(&v4, sizeof(v4), address)) return BAILIFF_REASON_UNREADABLE;
    u16 family = v4.family;
    if (family == AF_UNSPEC) {
        if (j->act.hook == BAILIFF_HOOK_SOCKET_CONNECT) {
            *skip = 1; // dissolves an association, makes none
            return 0;
        }
        family = AF_INET; // bind(2) and udp_sendmsg take it as an IPv4 address
    }
    j->act.family = (u8)family;
    if (family == AF_INET && length >= (int)sizeof(struct sockaddr_v4)) {
        j->act.address[10] = 0xff;
        j->act.address[11] = 0xff;
        __builtin_memcpy(&j->act.address[12], v4.address, 4);
        j->act.port = bpf_ntohs(v4.port);
        return 0;
    }
    if (family == AF_INET6 && length >= 24) {
        struct sockaddr_v6 a = {};
        if (bpf_probe_read_kernel(&a, sizeof(a), address)) return BAILIFF_REASON_UNREADABLE;
        __builtin_memcpy(j->act.address, a.address, 16);
        j->act.port = bpf_ntohs(a.port);
        return 0;
    }
    if (family == AF_UNIX || family == AF_NETLINK)
        *skip = 1;
    else if (family == AF_INET || family == AF_INET6)
        *skip = 1; // too short: the protocol itself answers EINVAL
    else
        return BAILIFF_REASON_SOCKET_FAMILY;
    return 0;
}

// Do packets of this internet socket go by way of an address that no rule judged?
static __noinline int is_source_routed(const struct sock* sk, u16 family) {
    const struct inet_sock* inet = (const struct inet_sock*)sk;
    const struct ip_options_rcu* v4 = BPF_CORE_READ(inet, inet_opt);
    if (v4 && BPF_CORE_READ(v4, opt.srr)) return 1;
    if (family != AF_INET6) return 0;
    const struct ipv6_txoptions* v6 = BPF_CORE_READ(inet, pinet6, opt);
    return v6 && BPF_CORE_READ(v6, srcrt);
}

// Applies what rules say of the act's address and port.
static __noinline int settle_address(struct judgement* j) {
    settle_begin(j->row, j->subject, j->policy, j->act.right);
    struct bailiff_address_key key = {.prefix_length = 160};
    key.policy = bpf_htonl(j->subject->policy);
    __builtin_memcpy(key.address, j->act.address, 16);
    const u32* class = bpf_map_lookup_elem(&addresses, &key);
    if (!class) return 0;
    struct bailiff_port_key port = {.address_class = *class, .policy = (u8)j->subject->policy};
    port.protocol = j->act.protocol;
    port.port = j->act.port;
    const u32* label = bpf_map_lookup_elem(&ports, &port);
    if (!label) {
        port.port = 0;
        label = bpf_map_lookup_elem(&ports, &port);
    }
    if (!label) {
        port.protocol = 0;
        label = bpf_map_lookup_elem(&ports, &port);
    }
    return label ? settle_label(j->row, *label, j->act.right) : 0;
}

// The task's memory of an address, or where it would be.
static __always_inline struct bailiff_reached* reached_entry(const struct judgement* j) {
    return &j->row->reached[(j->act.port ^ j->act.address[15]) & (BAILIFF_REACHED - 1)];
}

// Is it of this address, and does what it rests on still stand?
static __always_inline int is_of_address(const struct bailiff_reached* entry,
                                         const struct judgement* j, const u64* address) {
    return entry->address[0] == address[0] && entry->address[1] == address[1] &&
           entry->port == j->act.port && entry->protocol == j->act.protocol &&
           same_basis(&entry->basis, &j->row->standing.basis);
}

// What an address is granted is remembered: many programs talk to few addresses.
static __noinline int judge_address(struct judgement* j) {
    u64 address[2];
    __builtin_memcpy(address, j->act.address, sizeof(address));
    u32 right = 1u << (j->act.right & 31);
    struct bailiff_reached* entry = reached_entry(j);
    int known = is_of_address(entry, j, address);
    if (known && (entry->rights & right)) return 0;
    u8 reason = begin_once(j);
    if (reason) return refuse(j, reason);
    settle_address(j);
    if (!is_allowed(j)) return conclude(j);
    if (!known) {
        entry->address[0] = address[0];
        entry->address[1] = address[1];
        entry->port = j->act.port;
        entry->protocol = j->act.protocol;
        entry->basis = j->row->standing.basis;
        entry->rights = 0;
    }
    entry->rights |= right;
    return 0;
}

// To no address is to this host: to the socket's own address, or else loopback.
static __noinline int name_own_host(struct judgement* j, const struct sock* sk) {
    u64 address[2];
    __builtin_memcpy(address, j->act.address, sizeof(address));
    if (address[0]) return 0;
    if (address[1] == NOBODY_V4) {
        u32 own = sk->__sk_common.skc_rcv_saddr;
        if (!own) own = LOOPBACK_V4;
        __builtin_memcpy(&j->act.address[12], &own, sizeof(own));
    } else if (!address[1]) {
        u64 own[2] = {};
        bpf_probe_read_kernel(own, sizeof(own), &sk->__sk_common.skc_v6_rcv_saddr);
        address[1] = !own[0] && (u32)own[1] == (u32)NOBODY_V4 ? LOOPBACK_MAPPED : LOOPBACK_V6;
        __builtin_memcpy(&j->act.address[8], &address[1], sizeof(address[1]));
    }
    return 0;
}

// A name without a path, of which the kernel did not pick any.
static __always_inline int is_abstract(const void* address, int length) {
    struct {
        u16 family;
        u8 first;
    } name = {};
    return length > (int)sizeof(name.family) && !bpf_probe_read_kernel(&name, 3, address) &&
           name.family == AF_UNIX && !name.first;
}

// The address that the socket is to be bound to, connected to or to send to.
static __always_inline int judge_named(struct judgement* j, struct sock* sk, const void* address,
                                       int length) {
    j->act.protocol = (u8)sk->sk_protocol;
    u16 family = sk->__sk_common.skc_family;
    if (!address || family == AF_UNIX || family == AF_NETLINK) return 0;
    int skip;
    u8 reason = read_address(j, address, length, &skip);
    if (reason) {
        u8 over = begin_once(j);
        return refuse(j, over ? over : reason);
    }
    if (skip) return 0;
    if (j->act.right == BAILIFF_RIGHT_CONNECT) name_own_host(j, sk);
    int connects = j->act.hook == BAILIFF_HOOK_SOCKET_CONNECT;
    j->row->scratch[SCRATCH_OPEN] = connects ? (u64)sk : 0;
    return judge_address(j);
}

// A route that was set before the session, or elsewhere: to set one asks for the right as well.
// on failure: deny, subjects only
static __always_inline int judge_route(struct sock* sk, u32 hook) {
    u16 family = sk->__sk_common.skc_family;
    if (family != AF_INET && family != AF_INET6) return 0;
    return is_source_routed(sk, family) ? judge_right(BAILIFF_RIGHT_SOCKET, hook) : 0;
}

// on failure: deny, subjects only
static __always_inline int on_socket_address(struct socket* sock, const void* address, int length,
                                             u32 right, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = right}};
    j.row = subject_row();
    if (!j.row) return 0;
    struct sock* sk = sock->sk;
    u8 reason = socket_begin(&j, sk);
    if (reason) return refuse(&j, reason);
    int ret = judge_named(&j, sk, address, length);
    // A stream's first packet goes out here, that of a datagram socket when it is sent.
    int sends = right == BAILIFF_RIGHT_CONNECT && sk->sk_type == SOCK_STREAM;
    return ret || !sends ? ret : judge_route(sk, hook);
}

// on failure: deny, subjects only
static __always_inline int on_socket_bind(struct socket* sock, const void* address, int length) {
    struct sock* sk = sock->sk;
    if (sk && sk->__sk_common.skc_family == AF_UNIX)
        return is_abstract(address, length)
                   ? judge_right(BAILIFF_RIGHT_ABSTRACT_UNIX, BAILIFF_HOOK_SOCKET_BIND)
                   : judge_standing(BAILIFF_RIGHT_ABSTRACT_UNIX, BAILIFF_HOOK_SOCKET_BIND);
    return on_socket_address(sock, address, length, BAILIFF_RIGHT_BIND, BAILIFF_HOOK_SOCKET_BIND);
}

// The address at one end of an internet socket, as the hooks' own form. 0 where there is none.
static __always_inline int own_address(struct judgement* j, struct sock* sk, int peer) {
    u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
    j->act.family = (u8)family;
    j->act.protocol = (u8)BPF_CORE_READ(sk, sk_protocol);
    j->act.port = peer ? bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport))
                       : BPF_CORE_READ(sk, __sk_common.skc_num);
    if (family == AF_INET) {
        u32 v4 = peer ? BPF_CORE_READ(sk, __sk_common.skc_daddr)
                      : BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
        __builtin_memset(j->act.address, 0, 10);
        j->act.address[10] = 0xff;
        j->act.address[11] = 0xff;
        __builtin_memcpy(&j->act.address[12], &v4, 4);
        return 1;
    }
    if (family != AF_INET6) return 0;
    const void* from = peer ? &sk->__sk_common.skc_v6_daddr : &sk->__sk_common.skc_v6_rcv_saddr;
    return bpf_probe_read_kernel(j->act.address, 16, from) == 0;
}

// Would the act be let through, and is that what the policy wants and not mode observe's doing?
static __always_inline int is_permitted(struct judgement* j) {
    settle_address(j);
    if (is_allowed(j)) return 1;
    const struct bailiff_decision* d = scratch_decision(j->row);
    return d->verdict <= BAILIFF_VERDICT_AUDIT && !(d->flags & BAILIFF_EVENT_WOULD_DENY);
}

static __always_inline int has_peer(u8 state) {
    return state != TCP_CLOSE && state != TCP_LISTEN;
}

// A connection that is there: may this session talk to its peer, or take connections at this end of
// it? What it made itself was asked that when it was made; what was open before the session was
// not. `address` is that of a struct sock. Says only whether it is denied.
__noinline int refuses_peer(u64 address, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_CONNECT}};
    struct sock* sk = (struct sock*)address;
    j.row = subject_row();
    if (!j.row) return 0;
    u8 reason = subject_begin(&j);
    if (!reason && !sk) reason = BAILIFF_REASON_UNREADABLE;
    if (reason) return outcome_of(refuse(&j, reason));
    u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
    if (family == AF_UNIX) return 0;
    int internet = family == AF_INET || family == AF_INET6;
    if ((internet && is_source_routed(sk, family)) ||
        !plain_socket(family, BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, sk_protocol))) {
        j.act.right = BAILIFF_RIGHT_SOCKET;
        j.act.family = (u8)family;
        settle_begin(j.row, j.subject, j.policy, j.act.right);
        return outcome_of(settle_defaults(&j));
    }
    if (!has_peer(BPF_CORE_READ(sk, __sk_common.skc_state)) || !own_address(&j, sk, 1)) return 0;
    if (is_permitted(&j)) return 0;
    j.act.right = BAILIFF_RIGHT_BIND;
    if (own_address(&j, sk, 0) && is_permitted(&j)) return 0;
    j.act.right = BAILIFF_RIGHT_CONNECT;
    own_address(&j, sk, 1);
    j.row->scratch[SCRATCH_OPEN] = address;
    return outcome_of(judge_address(&j));
}

// Where the socket's struct sock lies, as a number: what was loaded directly keeps a type that
// refuses_peer() does not take.
static __always_inline u64 sock_address(struct socket* sock) {
    return (u64)BPF_CORE_READ(sock, sk);
}

// The same, remembered for the task. A plain socket without a peer is nothing to judge yet.
static __always_inline int judge_peer(struct judgement* j, struct socket* sock, struct sock* sk) {
    u16 family = sk->__sk_common.skc_family;
    if (family == AF_UNIX) return 0;
    if (!has_peer(sk->__sk_common.skc_state) && plain_socket(family, sk->sk_type, sk->sk_protocol))
        return judge_route(sk, j->act.hook);
    u64 address = sock_address(sock);
    struct file* file = sock->file;
    struct inode* object = file ? file->f_inode : 0;
    if (!object) return error_of(refuses_peer(address, j->act.hook));
    struct bailiff_seen* seen = &j->row->seen[object->i_ino & (BAILIFF_SEEN - 1)];
    struct bailiff_basis* basis = &j->row->standing.basis;
    if (seen->file == address && seen->inode == object->i_ino && same_basis(&seen->basis, basis))
        return 0;
    j->row->scratch[SCRATCH_NOTED] = 0;
    int ret = error_of(refuses_peer(address, j->act.hook));
    if (ret) return ret;
    // What break-glass lets through is asked for again: nothing changes when its time is over.
    if (j->row->scratch[SCRATCH_NOTED] || j->row->scratch[SCRATCH_RELAXED]) return 0;
    seen->file = address;
    seen->inode = object->i_ino;
    seen->basis = *basis;
    seen->rights = 1u << BAILIFF_RIGHT_CONNECT;
    return 0;
}

// Sending and receiving. An address in the message, `to`, reaches a peer without connect(2): UDP,
// and TCP with MSG_FASTOPEN.
// on failure: deny, subjects only
static __always_inline int on_socket_use(struct socket* sock, const void* to, int length,
                                         u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_CONNECT}};
    j.row = subject_row();
    if (!j.row) return 0;
    struct sock* sk = sock->sk;
    u8 reason = socket_begin(&j, sk);
    if (reason) return refuse(&j, reason);
    int ret = judge_peer(&j, sock, sk);
    return ret ? ret : judge_named(&j, sk, to, length);
}

// Options by which packets go where no rule judged: by way of an address, which a flow label can
// hold too; to who decides about a group's packets; out of an interface that no route would take.
static __always_inline int sets_route(int level, int name) {
    if (level == SOL_SOCKET) return name == SO_BINDTODEVICE || name == SO_BINDTOIFINDEX;
    if (level != SOL_IP && level != SOL_IPV6) return 0;
    if (name == MCAST_JOIN_GROUP || name == MCAST_JOIN_SOURCE_GROUP) return 1;
    if (level == SOL_IP)
        return name == IP_OPTIONS || name == IP_ADD_MEMBERSHIP ||
               name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_UNICAST_IF;
    return name == IPV6_RTHDR || name == IPV6_2292RTHDR || name == IPV6_2292PKTOPTIONS ||
           name == IPV6_FLOWLABEL_MGR || name == IPV6_JOIN_GROUP || name == IPV6_JOIN_ANYCAST ||
           name == IPV6_UNICAST_IF;
}

// on failure: deny, subjects only
static __always_inline int on_socket_setsockopt(int level, int name) {
    return sets_route(level, name)
               ? judge_right(BAILIFF_RIGHT_SOCKET, BAILIFF_HOOK_SOCKET_SETSOCKOPT)
               : 0;
}

// The control messages of a message, as bpf_loop hands them on.
struct controls {
    u64 at;
    u64 end;
    u8 is_plain; // all were read, and none is such an option
};

// One of them. The kernel itself refuses what ends in the midst of one.
static long next_control(u32 number, struct controls* c) {
    (void)number;
    struct control_header head = {};
    u64 left = c->end - c->at;
    if (left >= sizeof(head) && bpf_probe_read_kernel(&head, sizeof(head), (const void*)c->at))
        return 1;
    c->is_plain = left < sizeof(head) || head.length < sizeof(head) || head.length > left;
    if (c->is_plain) return 1;
    if (head.level == SOL_IP && head.type == IP_RETOPTS) return 1;
    if (head.level == SOL_IPV6 && (head.type == IPV6_RTHDR || head.type == IPV6_2292RTHDR))
        return 1;
    u64 step = (head.length + 7) & ~7ULL;
    c->at += step < left ? step : left;
    return 0;
}

#define MAX_CONTROLS 65536 // above what net.core.optmem_max lets in

// on failure: deny, subjects only
static __noinline int judge_controls(u64 at, u64 length) {
    struct controls c = {.at = at, .end = at + length};
    bpf_loop(MAX_CONTROLS, next_control, &c, 0);
    return c.is_plain ? 0 : judge_right(BAILIFF_RIGHT_SOCKET, BAILIFF_HOOK_SOCKET_SENDMSG);
}

// sendmmsg(2) shows the hook the first of several messages to one address alone: what the others
// bring along is never seen. By its number of 64-bit, x32 and 32-bit calls, and socketcall(2)'s.
static __always_inline int is_sendmmsg(void) {
    struct task_struct* task = bpf_get_current_task_btf();
    const struct pt_regs* regs = (const struct pt_regs*)bpf_task_pt_regs(task);
    u64 call = regs->orig_ax;
    if (task->thread_info.status & TS_COMPAT) return call == 345 || (call == 102 && regs->bx == 20);
    return call == 307 || call == (0x40000000 | 538);
}

// on failure: deny, subjects only
static __noinline int on_socket_sendmsg(struct socket* sock, struct msghdr* message) {
    return on_socket_use(sock, message->msg_name, message->msg_namelen,
                         BAILIFF_HOOK_SOCKET_SENDMSG);
}

// What a message brings along besides its data. Apart from the above, or the stack would not do.
// on failure: deny, subjects only
static __always_inline int on_socket_controls(struct socket* sock, struct msghdr* message) {
    unsigned long length = message->msg_controllen;
    struct sock* sk = sock->sk;
    if (!sk || !subject_row()) return 0;
    u16 family = sk->__sk_common.skc_family;
    if (family != AF_INET && family != AF_INET6) return 0;
    if (message->msg_name && is_sendmmsg())
        return judge_right(BAILIFF_RIGHT_SOCKET, BAILIFF_HOOK_SOCKET_SENDMSG);
    return length ? judge_controls((u64)BPF_CORE_READ(message, msg_control), length) : 0;
}

// Listening and accepting need the right to the address they happen at: listen(2) binds a socket
// that is not bound, and a listening socket can be inherited.
// on failure: deny, subjects only
static __always_inline int on_socket_serve(struct socket* sock, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_BIND}};
    j.row = subject_row();
    if (!j.row) return 0;
    struct sock* sk = sock->sk;
    u8 reason = socket_begin(&j, sk);
    if (reason) return refuse(&j, reason);
    return own_address(&j, sk, 0) ? judge_address(&j) : 0;
}

// read(2), write(2) and their like, where the session was not just found to stand.
// on failure: deny, subjects only
static __noinline int on_socket_file(struct bailiff_task* row, struct file* file, u32 mode) {
    struct judgement j = {.act = {.hook = BAILIFF_HOOK_FILE_PERMISSION}};
    j.row = row;
    j.act.right = right_of(mode);
    u8 reason = subject_begin(&j);
    if (reason) return refuse(&j, reason);
    if (is_seen(row, file, rights_of(mode))) return 0;
    row->scratch[SCRATCH_NOTED] = 0;
    struct socket* sock = bpf_sock_from_file(file);
    int ret = error_of(refuses_peer(sock ? sock_address(sock) : 0, BAILIFF_HOOK_FILE_PERMISSION));
    if (ret) return ret;
    if (!row->scratch[SCRATCH_NOTED] && !row->scratch[SCRATCH_RELAXED])
        remember_seen(row, file, rights_of(mode));
    return 0;
}

// A socket that came from elsewhere is judged by its peer, as if it were connected here.
// on failure: deny, subjects only
static __noinline int on_socket_receive(struct file* file) {
    struct judgement j = {
        .act = {.hook = BAILIFF_HOOK_FILE_RECEIVE, .right = BAILIFF_RIGHT_CONNECT}};
    j.row = subject_row();
    if (!j.row) return 0;
    struct socket* sock = bpf_sock_from_file(file);
    struct sock* sk = sock ? sock->sk : 0;
    u8 reason = socket_begin(&j, sk);
    if (reason) return refuse(&j, reason);
    int ret = judge_route(sk, j.act.hook);
    if (ret || !own_address(&j, sk, 1)) return ret;
    j.row->scratch[SCRATCH_OPEN] = 0;
    if (j.act.port) return judge_address(&j);
    __builtin_memset(j.act.address, 0, sizeof(j.act.address));
    j.act.right = BAILIFF_RIGHT_BIND;
    return own_address(&j, sk, 0) ? judge_address(&j) : 0;
}

#endif
