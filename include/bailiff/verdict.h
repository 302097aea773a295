// Settles a verdict. Compiled into the kernel programs and into the daemon, so that
// `bailiffctl policy eval` and the unit tests run the very lines that the kernel runs.
//
// How a verdict comes about, for one right:
//   1. bailiff_settle_begin with the subject's profiles: all of them are undecided.
//   2. bailiff_settle_label for each label on the way from the object to its root. For one
//      profile the nearest label wins; at one label deny > hold > preserve > audit > allow.
//   3. bailiff_settle_end: in each layer any deny denies, else the strictest of hold, preserve and
//      audit stands, else any allow, else the strictest default; the strictest layer is the
//      verdict, of equal ones that whose deny is only not enforced, then one with a rule, then the
//      first.
//
// No allocation, no locks, no calls; any thread and any hook.
#ifndef BAILIFF_VERDICT_H
#define BAILIFF_VERDICT_H

#include "bailiff/abi.h"

#define BAILIFF_INLINE static inline __attribute__((always_inline, unused))

// The outcome, with what is needed to name the rule.
struct bailiff_decision {
    bailiff_u32 label;
    bailiff_u16 profile;
    bailiff_u8 verdict; // enum bailiff_verdict
    bailiff_u8 reason;  // enum bailiff_reason
    bailiff_u8 layer;   // enum bailiff_layer
    bailiff_u8 flags;   // BAILIFF_EVENT_WOULD_DENY
    bailiff_u8 pad[6];
};
BAILIFF_STATIC_ASSERT(sizeof(struct bailiff_decision) == 16, "decision");

// Working state of one settling. `decided[v]` are the profiles settled with verdict v; an enforced
// deny ends the settling at once, so there is no row for it.
struct bailiff_settle {
    struct bailiff_mask undecided;
    struct bailiff_mask decided[BAILIFF_VERDICT_DENY];
    struct bailiff_mask observe;
    struct bailiff_decision denied; // verdict deny once an enforced deny was met
    struct bailiff_decision noted;  // the first rule that was not a plain allow
};

BAILIFF_INLINE bailiff_u32 bailiff_mask_any(const struct bailiff_mask* m) {
    return (m->word[0] | m->word[1] | m->word[2] | m->word[3]) != 0;
}

BAILIFF_INLINE struct bailiff_mask bailiff_mask_and(const struct bailiff_mask* a,
                                                    const struct bailiff_mask* b) {
    struct bailiff_mask r;
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) r.word[i] = a->word[i] & b->word[i];
    return r;
}

BAILIFF_INLINE struct bailiff_mask bailiff_mask_without(const struct bailiff_mask* a,
                                                        const struct bailiff_mask* b) {
    struct bailiff_mask r;
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) r.word[i] = a->word[i] & ~b->word[i];
    return r;
}

// The lowest bit of a mask that is not empty. No count-trailing-zeros: BPF has none.
BAILIFF_INLINE bailiff_u16 bailiff_mask_first(const struct bailiff_mask* m) {
    bailiff_u16 base = 0;
    bailiff_u64 w = m->word[0];
    if (!w) {
        w = m->word[1];
        base = 64;
    }
    if (!w) {
        w = m->word[2];
        base = 128;
    }
    if (!w) {
        w = m->word[3];
        base = 192;
    }
    bailiff_u16 bit = 0;
    if (!(w & 0xffffffffULL)) {
        bit = (bailiff_u16)(bit + 32);
        w >>= 32;
    }
    if (!(w & 0xffffULL)) {
        bit = (bailiff_u16)(bit + 16);
        w >>= 16;
    }
    if (!(w & 0xffULL)) {
        bit = (bailiff_u16)(bit + 8);
        w >>= 8;
    }
    if (!(w & 0xfULL)) {
        bit = (bailiff_u16)(bit + 4);
        w >>= 4;
    }
    if (!(w & 0x3ULL)) {
        bit = (bailiff_u16)(bit + 2);
        w >>= 2;
    }
    if (!(w & 0x1ULL)) bit = (bailiff_u16)(bit + 1);
    return (bailiff_u16)(base + bit);
}

// Which layer a profile is in.
BAILIFF_INLINE bailiff_u8 bailiff_layer_of(const struct bailiff_policy* policy,
                                           bailiff_u16 profile) {
    bailiff_u32 word = (profile >> 6) & (BAILIFF_MASK_WORDS - 1);
    bailiff_u64 bit = 1ULL << (profile & 63);
    for (int i = 0; i < BAILIFF_LAYERS; i++)
        if (policy->layer[i].word[word] & bit) return (bailiff_u8)i;
    return BAILIFF_LAYERS;
}

BAILIFF_INLINE void bailiff_settle_begin(struct bailiff_settle* s,
                                         const struct bailiff_mask* profiles,
                                         const struct bailiff_policy* policy) {
    __builtin_memset(s, 0, sizeof(*s));
    s->undecided = *profiles;
    s->observe = policy->observe;
}

// For a session that break-glass relaxes: each profile is in mode observe, but for those that no
// break-glass reaches.
BAILIFF_INLINE void bailiff_settle_relax(struct bailiff_settle* s,
                                         const struct bailiff_policy* policy) {
    for (int i = 0; i < BAILIFF_MASK_WORDS; i++) s->observe.word[i] = ~policy->always.word[i];
}

// Does break-glass reach this right? Programs, files and addresses: not what acts on the system,
// and no other program's socket, which would take bailiff itself away.
BAILIFF_INLINE int bailiff_can_relax(bailiff_u32 right) {
    return right < BAILIFF_RIGHTS && right != BAILIFF_RIGHT_CONNECT_UNIX;
}

// These undecided profiles say deny at a label. Returns 1 when nothing is left to decide.
BAILIFF_INLINE int bailiff_settle_denies(struct bailiff_settle* s,
                                         const struct bailiff_mask* denies, bailiff_u32 label,
                                         bailiff_u8 reason) {
    struct bailiff_mask enforced = bailiff_mask_without(denies, &s->observe);
    if (bailiff_mask_any(&enforced)) {
        s->denied.verdict = BAILIFF_VERDICT_DENY;
        s->denied.reason = reason;
        s->denied.label = label;
        s->denied.profile = bailiff_mask_first(&enforced);
        return 1;
    }
    if (bailiff_mask_any(denies)) {
        if (!s->noted.reason || !(s->noted.flags & BAILIFF_EVENT_WOULD_DENY)) {
            s->noted.verdict = BAILIFF_VERDICT_AUDIT;
            s->noted.reason = reason;
            s->noted.flags = BAILIFF_EVENT_WOULD_DENY;
            s->noted.label = label;
            s->noted.profile = bailiff_mask_first(denies);
        }
        for (int i = 0; i < BAILIFF_MASK_WORDS; i++)
            s->decided[BAILIFF_VERDICT_AUDIT].word[i] |= denies->word[i];
        s->undecided = bailiff_mask_without(&s->undecided, denies);
    }
    return !bailiff_mask_any(&s->undecided);
}

// Applies one label's row. Returns 1 when nothing is left to decide.
BAILIFF_INLINE int bailiff_settle_label(struct bailiff_settle* s, const struct bailiff_row* row,
                                        bailiff_u32 label) {
    struct bailiff_mask denies = bailiff_mask_and(&row->says[BAILIFF_VERDICT_DENY], &s->undecided);
    if (bailiff_settle_denies(s, &denies, label, BAILIFF_REASON_RULE)) return 1;
    for (int v = BAILIFF_VERDICT_HOLD; v >= BAILIFF_VERDICT_ALLOW; v--) {
        struct bailiff_mask now = bailiff_mask_and(&row->says[v], &s->undecided);
        if (!bailiff_mask_any(&now)) continue;
        for (int i = 0; i < BAILIFF_MASK_WORDS; i++) s->decided[v].word[i] |= now.word[i];
        s->undecided = bailiff_mask_without(&s->undecided, &now);
        if (v != BAILIFF_VERDICT_ALLOW && s->noted.verdict < v) {
            s->noted.verdict = (bailiff_u8)v;
            s->noted.reason = BAILIFF_REASON_RULE;
            s->noted.flags = 0;
            s->noted.label = label;
            s->noted.profile = bailiff_mask_first(&now);
        }
    }
    return !bailiff_mask_any(&s->undecided);
}

// Is the verdict a plain allow for certain? Then bailiff_settle_end would only find that out again:
// nothing but allows was met, and they decided for every profile, so in each layer that has one.
BAILIFF_INLINE int bailiff_settled_allow(const struct bailiff_settle* s,
                                         const struct bailiff_policy* policy) {
    if (s->denied.reason || s->noted.reason || bailiff_mask_any(&s->undecided)) return 0;
    for (int i = 0; i < BAILIFF_LAYERS; i++) {
        struct bailiff_mask allowed =
            bailiff_mask_and(&s->decided[BAILIFF_VERDICT_ALLOW], &policy->layer[i]);
        if (bailiff_mask_any(&allowed)) return 1;
    }
    return 0;
}

// One layer's verdict in one word: verdict, then reason << 8, flags << 16, profile << 24 (a profile
// is below 256).
#define BAILIFF_LAYER_VERDICT(verdict, reason, flags, profile)                          \
    ((bailiff_u32)(verdict) | (bailiff_u32)(reason) << 8 | (bailiff_u32)(flags) << 16 | \
     (bailiff_u32)(profile) << 24)

// From what was decided and the defaults of the layer's profiles. `applies` are the layer's
// profiles that the subject has; not empty. In the kernel it is a function of its own, so that the
// verifier does not follow every combination of five layers.
#ifdef __bpf__
__attribute__((noinline))
#else
BAILIFF_INLINE
#endif
bailiff_u32
bailiff_settle_layer(const struct bailiff_settle* s, const struct bailiff_mask* applies,
                     const struct bailiff_row* defaults) {
#ifdef __bpf__
    if (!s || !applies || !defaults)
        return BAILIFF_LAYER_VERDICT(BAILIFF_VERDICT_DENY, BAILIFF_REASON_DEFAULT, 0, 0);
#endif
    for (int v = BAILIFF_VERDICT_HOLD; v >= BAILIFF_VERDICT_ALLOW; v--) {
        struct bailiff_mask here = bailiff_mask_and(&s->decided[v], applies);
        if (bailiff_mask_any(&here))
            return BAILIFF_LAYER_VERDICT(v, BAILIFF_REASON_RULE, 0, bailiff_mask_first(&here));
    }
    struct bailiff_mask denies = bailiff_mask_and(&defaults->says[BAILIFF_VERDICT_DENY], applies);
    struct bailiff_mask enforced = bailiff_mask_without(&denies, &s->observe);
    if (bailiff_mask_any(&enforced))
        return BAILIFF_LAYER_VERDICT(BAILIFF_VERDICT_DENY, BAILIFF_REASON_DEFAULT, 0,
                                     bailiff_mask_first(&enforced));
    if (bailiff_mask_any(&denies))
        return BAILIFF_LAYER_VERDICT(BAILIFF_VERDICT_AUDIT, BAILIFF_REASON_DEFAULT,
                                     BAILIFF_EVENT_WOULD_DENY, bailiff_mask_first(&denies));
    for (int v = BAILIFF_VERDICT_HOLD; v >= BAILIFF_VERDICT_ALLOW; v--) {
        struct bailiff_mask here = bailiff_mask_and(&defaults->says[v], applies);
        if (bailiff_mask_any(&here))
            return BAILIFF_LAYER_VERDICT(v, BAILIFF_REASON_DEFAULT, 0, bailiff_mask_first(&here));
    }
    // A profile with no default is a compiler's mistake: it grants nothing.
    return BAILIFF_LAYER_VERDICT(BAILIFF_VERDICT_DENY, BAILIFF_REASON_DEFAULT, 0,
                                 bailiff_mask_first(applies));
}

// The verdict of all layers. Fills *result; nothing else is written.
BAILIFF_INLINE void bailiff_settle_end(const struct bailiff_settle* s,
                                       const struct bailiff_mask* profiles,
                                       const struct bailiff_policy* policy,
                                       const struct bailiff_row* defaults,
                                       struct bailiff_decision* result) {
    __builtin_memset(result, 0, sizeof(*result));
    if (s->denied.reason) {
        *result = s->denied;
        result->layer = bailiff_layer_of(policy, result->profile);
        return;
    }
    bailiff_u32 strictest = 0; // no layer yet: every layer's word has a reason and so is above it
    bailiff_u32 rank = 0;
    for (int i = 0; i < BAILIFF_LAYERS; i++) {
        struct bailiff_mask applies = bailiff_mask_and(&policy->layer[i], profiles);
        if (!bailiff_mask_any(&applies)) continue;
        bailiff_u32 here = bailiff_settle_layer(s, &applies, defaults);
        // Of two alike, that which is only not enforced: what it would have denied must be told.
        // Then a rule, which says more than a default.
        bailiff_u32 is_rule = (here >> 8 & 0xff) == BAILIFF_REASON_RULE;
        bailiff_u32 flags =
            is_rule && s->noted.verdict == (here & 0xff) ? s->noted.flags : here >> 16;
        bailiff_u32 would_deny = (flags & BAILIFF_EVENT_WOULD_DENY) != 0;
        bailiff_u32 here_rank = 4 * (here & 0xff) + 2 * would_deny + is_rule;
        if (strictest && here_rank <= rank) continue;
        strictest = here;
        rank = here_rank;
        result->layer = (bailiff_u8)i;
    }
    if (!strictest) {
        result->verdict = BAILIFF_VERDICT_DENY;
        result->reason = BAILIFF_REASON_NO_PROFILE;
        return;
    }
    result->verdict = (bailiff_u8)strictest;
    result->reason = (bailiff_u8)(strictest >> 8);
    result->flags = (bailiff_u8)(strictest >> 16);
    result->profile = (bailiff_u16)(strictest >> 24);
    // The label is known for the strictest rule that was met; a default has none.
    if (result->reason == BAILIFF_REASON_RULE && result->verdict != BAILIFF_VERDICT_ALLOW &&
        result->verdict == s->noted.verdict) {
        result->label = s->noted.label;
        result->reason = s->noted.reason;
        result->profile = s->noted.profile;
        result->flags = s->noted.flags;
        result->layer = bailiff_layer_of(policy, result->profile);
    }
}

// SipHash-1-3 over a name, with a secret key, so that nobody can choose a name that collides with
// a rule's. `words` holds the name in zero-padded 64-bit little-endian words; `length` is at most
// 255. Never 0, which means "no name".
#define BAILIFF_SIP_ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define BAILIFF_SIP_ROUND(v0, v1, v2, v3) \
    do {                                  \
        v0 += v1;                         \
        v1 = BAILIFF_SIP_ROTATE(v1, 13);  \
        v1 ^= v0;                         \
        v0 = BAILIFF_SIP_ROTATE(v0, 32);  \
        v2 += v3;                         \
        v3 = BAILIFF_SIP_ROTATE(v3, 16);  \
        v3 ^= v2;                         \
        v0 += v3;                         \
        v3 = BAILIFF_SIP_ROTATE(v3, 21);  \
        v3 ^= v0;                         \
        v2 += v1;                         \
        v1 = BAILIFF_SIP_ROTATE(v1, 17);  \
        v1 ^= v2;                         \
        v2 = BAILIFF_SIP_ROTATE(v2, 32);  \
    } while (0)

BAILIFF_INLINE bailiff_u64 bailiff_name_hash(const bailiff_u64* words, bailiff_u32 length,
                                             bailiff_u64 key0, bailiff_u64 key1) {
    bailiff_u64 v0 = 0x736f6d6570736575ULL ^ key0;
    bailiff_u64 v1 = 0x646f72616e646f6dULL ^ key1;
    bailiff_u64 v2 = 0x6c7967656e657261ULL ^ key0;
    bailiff_u64 v3 = 0x7465646279746573ULL ^ key1;
    bailiff_u64 last = (bailiff_u64)length << 56;
    for (bailiff_u32 i = 0; i < BAILIFF_NAME_MAX / 8; i++) {
        if (i * 8 >= length) break;
        bailiff_u64 m = words[i];
        v3 ^= m;
        BAILIFF_SIP_ROUND(v0, v1, v2, v3);
        v0 ^= m;
    }
    v3 ^= last;
    BAILIFF_SIP_ROUND(v0, v1, v2, v3);
    v0 ^= last;
    v2 ^= 0xff;
    BAILIFF_SIP_ROUND(v0, v1, v2, v3);
    BAILIFF_SIP_ROUND(v0, v1, v2, v3);
    BAILIFF_SIP_ROUND(v0, v1, v2, v3);
    bailiff_u64 h = v0 ^ v1 ^ v2 ^ v3;
    return h ? h : 1;
}

// The hash of a cgroup's path: of its own name, keyed with the hash of the path above it as well (0
// for what lies directly below the root).
BAILIFF_INLINE bailiff_u64 bailiff_cgroup_hash(const bailiff_u64* words, bailiff_u32 length,
                                               bailiff_u64 above, bailiff_u64 key0,
                                               bailiff_u64 key1) {
    return bailiff_name_hash(words, length, key0 ^ above, key1);
}

#endif
