#include "kernel/startup.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/account.h"
#include "kernel/optional.h"

namespace bailiff::kernel {
namespace {

tl::unexpected<Error> wrong_attachment(const std::string& name) {
    return fail(ErrorCode::kInvalidArgument,
                "--attachment " + name + ": expected auto, lsm or fmod_ret");
}

Result<Attachment> wanted_attachment(const std::string& name) {
    if (name == "auto") return choose_attachment();
    if (name == "lsm") return Attachment::kLsm;
    if (name == "fmod_ret") return Attachment::kFmodRet;
    return wrong_attachment(name);
}

Status not_optional(const std::string& program) {
    std::string names;
    for (const OptionalProgram& entry : optional_programs())
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    return fail(ErrorCode::kInvalidArgument, "--without " + program + ": expected one of " + names);
}

Result<Account> daemon_account(const Options& options) {
    std::optional<Account> account = account_by_name(options.daemon_user);
    if (account) return std::move(*account);
    return fail(ErrorCode::kFailedPrecondition,
                "--daemon-user " + options.daemon_user + ": no such user");
}

// Writes the configuration row once, and never again: what is there belongs to rules that are in
// force, its name key must stay, and bailiffd sets its flags meanwhile.
Status prepare_config(Programs& programs) {
    const Result<int> fd = programs.map_fd("config");
    if (!fd) return tl::unexpected(fd.error());
    const std::uint32_t zero = 0;
    bailiff_config config = {};
    if (bpf_map_lookup_elem(*fd, &zero, &config) != 0) return fail_errno("read map config", errno);
    if (config.abi_version == BAILIFF_ABI_VERSION) return {};
    if (config.abi_version != 0)
        return fail(ErrorCode::kFailedPrecondition,
                    "the pinned maps are of ABI version " + std::to_string(config.abi_version) +
                        ", this is " + std::to_string(BAILIFF_ABI_VERSION) +
                        "; run bailiff-kernel --detach first");
    if (getrandom(config.name_key, sizeof(config.name_key), 0) != sizeof(config.name_key))
        return fail_errno("getrandom", errno);
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    config.loaded_at = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
                       static_cast<std::uint64_t>(now.tv_nsec);
    config.abi_version = BAILIFF_ABI_VERSION;
    if (bpf_map_update_elem(*fd, &zero, &config, BPF_ANY) != 0)
        return fail_errno("write map config", errno);
    return {};
}

bool every_family(const WirePosture& posture) {
    for (std::size_t i = 0; i < kFamilyNames.size(); i++)
        if (posture.enforcing[i] == 0) return false;
    return true;
}

// Without programs of an earlier run there is nothing to lose: whoever asks for the posture hears
// what is not enforced.
Status prove(Programs& programs) {
    if (!programs.has_others()) return {};
    const Result<WirePosture> posture = run_canaries(programs);
    if (!posture) return tl::unexpected(posture.error());
    if (every_family(*posture)) return {};
    return fail(ErrorCode::kFailedPrecondition,
                "they do not enforce every family:\n" + describe(*posture));
}

Result<Programs> take_over(const Options& options) {
    const Result<Attachment> attachment = wanted_attachment(options.attachment);
    if (!attachment) return tl::unexpected(attachment.error());
    Result<Programs> programs = Programs::load(*attachment, options.pin_root, options.without);
    if (!programs) return programs;
    if (!programs->missing().empty() && programs->has_others())
        return fail(ErrorCode::kFailedPrecondition, why_not_complete(*programs));
    if (Status done = prepare_config(*programs); !done) return tl::unexpected(done.error());
    if (Status done = prepare_canary(*programs); !done) return tl::unexpected(done.error());
    if (Status done = programs->attach(); !done) return tl::unexpected(done.error());
    Status proven = prove(*programs);
    if (proven) proven = programs->name_attached();
    if (!proven) {
        programs->withdraw();
        return tl::unexpected(proven.error());
    }
    return programs;
}

} // namespace

Status check_options(const Options& options) {
    const std::string& attachment = options.attachment;
    if (attachment != "auto" && attachment != "lsm" && attachment != "fmod_ret")
        return wrong_attachment(attachment);
    for (const std::string& program : options.without)
        if (find_optional(program) == nullptr) return not_optional(program);
    if (options.detach || options.once) return {};
    if (const Result<Account> account = daemon_account(options); !account)
        return tl::unexpected(account.error());
    return {};
}

Result<Programs> start(const Options& options) {
    const bool in_force = has_links(options.pin_root);
    Result<Programs> programs = take_over(options);
    if (!programs && in_force)
        return propagate(std::move(programs), "the programs in force below " + options.pin_root +
                                                  " stay, for the new ones cannot take over");
    if (!programs) return programs;
    if (Status retired = programs->retire_others(); !retired)
        return tl::unexpected(retired.error());
    return programs;
}

Result<undo::Store> open_store(const Options& options) {
    const std::filesystem::path above = std::filesystem::path(options.undo_folder).parent_path();
    if (mkdir(above.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + above.string(), errno);
    return undo::Store::open(options.undo_folder);
}

Result<Server> serve(const Options& options) {
    const Result<Account> user = daemon_account(options);
    if (!user) return tl::unexpected(user.error());
    if (mkdir(options.run_folder.c_str(), 0755) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + options.run_folder, errno);
    return Server::listen(options.run_folder, user->uid, user->gid);
}

bool all_enforcing(const WirePosture& posture) {
    const bool skipped = posture.attachment != 0 && posture.preemptible != 0;
    return every_family(posture) && !skipped && posture.storage_busy == 0 &&
           posture.ftrace_enabled != 0 && posture.unpinned_pins == 0 && posture.waived[0] == '\0' &&
           posture.missing[0] == '\0';
}

std::string describe(const WirePosture& posture) {
    std::string text = std::string("attachment ") + (posture.attachment == 0 ? "lsm" : "fmod_ret") +
                       (posture.preemptible != 0 ? ", preemptible kernel" : "") + "\n";
    for (std::size_t i = 0; i < kFamilyNames.size(); i++)
        text += std::string(kFamilyNames[i]) +
                (posture.enforcing[i] != 0 ? ": enforcing\n" : ": NOT enforcing\n");
    if (posture.ftrace_enabled == 0)
        text += "kernel.ftrace_enabled is 0: every program is switched off\n";
    if (posture.waived[0] != '\0')
        text += std::string("not loaded, by --without: ") + posture.waived + "\n";
    if (posture.missing[0] != '\0')
        text += std::string("missing, so no session is opened: ") + posture.missing +
                " (--without accepts that)\n";
    const std::string pins = posture.pins;
    if (posture.unpinned_pins != 0)
        text += "not pinned, and gone when bailiff-kernel ends: " + pins + "\n";
    else if (posture.mended_pins != 0)
        text += "pins that had been removed were made again: " + pins + "\n";
    return text;
}

} // namespace bailiff::kernel
