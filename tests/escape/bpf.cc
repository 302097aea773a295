#include "tests/escape/bpf.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "tests/escape/support.h"

namespace bailiff::escape {
namespace {

int bpf(bpf_cmd command, bpf_attr& attributes) {
    return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint64_t address(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

// r0 = 1; exit: passes every packet.
int load(bpf_prog_type type, bpf_attach_type attach) {
    bpf_insn code[2]{};
    code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    code[0].imm = 1;
    code[1].code = BPF_JMP | BPF_EXIT;
    bpf_attr attributes{};
    attributes.prog_type = type;
    attributes.expected_attach_type = attach;
    attributes.insns = address(code);
    attributes.insn_cnt = 2;
    attributes.license = address("GPL");
    return bpf(BPF_PROG_LOAD, attributes);
}

} // namespace

int bpf_make_map() {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 8;
    attributes.max_entries = 1;
    return bpf(BPF_MAP_CREATE, attributes);
}

int bpf_load_program() {
    return load(BPF_PROG_TYPE_SOCKET_FILTER, bpf_attach_type{});
}

int bpf_get_pin(const char* path) {
    bpf_attr attributes{};
    attributes.pathname = address(path);
    return bpf(BPF_OBJ_GET, attributes);
}

int bpf_link_to_cgroup(const char* folder) {
    const Fd cgroup(open(folder, O_RDONLY | O_DIRECTORY));
    const Fd program(load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS));
    if (!cgroup.ok() || !program.ok()) return -1;
    bpf_attr attributes{};
    attributes.link_create.prog_fd = static_cast<unsigned>(program.get());
    attributes.link_create.target_fd = static_cast<unsigned>(cgroup.get());
    attributes.link_create.attach_type = BPF_CGROUP_INET_EGRESS;
    return bpf(BPF_LINK_CREATE, attributes);
}

int bpf_first_by_id(bpf_cmd next) {
    bpf_attr attributes{};
    if (bpf(next, attributes) != 0) return -1;
    bpf_attr wanted{};
    wanted.prog_id = attributes.next_id;
    return bpf(next == BPF_PROG_GET_NEXT_ID ? BPF_PROG_GET_FD_BY_ID : BPF_MAP_GET_FD_BY_ID, wanted);
}

int bpf_pin(int fd, const char* path) {
    const Fd object(fd);
    if (!object.ok()) return errno;
    unlink(path);
    bpf_attr attributes{};
    attributes.bpf_fd = static_cast<unsigned>(object.get());
    attributes.pathname = address(path);
    return outcome(bpf(BPF_OBJ_PIN, attributes));
}

int bpf_detach_link(int link) {
    bpf_attr attributes{};
    attributes.link_detach.link_fd = static_cast<unsigned>(link);
    return outcome(bpf(BPF_LINK_DETACH, attributes));
}

} // namespace bailiff::escape
