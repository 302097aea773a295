// Unix sockets: one in the file system is an object like any file; an abstract one has only a name.
#ifndef BAILIFF_UNIX_SOCKET_H
#define BAILIFF_UNIX_SOCKET_H

#include "label.h"

// `other` is the peer's struct sock. One without a name is an end of a socketpair(2).
// on failure: deny, subjects only
static __always_inline int judge_unix_peer(struct sock* other, u32 hook) {
    struct judgement j = {.act = {.hook = hook, .right = BAILIFF_RIGHT_CONNECT_UNIX}};
    j.row = subject_row();
    if (!j.row) return 0;
    struct unix_sock* peer = other ? bpf_skc_to_unix_sock(other) : 0;
    u8 reason = subject_begin(&j);
    if (reason || !peer) return refuse(&j, reason ? reason : BAILIFF_REASON_UNREADABLE);
    j.dentry = peer->path.dentry;
    if (j.dentry) return judge_path(&j);
    if (!BPF_CORE_READ(peer, addr)) return 0;
    j.act.family = AF_UNIX;
    j.act.right = BAILIFF_RIGHT_ABSTRACT_UNIX;
    return settle_right(&j);
}

#endif
