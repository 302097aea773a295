#include "kernel/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "bailiff/abi.h"
#include "bailiff_fmod.skel.h"
#include "bailiff_lsm.skel.h"
#include "base/unique_fd.h"
#include "kernel/choice.h"
#include "kernel/libbpf_log.h"
#include "kernel/optional.h"

namespace bailiff::kernel {
namespace {

namespace fs = std::filesystem;

// Called on every read, write, send and receive of a file or socket.
constexpr std::array kUseHooks{"file_permission", "socket_recvmsg", "socket_sendmsg"};

bool is_iterator(const bpf_program* program) {
    return std::string_view(bpf_program__section_name(program)).starts_with("iter/");
}

// The walk up a path reads the kernel's rename_lock, to which libbpf finds the way in kallsyms.
Status rename_lock_readable() {
    std::ifstream symbols("/proc/kallsyms");
    for (std::string line; std::getline(symbols, line);) {
        if (!line.ends_with(" rename_lock")) continue;
        if (line.find_first_not_of('0') != line.find(' ')) return {};
        return fail(ErrorCode::kFailedPrecondition,
                    "kernel.kptr_restrict hides the kernel's addresses, of which rename_lock is "
                    "needed; run sysctl kernel.kptr_restrict=1");
    }
    return fail(ErrorCode::kFailedPrecondition,
                "the kernel does not name its symbol rename_lock in /proc/kallsyms: it was built "
                "without CONFIG_KALLSYMS_ALL");
}

// Who is a subject is in these maps. New ones beside programs of an earlier run would know of
// nobody, and with those programs the last rules of its subjects would go.
Status subjects_not_lost(const std::string& pin_root) {
    if (!has_links(pin_root)) return {};
    for (const char* map : {"config", "tasks", "subjects", "sessions"}) {
        const std::string pin = pin_root + "/maps/" + map;
        if (access(pin.c_str(), F_OK) != 0)
            return fail(ErrorCode::kFailedPrecondition,
                        pin +
                            " was removed: new programs would not know the subjects of those "
                            "that go on enforcing; bailiff-kernel --detach ends them all");
    }
    return {};
}

Status make_folder(const std::string& path) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + path, errno);
    return {};
}

} // namespace

bool has_links(const std::string& pin_root, const std::string& but) {
    std::error_code ignored; // what cannot be listed holds nothing
    for (const auto& entry : fs::directory_iterator(pin_root, ignored))
        if (entry.path().filename().string().starts_with("links_") && entry.path() != but)
            return true;
    return false;
}

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

void Programs::LinkDeleter::operator()(bpf_link* link) const {
    bpf_link__destroy(link);
}

Programs::Programs(Attachment attachment, std::string pin_root)
    : attachment_(attachment), pin_root_(std::move(pin_root)) {}
Programs::Programs(Programs&&) noexcept = default;
Programs& Programs::operator=(Programs&&) noexcept = default;
Programs::~Programs() = default;

Status Programs::open(const std::set<std::string>& without) {
    size_t size = 0;
    const void* bytes = attachment_ == Attachment::kLsm ? bailiff_lsm__elf_bytes(&size)
                                                        : bailiff_fmod__elf_bytes(&size);
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "bailiff");
    object_.reset(bpf_object__open_mem(bytes, size, &options));
    if (!object_) return fail_errno("open the BPF object", errno);
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.get()) {
        const std::string name = bpf_map__name(map);
        if (name.ends_with(".generation"))
            if (const int error =
                    bpf_map__set_initial_value(map, &generation_, sizeof(generation_));
                error != 0)
                return fail_errno("set the generation", -error);
        // These are this process's alone: another must not write them meanwhile.
        if (bpf_map__is_internal(map) || name == "control" || name == "examined") continue;
        const std::string pin = pin_root_ + "/maps/" + name;
        if (const int error = bpf_map__set_pin_path(map, pin.c_str()); error != 0)
            return fail_errno("pin path " + pin, -error);
    }
    const Result<std::set<std::string>> lacking = choose_programs(object_.get(), without);
    if (!lacking) return tl::unexpected(lacking.error());
    missing_.insert(lacking->begin(), lacking->end());
    return {};
}

// An object that failed to load cannot be loaded again, so each round opens it anew. A round that
// fails leaves out one optional program more, or is the last.
Status Programs::load_what_fits() {
    for (;;) {
        std::set<std::string> without = waived_;
        without.insert(missing_.begin(), missing_.end());
        if (Status opened = open(without); !opened) return opened;
        const LibbpfLog log;
        const int error = bpf_object__load(object_.get());
        if (error == 0) return {};
        const bool optional = find_optional(log.refused()) != nullptr;
        if (!optional || !missing_.insert(log.refused()).second)
            return fail(ErrorCode::kInternal, std::string("load the ") + to_string(attachment_) +
                                                  " programs: " + log.cause(-error));
    }
}

Result<Programs> Programs::load(Attachment attachment, const std::string& pin_root,
                                const std::set<std::string>& waived) {
    if (Status readable = rename_lock_readable(); !readable)
        return tl::unexpected(readable.error());
    if (Status kept = subjects_not_lost(pin_root); !kept) return tl::unexpected(kept.error());
    Programs self(attachment, pin_root);
    self.generation_ = std::random_device()() | 1U;
    self.waived_ = waived;
    for (const std::string& folder : {pin_root, pin_root + "/maps"})
        if (Status made = make_folder(folder); !made) return tl::unexpected(made.error());
    if (Status loaded = self.load_what_fits(); !loaded) return tl::unexpected(loaded.error());
    return self;
}

Status Programs::attach() {
    links_folder_ = pin_root_ + "/links_" + std::to_string(generation_);
    if (Status made = make_folder(links_folder_); !made) return made;
    Status attached = attach_all();
    if (!attached) withdraw();
    return attached;
}

Status Programs::attach_all() {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object_.get()) {
        if (!bpf_program__autoload(program) || is_iterator(program)) continue;
        if (Status attached = attach_one(program); !attached) return attached;
    }
    return {};
}

Status Programs::attach_one(bpf_program* program) {
    const std::string name = bpf_program__name(program);
    if (links_.contains(name)) return {};
    std::unique_ptr<bpf_link, LinkDeleter> link(bpf_program__attach(program));
    if (!link) return fail_errno("attach " + name, errno);
    if (const int error = bpf_link__pin(link.get(), pin_of(name).c_str()); error != 0)
        return fail_errno("pin " + pin_of(name), -error);
    links_[name] = std::move(link);
    return {};
}

Status Programs::attach_use_hooks() {
    const std::size_t before = links_.size();
    for (const char* name : kUseHooks) {
        bpf_program* program = bpf_object__find_program_by_name(object_.get(), name);
        if (program == nullptr)
            return fail(ErrorCode::kInternal, std::string("no program ") + name);
        if (Status attached = attach_one(program); !attached) return attached;
    }
    return links_.size() == before ? Status{} : name_attached();
}

Status Programs::detach_use_hooks() {
    const std::size_t before = links_.size();
    for (const char* name : kUseHooks) {
        (void)unlink(pin_of(name).c_str()); // gone already where somebody removed it
        links_.erase(name);
    }
    return links_.size() == before ? Status{} : name_attached();
}

Status Programs::name_attached() {
    const Result<int> fd = map_fd("attached");
    if (!fd) return tl::unexpected(fd.error());
    auto row = std::make_unique<bailiff_attached>();
    row->generation = generation_;
    for (const auto& [name, link] : links_) {
        if (row->count == BAILIFF_MAX_PROGRAMS || name.size() >= BAILIFF_PROGRAM_NAME)
            return fail(ErrorCode::kInternal, "map attached has no room for program " + name);
        std::memcpy(row->name[row->count++], name.data(), name.size());
    }
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(*fd, &zero, row.get(), BPF_ANY) != 0)
        return fail_errno("write map attached", errno);
    return {};
}

std::string Programs::pin_of(const std::string& program) const {
    return links_folder_ + "/" + program;
}

void Programs::withdraw() {
    std::error_code ignored; // nobody else is in this folder
    fs::remove_all(links_folder_, ignored);
    links_.clear();
}

Mending Programs::mend_pins() {
    Mending done;
    // libbpf remembers the pin it once made, so the descriptor is pinned.
    const auto mend = [&](const std::string& name, int fd, const std::string& pin) {
        if (access(pin.c_str(), F_OK) == 0) return;
        for (const std::string& folder : {pin_root_, fs::path(pin).parent_path().string()})
            (void)make_folder(folder); // without it pinning fails
        (bpf_obj_pin(fd, pin.c_str()) == 0 ? done.mended : done.unpinned).push_back(name);
    };
    for (const auto& [name, link] : links_) mend(name, bpf_link__fd(link.get()), pin_of(name));
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.get()) {
        if (const char* pin = bpf_map__pin_path(map))
            mend(std::string("map ") + bpf_map__name(map), bpf_map__fd(map), pin);
    }
    return done;
}

std::vector<std::string> Programs::attached() const {
    std::vector<std::string> names;
    for (const auto& [name, link] : links_) names.push_back(name);
    return names;
}

bool Programs::has_others() const {
    return has_links(pin_root_, links_folder_);
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

Result<std::string> Programs::read_iterator(const std::string& name, std::uint32_t tid) {
    bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
    if (!program) return fail(ErrorCode::kInternal, "the BPF object has no iterator " + name);
    bpf_iter_link_info info = {};
    info.task.tid = tid; // 0: every task (kernel 6.1)
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

} // namespace bailiff::kernel
