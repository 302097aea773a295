// Which inodes have a label? A bit says "perhaps"; no bit says "certainly not", and saves the walk
// a hash lookup at nearly every directory level. Compiled for the kernel and for the host.
//
// Whoever writes an inode's label sets its bit before; bits are never cleared while the table
// lives.
#ifndef BAILIFF_FILTER_H
#define BAILIFF_FILTER_H

#include "bailiff/abi.h"

#define BAILIFF_FILTER_WORDS 8192 // map "filter": this many 64-bit words of bits, 64 KiB,
#define BAILIFF_FILTER_CHANGES BAILIFF_FILTER_WORDS // and one that counts changes, see abi.h

// The number of the bit, below BAILIFF_FILTER_WORDS * 64. Multiplicative hashing; an inode number
// chosen to collide costs its chooser time and nobody a rule.
static inline __attribute__((always_inline, unused)) bailiff_u32 bailiff_filter_bit(
    bailiff_u64 ino, bailiff_u32 dev) {
    bailiff_u64 h = (ino ^ ((bailiff_u64)dev << 32)) * 0x9e3779b97f4a7c15ULL;
    return (bailiff_u32)(h >> 45); // 19 bits
}

#endif
