#include "kernel/startup.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace bailiff::kernel {
namespace {

Result<Attachment> wanted_attachment(const std::string& name) {
    if (name == "auto") return choose_attachment();
    if (name == "lsm") return Attachment::kLsm;
    if (name == "fmod_ret") return Attachment::kFmodRet;
    return fail(ErrorCode::kInvalidArgument,
                "--attachment " + name + ": expected auto, lsm or fmod_ret");
}

// Writes the configuration row once; a row that is there already belongs to rules that are in
// force, and its name key must stay.
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
Status prove(Programs& programs, const Options& options) {
    if (!programs.has_others()) return {};
    const Result<WirePosture> posture = run_canaries(programs);
    if (!posture) return tl::unexpected(posture.error());
    if (every_family(*posture)) return {};
    return fail(ErrorCode::kFailedPrecondition,
                "the new programs do not enforce every family, so those in force below " +
                    options.pin_root + " stay:\n" + describe(*posture));
}

// How many programs must be attached, for who reads the pins later.
Status count_hooks(Programs& programs) {
    const Result<int> fd = programs.map_fd("config");
    if (!fd) return tl::unexpected(fd.error());
    const std::uint32_t zero = 0;
    bailiff_config config = {};
    if (bpf_map_lookup_elem(*fd, &zero, &config) != 0) return fail_errno("read map config", errno);
    config.hooks = static_cast<std::uint32_t>(programs.attached());
    if (bpf_map_update_elem(*fd, &zero, &config, BPF_ANY) != 0)
        return fail_errno("write map config", errno);
    return {};
}

} // namespace

Result<Programs> start(const Options& options) {
    const Result<Attachment> attachment = wanted_attachment(options.attachment);
    if (!attachment) return tl::unexpected(attachment.error());
    Result<Programs> programs = Programs::load(*attachment, options.pin_root);
    if (!programs) return programs;
    if (Status done = prepare_config(*programs); !done) return tl::unexpected(done.error());
    if (Status done = prepare_canary(*programs); !done) return tl::unexpected(done.error());
    if (Status done = programs->attach(); !done) return tl::unexpected(done.error());
    if (Status proven = prove(*programs, options); !proven) {
        programs->withdraw();
        return tl::unexpected(proven.error());
    }
    if (Status done = count_hooks(*programs); !done) return tl::unexpected(done.error());
    if (Status retired = programs->retire_others(); !retired)
        return tl::unexpected(retired.error());
    return programs;
}

Result<Server> serve(const Options& options) {
    const passwd* user = getpwnam(options.daemon_user.c_str());
    if (user == nullptr)
        return fail(ErrorCode::kFailedPrecondition,
                    "--daemon-user " + options.daemon_user + ": no such user");
    if (mkdir(options.run_folder.c_str(), 0755) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + options.run_folder, errno);
    return Server::listen(options.run_folder, user->pw_uid, user->pw_gid);
}

bool all_enforcing(const WirePosture& posture) {
    const bool skipped = posture.attachment != 0 && posture.preemptible != 0;
    return every_family(posture) && !skipped && posture.storage_busy == 0 &&
           posture.ftrace_enabled != 0;
}

std::string describe(const WirePosture& posture) {
    std::string text = std::string("attachment ") + (posture.attachment == 0 ? "lsm" : "fmod_ret") +
                       (posture.preemptible != 0 ? ", preemptible kernel" : "") + "\n";
    for (std::size_t i = 0; i < kFamilyNames.size(); i++)
        text += std::string(kFamilyNames[i]) +
                (posture.enforcing[i] != 0 ? ": enforcing\n" : ": NOT enforcing\n");
    if (posture.ftrace_enabled == 0)
        text += "kernel.ftrace_enabled is 0: every program is switched off\n";
    return text;
}

} // namespace bailiff::kernel
