// `bailiffctl session open`: a session for processes that run already.
#include <memory>

#include "ctl/output.h"
#include "ctl/secret.h"
#include "ctl/session.h"

namespace bailiff::ctl {
namespace {

struct Options {
    std::uint32_t pid = 0;
    std::string cgroup;
    std::string workspace;
    std::string task_note;
    bool wait_tree = false;
    bool json = false;
    TokenSource token;
    std::string proof;
};

Status check(const Options& options) {
    if ((options.pid == 0) == options.cgroup.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "what is to be bound? give --pid PID or --cgroup PATH, one of them");
    if (!options.workspace.empty() && !options.workspace.starts_with("/"))
        return fail(ErrorCode::kInvalidArgument,
                    "--workspace " + options.workspace +
                        ": expected an absolute path, as the process that is bound sees it");
    return check_source(options.token);
}

Status open(const Options& options, Client& client) {
    if (Status ready = check(options); !ready) return ready;
    Result<std::string> token = read_token(options.token);
    if (!token) return tl::unexpected<Error>(token.error());
    v1::OpenSessionRequest request;
    request.set_token(*token);
    wipe(*token);
    request.set_proof(options.proof);
    request.set_workspace(options.workspace);
    request.set_task_note(options.task_note);
    request.set_wait_tree(options.wait_tree);
    request.set_pid(options.pid);
    request.set_cgroup(options.cgroup);
    v1::OpenSessionResponse response;
    const Status opened = client.call("OpenSession", request, response);
    wipe(*request.mutable_token());
    if (!opened) return opened;
    if (options.json) return print_json(response);
    print(session_text(response.session()));
    return {};
}

} // namespace

void add_session_open(CLI::App& sessions, Context& context) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        sessions.add_subcommand("open", "Open a session for processes that run already");
    command->add_option("--pid", options->pid, "Process that is bound, with all below it");
    command->add_option("--cgroup", options->cgroup,
                        "Control group that is bound, with all below it and what enters it later");
    command->add_option("--token-file", options->token.file, "File that holds the token");
    command->add_option("--token-fd", options->token.fd, "Descriptor to read the token from")
        ->check(why_not_token_fd);
    command->add_option("--token-command", options->token.command,
                        "Shell command that prints a token");
    command->add_option("--proof", options->proof, "Proof for the token (RFC 9449)");
    command->add_option("--workspace", options->workspace,
                        "Folder bound to ${workspace}, as the process sees it");
    command->add_option("--task", options->task_note, "What this is for; recorded, never decisive");
    command->add_flag("--wait-tree", options->wait_tree,
                      "With --pid: end with the last process below it, not with the first");
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([options, &context] {
        Client client(context.socket);
        if (Status done = open(*options, client); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
