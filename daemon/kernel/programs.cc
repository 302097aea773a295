#include "kernel/programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "bailiff/abi.h"
#include "bailiff_fmod.skel.h"
#include "bailiff_lsm.skel.h"
#include "base/unique_fd.h"
#include "kernel/libbpf_log.h"

namespace bailiff::kernel {
namespace {

namespace fs = std::filesystem;

// How many arguments the LSM hook has in the running kernel; 0 if it has no such hook.
unsigned lsm_hook_arguments(const std::string& hook) {
    std::unique_ptr<btf, void (*)(btf*)> types(btf__load_vmlinux_btf(), btf__free);
    if (!types) return 0;
    const std::string name = "bpf_lsm_" + hook;
    const int id = btf__find_by_name_kind(types.get(), name.c_str(), BTF_KIND_FUNC);
    if (id < 0) return 0;
    const btf_type* function = btf__type_by_id(types.get(), static_cast<__u32>(id));
    return btf_vlen(btf__type_by_id(types.get(), function->type));
}

// Exactly one of two variants fits the kernel: before 6.12 the LSM hook has no idmap.
Status choose_setattr(bpf_object* object) {
    const unsigned arguments = lsm_hook_arguments("inode_setattr");
    if (arguments != 2 && arguments != 3)
        return fail(ErrorCode::kFailedPrecondition, "kernel BTF: hook inode_setattr has " +
                                                        std::to_string(arguments) +
                                                        " arguments, expected 2 or 3");
    bpf_program__set_autoload(bpf_object__find_program_by_name(
                                  object, arguments == 2 ? "inode_setattr" : "inode_setattr_2"),
                              false);
    return {};
}

bool is_iterator(const bpf_program* program) {
    return std::string_view(bpf_program__section_name(program)).starts_with("iter/");
}

Status make_folder(const std::string& path) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + path, errno);
    return {};
}

} // namespace

const char* to_string(Attachment attachment) {
    return attachment == Attachment::kLsm ? "lsm" : "fmod_ret";
}

Result<Attachment> choose_attachment() {
    std::ifstream file("/sys/kernel/security/lsm");
    std::string list;
    if (!std::getline(file, list))
        return fail(ErrorCode::kFailedPrecondition,
                    "/sys/kernel/security/lsm cannot be read: is securityfs mounted?");
    std::stringstream names(list);
    for (std::string name; std::getline(names, name, ',');)
        if (name == "bpf") return Attachment::kLsm;
    return Attachment::kFmodRet;
}

void Programs::ObjectDeleter::operator()(bpf_object* object) const {
    bpf_object__close(object);
}

Programs::Programs(Attachment attachment, std::string pin_root)
    : attachment_(attachment), pin_root_(std::move(pin_root)) {}
Programs::Programs(Programs&&) noexcept = default;
Programs& Programs::operator=(Programs&&) noexcept = default;
Programs::~Programs() = default;

Result<Programs> Programs::load(Attachment attachment, const std::string& pin_root) {
    Programs self(attachment, pin_root);
    for (const std::string& folder : {pin_root, pin_root + "/maps"})
        if (Status made = make_folder(folder); !made) return tl::unexpected(made.error());

    size_t size = 0;
    const void* bytes = attachment == Attachment::kLsm ? bailiff_lsm__elf_bytes(&size)
                                                       : bailiff_fmod__elf_bytes(&size);
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "bailiff");
    self.object_.reset(bpf_object__open_mem(bytes, size, &options));
    if (!self.object_) return fail_errno("open the BPF object", errno);
    bpf_object* object = self.object_.get();

    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (bpf_map__is_internal(map)) continue;
        const std::string pin = pin_root + "/maps/" + bpf_map__name(map);
        if (const int error = bpf_map__set_pin_path(map, pin.c_str()); error != 0)
            return fail_errno("pin path " + pin, -error);
    }
    if (attachment == Attachment::kLsm)
        if (Status chosen = choose_setattr(object); !chosen) return tl::unexpected(chosen.error());
    const LibbpfLog log;
    if (const int error = bpf_object__load(object); error != 0)
        return fail(ErrorCode::kInternal, std::string("load the ") + to_string(attachment) +
                                              " programs: " + log.cause(-error));
    return self;
}

Status Programs::attach() {
    const auto stamp = std::chrono::steady_clock::now().time_since_epoch().count();
    links_folder_ = pin_root_ + "/links_" + std::to_string(stamp);
    if (Status made = make_folder(links_folder_); !made) return made;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        if (!bpf_program__autoload(program) || is_iterator(program)) continue;
        const std::string name = bpf_program__name(program);
        std::unique_ptr<bpf_link, int (*)(bpf_link*)> link(bpf_program__attach(program),
                                                           bpf_link__destroy);
        if (!link) return fail_errno("attach " + name, errno);
        const std::string pin = links_folder_ + "/" + name;
        if (const int error = bpf_link__pin(link.get(), pin.c_str()); error != 0)
            return fail_errno("pin " + pin, -error);
    }
    return {};
}

Status Programs::retire_others() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(pin_root_, error)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with("links_") || entry.path() == links_folder_) continue;
        fs::remove_all(entry.path(), error);
        if (error)
            return fail(ErrorCode::kInternal,
                        "remove " + entry.path().string() + ": " + error.message());
    }
    return {};
}

Result<int> Programs::map_fd(const std::string& name) const {
    const int fd = bpf_object__find_map_fd_by_name(object_.get(), name.c_str());
    if (fd < 0) return fail(ErrorCode::kInternal, "the BPF object has no map " + name);
    return fd;
}

Result<std::string> Programs::read_iterator(const std::string& name, std::uint32_t pid) {
    bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
    if (!program) return fail(ErrorCode::kInternal, "the BPF object has no iterator " + name);
    bpf_iter_link_info info = {};
    info.task.pid = pid; // 0: every task (kernel 6.1)
    LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));
    std::unique_ptr<bpf_link, int (*)(bpf_link*)> link(bpf_program__attach_iter(program, &options),
                                                       bpf_link__destroy);
    if (!link) return fail_errno("attach iterator " + name, errno);
    UniqueFd fd(bpf_iter_create(bpf_link__fd(link.get())));
    if (!fd) return fail_errno("create iterator " + name, errno);
    std::string out;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return fail_errno("read iterator " + name, errno);
        if (n == 0) return out;
        out.append(buffer.data(), static_cast<size_t>(n));
    }
}

Result<std::uint64_t> Programs::recursion_misses() const {
    std::uint64_t sum = 0;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        if (!bpf_program__autoload(program)) continue;
        bpf_prog_info info = {};
        __u32 size = sizeof(info);
        if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0)
            return fail_errno(std::string("info of program ") + bpf_program__name(program), errno);
        sum += info.recursion_misses;
    }
    return sum;
}

Status remove_pins(const std::string& pin_root) {
    std::error_code error;
    fs::remove_all(pin_root, error);
    if (error) return fail(ErrorCode::kInternal, "remove " + pin_root + ": " + error.message());
    return {};
}

} // namespace bailiff::kernel
