#include "ctl/run.h"

#include <filesystem>
#include <memory>

#include "ctl/supervisor.h"
#include "journal/utf8.h"

namespace bailiff::ctl {
namespace {

// The option parser knows nothing of what stands behind "--".
class RunFormatter : public CLI::Formatter {
    std::string make_usage(const CLI::App*, std::string) const override {
        return "Usage: bailiffctl run [OPTIONS] -- COMMAND [ARGUMENTS]\n\n";
    }
};

Status prepare(RunOptions& options) {
    if (options.command.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "no command: bailiffctl run --token-file FILE -- COMMAND ARGUMENTS");
    }
    if (Status source = check_source(options.token); !source) return source;
    if (Status kept = keep_private(options.token); !kept) return kept;
    if (options.workspace.empty()) return {};
    std::error_code problem;
    const auto folder = std::filesystem::canonical(options.workspace, problem);
    if (!problem && !journal::is_utf8(folder.string())) {
        return fail(ErrorCode::kInvalidArgument,
                    "--workspace " + folder.string() + ": its name is not UTF-8; rename it");
    }
    if (!problem && std::filesystem::is_directory(folder, problem)) {
        options.workspace = folder.string();
        return {};
    }
    return fail(ErrorCode::kNotFound,
                "--workspace " + options.workspace + ": " +
                    (problem ? problem.message() : std::string("not a folder")));
}

} // namespace

void add_run(CLI::App& app, Context& context) {
    auto options = std::make_shared<RunOptions>();
    CLI::App* run = app.add_subcommand(
        "run", "Run a command in a session: bailiffctl run [OPTIONS] -- COMMAND ARGUMENTS");
    run->formatter(std::make_shared<RunFormatter>());
    add_token_options(*run, options->token);
    run->get_option("--token-command")
        ->description("Shell command that prints a token; run again to renew the session");
    run->add_option("--workspace", options->workspace, "Folder bound to ${workspace}");
    run->add_option("--task", options->task_note, "What this is for; recorded, never decisive");
    run->add_flag("--wait-tree", options->wait_tree,
                  "End the session with the last process, not with the command");
    run->add_option("--proof-command", options->proof_command,
                    "Shell command that reads the token and prints a proof for it");
    run->add_flag("--interactive", options->interactive,
                  "Ask at the terminal what waits for an approval, where the policy lets you");
    run->add_flag("-v,--verbose", options->verbose, "Say when the session opens and ends");
    run->callback([options, &context] {
        options->socket = context.socket;
        options->command = context.command;
        if (Status ready = prepare(*options); !ready) {
            return report(context, ready.error(), kExitRunFailed);
        }
        const Result<int> status = Supervisor(*options).run();
        if (!status) return report(context, status.error(), kExitRunFailed);
        context.exit_status = *status;
    });
}

} // namespace bailiff::ctl
