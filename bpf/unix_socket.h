// Unix sockets: one in the file system is an object like any file; an abstract one has only a name.
#ifndef BAILIFF_UNIX_SOCKET_H
#define BAILIFF_UNIX_SOCKET_H

#include "granted.h"
#include "label.h"

// One without a name is an end of a socketpair(2), or a client.
static __always_inline int judge_unix_name(struct judgement* j, struct unix_sock* peer) {
    j->act.right = BAILIFF_RIGHT_CONNECT_UNIX;
    j->dentry = peer->path.dentry;
    if (j->dentry) return judge_path(j);
    if (!BPF_CORE_READ(peer, addr)) return 0;
    j->act.family = AF_UNIX;
    j->act.right = BAILIFF_RIGHT_ABSTRACT_UNIX;
    return settle_right(j);
}

// `other` is the peer's struct sock.
// on failure: deny, subjects only
static __always_inline int judge_unix_peer(struct sock* other, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_CONNECT_UNIX}};
    j.row = subject_row();
    if (!j.row) return 0;
    struct unix_sock* peer = other ? bpf_skc_to_unix_sock(other) : 0;
    u8 reason = subject_begin(&j);
    if (reason || !peer) return refuse(&j, reason ? reason : BAILIFF_REASON_UNREADABLE);
    return judge_unix_name(&j, peer);
}

// To send over a connection that is there: it was made here and judged then, or before the session,
// or elsewhere. What comes in is free, as from a pipe: who opens a session for itself reads the
// answer in it. `file` is the socket's, or NULL. 0 too where it has no peer.
static __always_inline int judge_unix_connection(struct judgement* j, struct file* file,
                                                 struct sock* sk, u32 rights) {
    if (file && is_seen(j->row, file, rights)) return 0;
    u8 reason = begin_once(j);
    if (reason) return refuse(j, reason);
    struct unix_sock* own = bpf_skc_to_unix_sock(sk);
    struct sock* other = own ? own->peer : 0;
    struct unix_sock* peer = other ? bpf_skc_to_unix_sock(other) : 0;
    if (!peer) return 0;
    j->row->scratch[SCRATCH_NOTED] = 0;
    int ret = judge_unix_name(j, peer);
    if (!ret && file && !j->row->scratch[SCRATCH_NOTED]) remember_seen(j->row, file, rights);
    return ret;
}

static __noinline int is_unix_socket(struct socket* sock) {
    struct sock* sk = sock ? sock->sk : 0;
    return sk && sk->__sk_common.skc_family == AF_UNIX;
}

// `file` is a socket's.
static __noinline int is_unix_file(struct file* file) {
    return is_unix_socket(bpf_sock_from_file(file));
}

#define UNIX_RIGHTS (1u << BAILIFF_RIGHT_CONNECT_UNIX)

// on failure: deny, subjects only
static __noinline int on_unix_sendmsg(struct socket* sock) {
    struct judgement j = {
        .act = {.hook = BAILIFF_HOOK_SOCKET_SENDMSG, .right = BAILIFF_RIGHT_CONNECT_UNIX}};
    j.row = subject_row();
    struct sock* sk = sock->sk;
    if (!j.row || !sk) return 0;
    u8 reason = stands(j.row) ? 0 : subject_begin(&j);
    if (reason) return refuse(&j, reason);
    return judge_unix_connection(&j, sock->file, sk, UNIX_RIGHTS);
}

// write(2) and its like, where the session was not just found to stand; and a descriptor
// that came from elsewhere.
// on failure: deny, subjects only
static __noinline int on_unix_file(struct bailiff_task* row, struct file* file, u32 hook,
                                   u32 rights) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_CONNECT_UNIX}};
    j.row = row;
    struct socket* sock = bpf_sock_from_file(file);
    struct sock* sk = sock ? sock->sk : 0;
    u8 reason = subject_begin(&j);
    if (!reason && !sk) reason = BAILIFF_REASON_UNREADABLE;
    return reason ? refuse(&j, reason) : judge_unix_connection(&j, file, sk, rights);
}

#endif
