// A plugin for QEMU that counts the guest's instructions by address, in windows that the guest
// opens and closes with a no-op that nothing else contains (measure.h). Writes one line for each
// window and block of code: window, address, instructions. All addresses of user space are one, 0.
//   -plugin libinstruction_profile.so,out=FILE
// Debian ships no qemu-plugin.h; what is used of version 1 of its interface is declared here. QEMU
// calls all of it from the one thread that emulates.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_map>

extern "C" {
struct qemu_plugin_tb;
struct qemu_plugin_insn;
using PluginId = std::uint64_t;
void qemu_plugin_register_vcpu_tb_trans_cb(PluginId, void (*)(PluginId, qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb*, int op, void* counter,
                                              std::uint64_t by);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn*, void (*)(unsigned, void*), int flags,
                                            void* data);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb*);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb*, std::size_t);
const void* qemu_plugin_insn_data(const qemu_plugin_insn*);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn*);

__attribute__((visibility("default"))) extern const int qemu_plugin_version;
__attribute__((visibility("default"))) int qemu_plugin_install(PluginId id, const void* info,
                                                               int argc, char** argv);
}

namespace {

constexpr int kAdd = 0;         // QEMU_PLUGIN_INLINE_ADD_U64
constexpr int kNoRegisters = 0; // QEMU_PLUGIN_CB_NO_REGS
constexpr std::uint64_t kKernel = 1ULL << 63;
constexpr unsigned char kMarker[] = {0x0f, 0x1f, 0x80, 'b', 'a', 'i', 'l'};

// The counters' addresses are in translated code and must not move.
struct Counter {
    std::uint64_t instructions = 0;
    std::uint64_t at_begin = 0;
};
std::unordered_map<std::uint64_t, std::unique_ptr<Counter>> counters;
std::FILE* out = nullptr;
unsigned markers = 0;

void on_marker(unsigned /*cpu*/, void* /*data*/) {
    const bool ends = markers % 2 == 1;
    for (auto& [address, counter] : counters) {
        if (ends && counter->instructions != counter->at_begin)
            std::fprintf(out, "%u\t%" PRIx64 "\t%" PRIu64 "\n", markers / 2, address,
                         counter->instructions - counter->at_begin);
        counter->at_begin = counter->instructions;
    }
    std::fflush(out);
    markers++;
}

void on_translation(PluginId /*id*/, qemu_plugin_tb* block) {
    const std::size_t count = qemu_plugin_tb_n_insns(block);
    const std::uint64_t address = qemu_plugin_tb_vaddr(block);
    auto& counter = counters[address >= kKernel ? address : 0];
    if (!counter) counter = std::make_unique<Counter>();
    qemu_plugin_register_vcpu_tb_exec_inline(block, kAdd, &counter->instructions, count);
    for (std::size_t i = 0; i < count; i++) {
        qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(block, i);
        if (qemu_plugin_insn_size(instruction) == sizeof(kMarker) &&
            std::memcmp(qemu_plugin_insn_data(instruction), kMarker, sizeof(kMarker)) == 0)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_marker, kNoRegisters, nullptr);
    }
}

} // namespace

const int qemu_plugin_version = 1;

int qemu_plugin_install(PluginId id, const void* /*info*/, int argc, char** argv) {
    if (argc != 1 || std::strncmp(argv[0], "out=", 4) != 0) return 1;
    out = std::fopen(argv[0] + 4, "w");
    if (out == nullptr) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
