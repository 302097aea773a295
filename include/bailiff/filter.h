// Which inodes have a label? Two bits say "perhaps"; one that is not set says "certainly not", and
// saves the walk a hash lookup at nearly every directory level. With 100,000 labels about one other
// inode in a hundred is "perhaps". Compiled for the kernel and for the host.
//
// Whoever writes an inode's label sets its bits before; bits are never cleared while the table
// lives.
#ifndef BAILIFF_FILTER_H
#define BAILIFF_FILTER_H

#include "bailiff/abi.h"

#define BAILIFF_FILTER_WORDS 32768 // map "filter": this many 64-bit words of bits, 256 KiB,
#define BAILIFF_FILTER_CHANGES BAILIFF_FILTER_WORDS // and one that counts changes, see abi.h

struct bailiff_filter_place {
    bailiff_u32 word; // its number, below BAILIFF_FILTER_WORDS
    bailiff_u64 bits; // of that word
};

// Multiplicative hashing; an inode number chosen to collide costs its chooser time and nobody a
// rule.
static inline __attribute__((always_inline, unused)) struct bailiff_filter_place
bailiff_filter_place(bailiff_u64 ino, bailiff_u32 dev) {
    bailiff_u64 h = (ino ^ ((bailiff_u64)dev << 32)) * 0x9e3779b97f4a7c15ULL;
    struct bailiff_filter_place place = {.word = (bailiff_u32)(h >> 49),
                                         .bits = 1ULL << (h >> 43 & 63) | 1ULL << (h >> 37 & 63)};
    return place;
}

#endif
