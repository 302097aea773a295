// bailiffd: tokens, policy, the control socket and the journal. Unprivileged: user bailiff.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "bailiff/version.h"
#include "bailiffd/daemon.h"
#include "base/kernel_argument.h"

int main(int argc, char** argv) {
    bailiff::daemon::Options options;
    CLI::App app("bailiffd: verifies tokens, binds sessions, keeps the journal");
    app.set_version_flag("--version", BAILIFF_VERSION);
    app.option_defaults()->always_capture_default();
    app.add_option("--policy", options.policy, "policy file");
    app.add_option("--state-dir", options.state_folder, "folder of the journal and the state");
    app.add_option("--kernel-dir", options.kernel_folder, "folder of bailiff-kernel's socket");
    app.add_option("--socket", options.socket, "control socket");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        constexpr int kExitUsage = 2;
        return app.exit(problem) == 0 ? 0 : kExitUsage; // 0: --help, --version
    }
    spdlog::set_default_logger(spdlog::stderr_logger_st("bailiffd"));
    spdlog::set_pattern("%l: %v");
    if (bailiff::is_switched_off()) {
        std::cerr << "bailiffd: " << bailiff::kOffMessage << "\n";
        return bailiff::kExitOff;
    }
    auto daemon = bailiff::daemon::Daemon::start(options);
    if (!daemon) {
        std::cerr << "bailiffd: " << daemon.error().message() << "\n";
        return 1;
    }
    const bailiff::Status ended = (*daemon)->run();
    if (!ended) std::cerr << "bailiffd: " << ended.error().message() << "\n";
    return ended ? 0 : 1;
}
