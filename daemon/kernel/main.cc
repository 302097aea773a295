// bailiff-kernel: the privileged half. Wires programs, probes and the socket to bailiffd.
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "bailiff/version.h"
#include "base/kernel_argument.h"
#include "kernel/handler.h"
#include "kernel/hasher.h"
#include "kernel/program_contents.h"
#include "kernel/server.h"
#include "kernel/startup.h"

using namespace bailiff;
using namespace bailiff::kernel;

namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

int report(const Error& error, int exit_status = kExitError) {
    std::cerr << "bailiff-kernel: " << error.message() << "\n";
    return exit_status;
}

UniqueFd stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return UniqueFd(signalfd(-1, &set, SFD_CLOEXEC));
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    bool probe = false;
    CLI::App app("bailiff-kernel: loads, attaches and proves bailiff's kernel programs");
    app.set_version_flag("--version", BAILIFF_VERSION);
    app.option_defaults()->always_capture_default();
    app.add_option("--pins", options.pin_root, "folder on a bpffs for maps and links");
    app.add_option("--run-dir", options.run_folder, "folder of kernel.sock");
    app.add_option("--undo", options.undo_folder, "folder of what is kept for undo");
    app.add_option("--daemon-user", options.daemon_user, "user that bailiffd runs as");
    app.add_option("--attachment", options.attachment, "auto, lsm or fmod_ret");
    app.add_option("--without", options.without,
                   "optional program to do without, see bailiff-kernel(8); may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--detach", options.detach, "remove all programs and rules, then exit");
    app.add_flag("--once", options.once, "load, attach, probe, print the posture, then exit");
    app.add_flag("--probe", probe, "")->group("");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : kExitUsage; // 0: --help, --version
    }
    if (probe) return 0;
    if (const Status sound = check_options(options); !sound)
        return report(sound.error(), kExitUsage);
    if (!options.detach && is_switched_off()) {
        std::cerr << "bailiff-kernel: " << kOffMessage << "\n";
        return kExitOff;
    }
    Result<UniqueFd> lock = lock_pins(options.pin_root);
    if (!lock) return report(lock.error());
    if (options.detach) {
        const Status removed = remove_pins(options.pin_root);
        return removed ? 0 : report(removed.error());
    }
    UniqueFd stop = stop_signals();
    Result<Programs> programs = start(options);
    if (!programs) return report(programs.error());
    Result<WirePosture> posture = run_canaries(*programs);
    if (!posture) return report(posture.error());
    std::cout << describe(*posture) << std::flush;
    if (options.once) return all_enforcing(*posture) ? 0 : 3;
    malloc_trim(0); // loading took megabytes, and nothing like it follows
    Result<Server> server = serve(options);
    if (!server) return report(server.error());
    sd_notify(0, "READY=1");
    ProgramContents contents(*programs);
    Hasher hasher(contents);
    Result<undo::Store> store = open_store(options);
    if (!store)
        std::cerr << "bailiff-kernel: nothing can be kept for undo: " << store.error().message()
                  << "\n";
    Keeping keeping(*programs, std::move(store));
    ProgramsHandler handler(*programs, hasher, keeping);
    const Status ended = server->run(handler, stop.get());
    return ended ? 0 : report(ended.error());
}
