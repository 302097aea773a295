#include "ctl/break_glass.h"

#include <memory>

#include "bailiff/control.pb.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/secret.h"
#include "ctl/session.h"

namespace bailiff::ctl {
namespace {

struct Options {
    std::string id;
    std::string reason;
    TokenSource token;
    bool json = false;
};

Status break_glass(const Options& options, Client& client) {
    if (Status source = check_source(options.token); !source) return source;
    const Result<std::string> id = find_session(client, options.id);
    if (!id) return tl::unexpected<Error>(id.error());
    Result<std::string> token = read_token(options.token);
    if (!token) return tl::unexpected<Error>(token.error());
    v1::BreakGlassRequest request;
    request.set_session(*id);
    request.set_token(*token);
    request.set_reason(options.reason);
    wipe(*token);
    v1::BreakGlassResponse response;
    const Status called = client.call("BreakGlass", request, response);
    wipe(*request.mutable_token());
    if (!called) return called;
    if (options.json) return print_json(response);
    print("session " + response.session().id() + " is relaxed until " +
          response.session().relaxed_until() +
          "; what its rules deny is let through and recorded (bailiffctl events --session " +
          short_id(response.session().id()) + ")\n");
    return {};
}

} // namespace

void add_break_glass(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "break-glass", "For a while, let through and record what one session's rules deny");
    command->add_option("id", options->id, "Id of a session, or a unique part of it")->required();
    command->add_option("--reason", options->reason, "Why, for the journal")->required();
    add_token_options(*command, options->token);
    command->add_flag("--json", options->json, "Print JSON");
    command->callback([options, &context] {
        Client client(context.socket);
        if (Status done = break_glass(*options, client); !done) report(context, done.error());
    });
}

} // namespace bailiff::ctl
