#include "kernel/choice.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "kernel/kernel_version.h"
#include "kernel/optional.h"

namespace bailiff::kernel {
namespace {

using Btf = std::unique_ptr<btf, void (*)(btf*)>;

// How many arguments a kernel function has; nothing where the kernel has no such function.
std::optional<unsigned> arguments_of(const Btf& kernel, const std::string& function) {
    const int id = btf__find_by_name_kind(kernel.get(), function.c_str(), BTF_KIND_FUNC);
    if (id < 0) return std::nullopt;
    const btf_type* type = btf__type_by_id(kernel.get(), static_cast<__u32>(id));
    return btf_vlen(btf__type_by_id(kernel.get(), type->type));
}

// The kernel function that a program attaches to; empty for what is no hook.
std::string target_of(const bpf_program* program) {
    const std::string_view section = bpf_program__section_name(program);
    if (section.starts_with("lsm/")) return "bpf_lsm_" + std::string(section.substr(4));
    for (const std::string_view kind : {"fmod_ret/", "fentry/", "fexit/"})
        if (section.starts_with(kind)) return std::string(section.substr(kind.size()));
    return "";
}

// Before 6.12 the LSM hook inode_setattr has no idmap; there is a program for each form.
bool fits(const std::string& program, const std::string& target, unsigned arguments) {
    if (target != "bpf_lsm_inode_setattr") return true;
    return arguments == (program == "inode_setattr_2" ? 2U : 3U);
}

} // namespace

Result<std::set<std::string>> choose_programs(bpf_object* object,
                                              const std::set<std::string>& without) {
    const Btf kernel(btf__load_vmlinux_btf(), btf__free);
    if (!kernel) return fail_errno("read the kernel's BTF", errno);
    std::set<std::string> missing;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        const std::string target = target_of(program);
        const std::string name = bpf_program__name(program);
        if (target.empty()) continue;
        const auto arguments = arguments_of(kernel, target);
        if (arguments && fits(name, target, *arguments) && !without.contains(name)) continue;
        bpf_program__set_autoload(program, false);
        if (arguments || without.contains(name)) continue;
        const OptionalProgram* optional = find_optional(name);
        if (optional == nullptr)
            return fail(ErrorCode::kFailedPrecondition,
                        "the kernel has no " + target + ", which program " + name + " needs");
        const std::pair since(optional->since_major, optional->since_minor);
        if (kernel_version().value_or(since) >= since) missing.insert(name);
    }
    return missing;
}

} // namespace bailiff::kernel
