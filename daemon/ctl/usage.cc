#include "ctl/usage.h"

#include <cstdio>

#include "ctl/context.h"
#include "journal/describe.h"

namespace bailiff::ctl {

std::string unknown_command(const CLI::App& app) {
    const CLI::App* group = &app;
    std::string path;
    while (!group->get_subcommands().empty()) {
        group = group->get_subcommands().front();
        path += group->get_name() + " ";
    }
    if (group->get_require_subcommand_min() == 0) return "";
    for (const std::string& word : app.remaining(true)) {
        if (!word.starts_with("-")) return path + word;
    }
    return "";
}

int usage(const CLI::App& app, const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem); // --help, --version
    const std::string unknown = unknown_command(app);
    const std::string what =
        unknown.empty() ? problem.what() : "unknown command \"" + journal::escape(unknown) + '"';
    std::fprintf(stderr, "bailiffctl: %s (see bailiffctl --help)\n", what.c_str());
    return app.get_subcommand("run")->parsed() ? kExitRunFailed : kExitUsage;
}

} // namespace bailiff::ctl
