// Programs: the BPF object as bailiff-kernel holds it. Opens, loads, attaches and pins; takes over
// the maps of an earlier run, so that rules, sessions and tasks survive. Needs root. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;

namespace bailiff::kernel {

enum class Attachment { kLsm, kFmodRet };

[[nodiscard]] const char* to_string(Attachment attachment);

// Which attachment the running kernel can enforce: lsm/ where `bpf` is in its active list
// (/sys/kernel/security/lsm), else fmod_ret.
[[nodiscard]] Result<Attachment> choose_attachment();

// What became of pins that somebody removed: "file_open" is a program's link, "map sessions" a map.
struct Mending {
    std::vector<std::string> mended;
    std::vector<std::string> unpinned; // could not be pinned again
};

// Are links pinned below `pin_root`, but for those in folder `but`?
[[nodiscard]] bool has_links(const std::string& pin_root, const std::string& but = "");

class Programs {
public:
    // Loads everything; attaches nothing. `pin_root` is a folder on a bpffs, made if absent.
    // `waived` are optional programs (kernel/optional.h) to do without. Another one that the kernel
    // refuses or has no hook for is left out too, see missing().
    [[nodiscard]] static Result<Programs> load(Attachment attachment, const std::string& pin_root,
                                               const std::set<std::string>& waived = {});

    Programs(Programs&&) noexcept;
    Programs& operator=(Programs&&) noexcept;
    Programs(const Programs&) = delete;
    Programs& operator=(const Programs&) = delete;
    ~Programs();

    // Attaches every hook and pins its link below links_GENERATION. Links of earlier generations
    // stay until retire_others(). On an error nothing of this generation stays.
    [[nodiscard]] Status attach();
    // The hooks on every read, write, send and receive decide for subjects alone. Where there can
    // be none they are detached, so that they cost nothing; attach() attaches them too. On an error
    // of the first some may be missing still. Both rewrite map "attached".
    [[nodiscard]] Status attach_use_hooks();
    [[nodiscard]] Status detach_use_hooks();
    // Writes into map "attached" which programs decide from here on, so that who reads the pins
    // later can tell which of their links are gone.
    [[nodiscard]] Status name_attached();
    // Unpins the links of all other generations: their programs go once nobody holds them.
    [[nodiscard]] Status retire_others();
    // Are links of another generation pinned?
    [[nodiscard]] bool has_others() const;
    // Unpins and detaches this generation.
    void withdraw();
    // Pins again what somebody unpinned: programs stay attached and maps stay while this object
    // lives, and the pins keep them when it does not.
    [[nodiscard]] Mending mend_pins();
    // Tells this load of the programs from others: what a probe's subject row carries. Never 0.
    [[nodiscard]] std::uint32_t generation() const { return generation_; }
    // Optional programs that are not there: as the operator wanted it, and because of the kernel.
    [[nodiscard]] const std::set<std::string>& waived() const { return waived_; }
    [[nodiscard]] const std::set<std::string>& missing() const { return missing_; }
    // The names of the attached programs, sorted.
    [[nodiscard]] std::vector<std::string> attached() const;

    // Descriptor of a map by its name; owned by this object.
    [[nodiscard]] Result<int> map_fd(const std::string& name) const;
    // Reads an iterator program to its end, of one thread or, with 0, of every task. The first
    // thread of a process has the process's id, and its descriptors are those of all.
    [[nodiscard]] Result<std::string> read_iterator(const std::string& program, std::uint32_t tid);
    // Sum of recursion misses over all programs: calls the kernel skipped (fmod_ret only).
    [[nodiscard]] Result<std::uint64_t> recursion_misses() const;

    [[nodiscard]] Attachment attachment() const { return attachment_; }

private:
    Programs(Attachment attachment, std::string pin_root);
    struct ObjectDeleter {
        void operator()(bpf_object* object) const;
    };
    struct LinkDeleter {
        void operator()(bpf_link* link) const;
    };
    [[nodiscard]] Status open(const std::set<std::string>& without);
    [[nodiscard]] Status load_what_fits();
    [[nodiscard]] Status attach_all();
    [[nodiscard]] Status attach_one(bpf_program* program);
    [[nodiscard]] std::string pin_of(const std::string& program) const;
    Attachment attachment_;
    std::string pin_root_;
    std::string links_folder_;
    std::uint32_t generation_ = 0;
    std::set<std::string> waived_;
    std::set<std::string> missing_;
    std::unique_ptr<bpf_object, ObjectDeleter> object_;
    std::map<std::string, std::unique_ptr<bpf_link, LinkDeleter>> links_; // by program
};

} // namespace bailiff::kernel
