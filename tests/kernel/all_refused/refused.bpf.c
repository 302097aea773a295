// Programs that every verifier refuses: what a build of bailiff that does not fit the kernel is.
// Attached like those of bpf/bailiff.bpf.c, on the same maps.
#include "maps.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef BAILIFF_FMOD_RET
SEC("fmod_ret/security_file_open")
#else
SEC("lsm/file_open")
#endif
int file_open(unsigned long long* ctx) {
    return read_config() && ctx[100] ? 0 : -1; // the hook has no such argument
}
