// What every command of bailiffctl shares: where the daemon listens, what the process will exit
// with. Owned by main; one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace bailiff::ctl {

inline constexpr const char* kDefaultSocket = "/run/bailiff/control.sock";
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRunFailed = 125; // of `run`: bailiff failed, not the command

struct Context {
    std::string socket = kDefaultSocket;
    std::vector<std::string> command; // what stood behind "--"; never seen by the option parser
    int exit_status = 0;
};

// Prints "bailiffctl: SENTENCE" and sets the exit status. Line by line escaped: a message may hold
// what an agent wrote.
void report(Context& context, const Error& error, int exit_status = kExitError);

// The group `name` of subcommands, made where it is not there yet: commands of several files may
// share one.
inline CLI::App& group(CLI::App& app, const std::string& name, const std::string& description) {
    for (CLI::App* found : app.get_subcommands([](CLI::App*) { return true; })) {
        if (found->get_name() == name) return *found;
    }
    CLI::App* made = app.add_subcommand(name, description);
    made->require_subcommand(1);
    return *made;
}

} // namespace bailiff::ctl
